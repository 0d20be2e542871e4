/** A device that changes its network loses what it was loading just then, so that is fetched again. */
export const PAUSES_MS = [300, 1_500];

/** What `fetchIt()` resolves to. It is called again after each pause while `mayPass(error)`. */
export async function again(fetchIt, { mayPass = () => true, pauses = PAUSES_MS } = {}) {
  for (const pause of pauses) {
    try {
      return await fetchIt();
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return fetchIt();
}
