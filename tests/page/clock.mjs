/** A clock that stands still until a test moves it. */
export function createClock(start = 1_000_000) {
  let now = start;
  let next = 1;
  const timers = new Map();
  return {
    now: () => now,
    setTimeout(work, ms) {
      timers.set(next, { at: now + ms, work });
      return next++;
    },
    clearTimeout: (timer) => void timers.delete(timer),
    /** Let time pass; timers run in their order, and what they awaited runs too. */
    async pass(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        const due = [...timers].filter(([, timer]) => timer.at <= end);
        if (!due.length) break;
        const [id, timer] = due.sort((one, other) => one[1].at - other[1].at || one[0] - other[0])[0];
        timers.delete(id);
        now = Math.max(now, timer.at);
        timer.work();
      }
      now = end;
      await settle();
    },
  };
}

/** Let everything that waits for promises run. */
export async function settle() {
  for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
}
