// The figures of nodes over time: how they are added up, and what became of a node.

/** A node writes its figures this often, in ms. */
export const BEAT_MS = 5_000;
/** Where a heartbeat is missing, the one before counts this long, in ms. */
const HELD_MS = 15_000;

/**
 * The sum over all nodes of one figure at each of the last `points` heartbeats, the oldest first:
 * nodes do not beat at the same moment, so each counts with what it said last.
 */
export function summed(nodes, name, points) {
  const newest = Math.max(0, ...nodes.flatMap((node) => node.series.map((point) => point.at)));
  const oldest = Math.min(...nodes.flatMap((node) => node.series.map((point) => point.at)));
  const sums = [];
  for (let step = points - 1; step >= 0; step -= 1) {
    const at = newest - step * BEAT_MS;
    if (at < oldest) continue;
    let sum = 0;
    for (const { series } of nodes) {
      const last = series.findLast((point) => point.at <= at);
      if (last && at - last.at < HELD_MS) sum += last.figures[name];
    }
    sums.push(sum);
  }
  return sums;
}

/**
 * What was known of nodes and what is told now. A node that is told no more has been stopped; it
 * stays in the list, as gone, as long as the page does.
 */
export function merged(before, told, now) {
  const names = new Set(told.map((node) => node.name));
  const gone = before.filter((node) => !names.has(node.name)).map((node) => (node.alive ? { ...node, alive: false, heartbeat_at: now } : node));
  return [...told, ...gone].sort((one, other) => (one.name < other.name ? -1 : 1));
}
