/** Messages that can be chosen at once. */
export const MAX_SELECTED = 100;

/** Messages of one conversation that are chosen, in the order of the log. Replaced, never changed in place. */
export class Selection {
  /** `last`: number of the one that was chosen or left last; a range begins there. */
  constructor(entries = [], last = null) {
    this.entries = [...entries].sort((one, other) => one.seq - other.seq);
    this.numbers = new Set(entries.map(({ seq }) => seq));
    this.last = last;
  }

  get size() {
    return this.entries.length;
  }

  get full() {
    return this.size >= MAX_SELECTED;
  }

  has(seq) {
    return this.numbers.has(seq);
  }

  /** With an entry, or without it if it was chosen; when full no other is added. */
  toggled(entry) {
    if (this.has(entry.seq)) return new Selection(this.without([entry.seq]), entry.seq);
    return this.full ? this : new Selection([...this.entries, entry], entry.seq);
  }

  /** With all of `log` from the last one to `entry`, those nearest to the last one first, as far as there is room. */
  extended(entry, log) {
    const from = this.last ?? entry.seq;
    const [low, high] = [Math.min(from, entry.seq), Math.max(from, entry.seq)];
    const added = log.filter((one) => one.seq >= low && one.seq <= high && isSelectable(one) && !this.has(one.seq));
    if (entry.seq < from) added.reverse();
    return new Selection([...this.entries, ...added.slice(0, MAX_SELECTED - this.size)], entry.seq);
  }

  without(numbers) {
    return this.entries.filter(({ seq }) => !numbers.includes(seq));
  }
}

/** Whether there is still something to forward or to delete. */
export const isSelectable = ({ op, recalled, expired }) => op === "message" && !recalled && !expired;
