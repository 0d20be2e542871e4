/**
 * What the tabs of one account tell each other, and how they take turns.
 *
 * `say(message)` reaches the other tabs' `onMessage`. `lock(name, work)` runs `work` while no other
 * tab holds the name. Browsers give locks only to secure addresses; without them `work` runs at
 * once, which is safe for the outbox, because a message's key makes one message of two attempts.
 */
export function createTabs(userId, { onMessage, locks = globalThis.navigator?.locks }) {
  const channel = globalThis.BroadcastChannel ? new BroadcastChannel(`im-${userId}`) : null;
  if (channel) channel.onmessage = (event) => onMessage(event.data);
  return {
    say: (message) => channel?.postMessage(message),
    lock: (name, work) => (locks ? locks.request(`im-${userId}:${name}`, work) : work()),
    close: () => channel?.close(),
  };
}
