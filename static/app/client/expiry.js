const DAY_MS = 86_400_000;
/** While the page is open it looks this often, in ms. */
const PAUSE_MS = 600_000;

/** Lets go of the content of messages that are older than they are kept, as the node does. */
export class Expiry {
  constructor(client) {
    this.client = client;
    this.timer = null;
  }

  /** Look now, and from then on now and then; resolves when what is kept is written. */
  async run() {
    const { clock, keptDays, history, conversations, kept } = this.client;
    clock.clearTimeout(this.timer);
    if (!keptDays.value) return;
    this.timer = clock.setTimeout(() => this.run(), PAUSE_MS);
    const before = this.client.now() - keptDays.value * DAY_MS;
    const writing = [];
    for (const [conv, held] of history.logs) {
      const { log } = held;
      const entries = log.entries.map((entry) => without(entry, before));
      if (entries.every((entry, index) => entry === log.entries[index])) continue;
      log.entries = entries;
      held.version.value += 1;
      if (kept.names.has(conv)) writing.push(kept.replace(conv));
    }
    for (const { conv } of conversations.map.value.values()) {
      conversations.update(conv, (summary) => withoutLast(summary, before));
    }
    if (kept.list) kept.list = { ...kept.list, conversations: kept.list.conversations.map((one) => withoutLast(one, before)) };
    await Promise.all(writing).catch(() => {});
  }
}

function withoutLast(summary, before) {
  const last = without(summary.last, before);
  return last === summary.last ? summary : { ...summary, last };
}

/** The entry as the node shows it then; the same one when its time is not over. */
function without(entry, before) {
  if (entry?.op !== "message" || entry.time >= before || entry.recalled || entry.expired) return entry;
  const { op, conv, seq, ordinal, from, time } = entry;
  return { op, conv, seq, ordinal, from, time, text: "", mentions: [], expired: true };
}
