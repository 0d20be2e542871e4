// What can be done with a conversation of one's list; shown at once, before the node has answered.

/** Out of the list until something new comes, or back. */
export const hide = (client, conv, hidden) => set(client, "hide", conv, { hidden });

export const pin = (client, conv, pinned) => set(client, "pin", conv, { pinned });

export const mute = (client, conv, muted) => set(client, "mute", conv, { muted });

async function set({ conversations, connection }, op, conv, state) {
  conversations.update(conv, (summary) => ({ ...summary, ...state }));
  await connection.request({ op, conv, ...state });
}
