/** Shortest and longest reach of a retry, in milliseconds. */
const BASE_MS = 500;
export const CAP_MS = 30_000;

/**
 * How long to wait before the next try, in milliseconds: "full jitter", anywhere between nothing
 * and a bound that doubles with each failed try, so that many pages do not come back at once.
 */
export function retryDelay(attempt, random = Math.random) {
  return Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 16)));
}

/** The longest wish of a node that is followed, in milliseconds. */
const LONGEST_MS = 60_000;

/** How long to wait when a node has named a time: that long, and up to a half more. */
export function wishedDelay(wish, random = Math.random) {
  return Math.round(Math.min(wish, LONGEST_MS) * (1 + random() / 2));
}
