/** What waits until the browser has nothing else to do begins by then all the same, in ms. */
const PATIENCE_MS = 2_000;

/** Resolves when what is seen first has been loaded and drawn; a first visit is held to what comes before. */
export function whenIdle() {
  const idle = window.requestIdleCallback ?? setTimeout;
  return new Promise((resolve) => idle(() => resolve(), { timeout: PATIENCE_MS }));
}
