/** A sound at most this often, and none this long after a key of one's own, in ms. */
export const SOUND_EVERY_MS = 2_000;

/** What a person chose for this browser, with what was not chosen. */
export function preferences(kept) {
  return { on: true, text: true, sound: true, ...kept };
}

/**
 * Whether one is told of an entry at all: others' messages, not yet read on any device. In a muted
 * conversation only what names one: who mutes a talk wants less noise, not to be called in vain.
 */
export function isTold(entry, summary, me) {
  if (entry?.op !== "message" || entry.from === me || entry.recalled) return false;
  if (summary && entry.seq <= summary.read_seq) return false;
  return !summary?.muted || Boolean(entry.mentions?.includes(me));
}

/**
 * What one tab speaks for: `attention` is looking (visible and focused), aside (visible) or hidden;
 * `open`: the conversation is on its screen. Who looks at any conversation sees the list and needs no
 * notification; a sound for the others only.
 */
export function bidOf(attention, open) {
  if (attention === "hidden") return { show: true, sound: true };
  if (attention === "aside") return { show: !open, sound: true };
  return { show: false, sound: !open };
}
