/**
 * Entries in the document at most, how many it opens with (more than fit on a screen), how many
 * before the one that it is led to, and by how many it grows: few, so that one frame waits for them
 * at most.
 */
export const MAX_SHOWN = 200;
export const OPENED = 50;
const BEFORE = 20;
const STEP = 8;

/**
 * The part of a log that is in the document: from number `first` to number `last`; `last` null
 * means that it follows the end. It answers indices into the entries, and never more than
 * MAX_SHOWN of them: what grows at one side shrinks at the other.
 */
export class LogWindow {
  constructor() {
    this.first = null;
    this.last = null;
  }

  get following() {
    return this.last === null;
  }

  /** `[start, end)`. `stuck`: the reader is at the end, so the far side may go. */
  slice(entries, { stuck }) {
    let end = this.following ? entries.length : indexAfter(entries, this.last);
    let start = this.first === null ? Math.max(0, end - OPENED) : indexOf(entries, this.first);
    if (end - start > MAX_SHOWN) {
      if (stuck && this.following) start = end - OPENED;
      else {
        end = start + MAX_SHOWN;
        this.last = entries[end - 1].seq;
      }
    }
    this.first = entries[start]?.seq ?? null;
    return [start, end];
  }

  /** Show older ones; false when there are none among `entries`. */
  up(entries) {
    const [start, end] = this.slice(entries, { stuck: false });
    if (start === 0) return false;
    const from = Math.max(0, start - STEP);
    this.first = entries[from].seq;
    if (end - from > MAX_SHOWN) this.last = entries[from + MAX_SHOWN - 1].seq;
    return true;
  }

  /** Show newer ones; false when there are none. `atEnd`: the log's end is among `entries`. */
  down(entries, { atEnd }) {
    if (this.following) return false;
    const [start, end] = this.slice(entries, { stuck: false });
    const to = Math.min(entries.length, end + STEP);
    const grown = to > end;
    if (to === entries.length && atEnd) this.last = null;
    else if (entries.length) this.last = entries[to - 1].seq;
    if (to - start > MAX_SHOWN) this.first = entries[to - MAX_SHOWN].seq;
    return grown || this.following;
  }

  /** Follow the end. */
  toEnd() {
    this.first = null;
    this.last = null;
  }

  /** Show what is around `seq`. */
  around(entries, seq, { atEnd }) {
    const index = indexOf(entries, seq);
    const end = Math.min(entries.length, index + OPENED);
    this.first = entries[Math.max(0, index - BEFORE)]?.seq ?? null;
    this.last = end === entries.length && atEnd ? null : (entries[end - 1]?.seq ?? null);
  }
}

function indexOf(entries, seq) {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle].seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function indexAfter(entries, seq) {
  return indexOf(entries, seq + 1);
}
