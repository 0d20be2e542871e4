/**
 * The sentences of the page's language: `{messages, rest}`. `messages` by key are those of the first view;
 * `rest()` resolves when the others are among them, and rejects when they cannot be had.
 *
 * The page names the first ones as a script of its own: where that does not come, the page loads again.
 */
export async function openSentences({ first, later }) {
  const messages = {};
  const learn = async (addresses) => {
    const parts = await Promise.all(addresses.map((address) => import(address)));
    Object.assign(messages, ...parts.map((part) => part.default));
  };
  await learn([first]);
  let learning = null;
  const rest = () => {
    learning ??= learn(later).catch((error) => {
      learning = null;
      throw error;
    });
    return learning;
  };
  return { messages, rest };
}
