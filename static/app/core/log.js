/** Live entries held while a hole before them is being filled. */
const MAX_AHEAD = 500;
/** Entries held while one reads them; of what nobody reads, those that the page has at hand. */
export const MAX_HELD = 1_000;
export const MAX_AT_HAND = 200;

/**
 * The part of one conversation's log that this page holds: one stretch without holes.
 *
 * `from` and `to` are the first and last number the stretch covers, `head` the highest number
 * known to exist, `start` whether nothing before `from` is for `me` to see. `entries` are what can
 * be shown, ascending: messages, and events other than recalls and edits, which change their target
 * instead. An entry is replaced, never changed in place, so what looks at one may compare by identity.
 *
 * At most MAX_HELD of them are held: what lies further from `readAt`, the number one reads at (null: the
 * end), goes first and is asked for again when one comes near it.
 */
export class Log {
  constructor(conv, me) {
    this.conv = conv;
    this.me = me;
    this.entries = [];
    this.from = null;
    this.to = null;
    this.head = 0;
    this.start = false;
    this.ahead = new Map();
    this.hidden = new Set();
    this.reading = false;
    this.readAt = null;
  }

  get loaded() {
    return this.from !== null;
  }

  /** Whether the stretch reaches the newest entry. */
  get atEnd() {
    return this.loaded && this.to >= this.head;
  }

  /** Whether everything from `seq` to the end of the stretch is held. */
  holds(seq) {
    return this.loaded && (this.start || this.from <= seq);
  }

  /** Take up what an earlier page held. */
  restore({ entries, from, to, start }) {
    this.#reset(from, to, entries);
    this.start = start;
    this.head = Math.max(this.head, to);
    this.#absorb();
  }

  get(seq) {
    const index = this.indexOf(seq);
    return this.entries[index]?.seq === seq ? this.entries[index] : null;
  }

  /** Index of the first entry whose number is `seq` or more. */
  indexOf(seq) {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle].seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * An entry came over the socket. Answers `added`, `known` (had it), `unloaded` (nothing is held
   * yet), `away` (the stretch lies further back) or `gap` (ask for what is after `to`).
   */
  live(entry) {
    const wasAtEnd = this.atEnd || !this.loaded;
    this.head = Math.max(this.head, entry.seq);
    if (!this.loaded) return "unloaded";
    if (entry.seq <= this.to) return "known";
    if (entry.seq === this.to + 1) {
      this.#take(entry);
      this.to = entry.seq;
      this.#absorb();
      return "added";
    }
    if (!wasAtEnd && this.ahead.size === 0) {
      if (changesTarget(entry)) this.#change(entry);
      return "away";
    }
    if (this.ahead.size < MAX_AHEAD) this.ahead.set(entry.seq, entry);
    return "gap";
  }

  /**
   * The newest page: `{entries, first, last, more}` as the node gives it; `first` and `last` are the
   * numbers it covers, `more` says that there is older. Joins what is held when the two touch.
   */
  newest({ entries, first = 1, last = 0, more }) {
    this.head = Math.max(this.head, last);
    if (this.loaded && first <= this.to + 1 && first >= this.from) this.#cover(first, last, entries);
    else this.#reset(first, last, entries);
    if (!more || ended(entries)) this.start = true;
    this.#absorb();
  }

  /** The page that follows `after`. Ignored when the stretch has moved away meanwhile. */
  newer(after, { entries, last = after, more }) {
    if (!this.loaded || after < this.from - 1 || after > this.to) return false;
    for (const entry of entries) if (entry.seq > this.to) this.#take(entry);
    this.to = Math.max(this.to, last);
    this.head = more ? Math.max(this.head, this.to + 1) : Math.max(this.head, this.to);
    this.#absorb();
    return true;
  }

