// What can be done with a conversation of one's list; shown at once, before the node has answered,
// and taken back when it refuses.

/** Out of the list until something new comes, or back. */
export const hide = (client, conv, hidden) => set(client, "hide", conv, { hidden });

export const pin = (client, conv, pinned) => set(client, "pin", conv, { pinned });

export const mute = (client, conv, muted) => set(client, "mute", conv, { muted });

async function set({ conversations, connection }, op, conv, state) {
  const [[field, wanted]] = Object.entries(state);
  const before = conversations.get(conv)?.[field];
  conversations.update(conv, (summary) => ({ ...summary, ...state }));
  try {
    await connection.request({ op, conv, ...state });
  } catch (error) {
    // Unless it was changed anew meanwhile.
    conversations.update(conv, (summary) => (summary[field] === wanted ? { ...summary, [field]: before } : summary));
    throw error;
  }
}