  /** The page that goes before `before`. */
  older(before, { entries, first, more }) {
    if (!this.loaded || before !== this.from) return false;
    const events = entries.filter(changesTarget);
    this.entries = [...entries.filter((entry) => this.#shown(entry)), ...this.entries];
    for (const event of events) this.#change(event);
    this.from = first ?? before;
    if (!more || ended(entries)) this.start = true;
    this.#limit();
    return true;
  }

  /** A page around some number; it takes the place of all that is held. */
  around({ entries, first, last }) {
    if (first === undefined) return;
    this.start = first === 1;
    this.#reset(first, last, entries);
    this.head = Math.max(this.head, last);
    this.#absorb();
  }

  /** Nobody reads it any more. */
  leave() {
    const atEnd = this.readAt === null;
    this.reading = false;
    this.readAt = null;
    if (!this.atEnd) this.forget();
    else if (atEnd) this.#dropOldest(MAX_AT_HAND);
  }

  /** Hold nothing; it is fetched anew when it is opened. */
  forget() {
    this.#reset(null, null, []);
    this.start = false;
    this.ahead.clear();
  }

  hide(seq) {
    this.hidden.add(seq);
    this.entries = this.entries.filter((entry) => entry.seq !== seq);
  }

  unhide(entry) {
    this.hidden.delete(entry.seq);
    if (!this.loaded || entry.seq < this.from || entry.seq > this.to) return;
    if (!this.get(entry.seq)) this.#insert(entry);
  }

  #reset(from, to, entries) {
    this.entries = [];
    this.from = from;
    this.to = to;
    if (from > 1) this.start = false;
    for (const entry of entries) this.#take(entry);
    for (const seq of this.ahead.keys()) if (seq <= to) this.ahead.delete(seq);
  }

  /** What the page says holds for its stretch: entries that it lacks are gone. */
  #cover(first, last, entries) {
    const given = new Set(entries.map((entry) => entry.seq));
    this.entries = this.entries.filter(
      (entry) => entry.seq < first || entry.seq > last || given.has(entry.seq),
    );
    for (const entry of entries) this.#take(entry);
    this.to = Math.max(this.to, last);
  }

  #absorb() {
    for (const [seq, entry] of [...this.ahead].sort((one, other) => one[0] - other[0])) {
      if (seq > this.to + 1) break;
      this.ahead.delete(seq);
      if (seq <= this.to) continue;
      this.#take(entry);
      this.to = seq;
    }
    this.#limit();
  }

  #limit() {
    const { length } = this.entries;
    if (length <= MAX_HELD) return;
    // What goes first would be the place where one begins to read.
    if (!this.reading) {
      this.forget();
      return;
    }
    const place = this.readAt === null ? length : this.indexOf(this.readAt);
    if (place > length / 2) this.#dropOldest(MAX_HELD);
    else this.#dropNewest(MAX_HELD);
  }

  #dropOldest(left) {
    if (this.entries.length <= left) return;
    this.entries = this.entries.slice(-left);
    this.from = this.entries[0].seq;
    this.start = false;
  }

  #dropNewest(left) {
    this.entries = this.entries.slice(0, left);
    this.to = this.entries[left - 1].seq;
    this.ahead.clear();
  }


  #take(entry) {
    // Who comes back may see more of the past than before.
    if (entry.kind === "joined" && entry.users.includes(this.me)) this.start = false;
    if (changesTarget(entry)) this.#change(entry);
    else if (this.#shown(entry)) this.#insert(entry);
  }

  #shown(entry) {
    return !changesTarget(entry) && !this.hidden.has(entry.seq);
  }

  #insert(entry) {
    const index = this.indexOf(entry.seq);
    const known = this.entries[index]?.seq === entry.seq;
    this.entries = this.entries.toSpliced
      ? this.entries.toSpliced(index, known ? 1 : 0, entry)
      : [...this.entries.slice(0, index), entry, ...this.entries.slice(known ? index + 1 : index)];
  }

  #change(event) {
    const index = this.indexOf(event.target);
    const target = this.entries[index];
    if (target?.seq !== event.target || target.recalled || target.expired) return;
    let changed;
    if (event.kind === "recall") changed = recalled(target);
    else if (event.time > (target.edited ?? 0)) {
      changed = { ...target, text: event.text ?? "", edited: event.time };
    } else return;
    this.entries = this.entries.slice();
    this.entries[index] = changed;
  }
}

/** Whether an entry shows nothing itself but changes another one. */
export function changesTarget(entry) {
  return entry.op === "event" && (entry.kind === "recall" || entry.kind === "edit");
}

/** Whether nothing is left before a page: what expired is older than all that has not. */
const ended = (entries) => entries.some((entry) => entry.expired);

function recalled({ op, conv, seq, ordinal, from, time }) {
  return { op, conv, seq, ordinal, from, time, recalled: true };
}
