/** At most one mark of a kind and conversation in this time, in ms. */
const EVERY_MS = 1_000;
/** Conversations of which it is kept how far they were read; the oldest give way. */
const MAX_KEPT = 200;

/**
 * Tells the node how far was received or read: one high-water mark for each conversation, never
 * backwards, at most once a second. `send(frame)` answers whether there was a link; what it could
 * not send is kept and sent with the next `flush()`; how far was read also in `storage`, for the next page.
 */
export class Marks {
  constructor({ send, clock, storage }) {
    this.sendFrame = send;
    this.clock = clock;
    this.storage = storage;
    this.marks = new Map();
    this.kept = storage.get("read") ?? [];
    for (const [conv, seq] of this.kept) this.#mark("read", conv).wanted = seq;
  }

  /** `op`: `delivered` or `read`. */
  raise(op, conv, seq) {
    const mark = this.#mark(op, conv);
    if (seq <= mark.wanted) return;
    mark.wanted = seq;
    this.#push(mark);
  }

  /** The node knows of `seq` already, by itself or from another device. Answers how far it is or will be told. */
  known(op, conv, seq) {
    const mark = this.#mark(op, conv);
    mark.sent = Math.max(mark.sent, seq);
    mark.wanted = Math.max(mark.wanted, seq);
    return mark.wanted;
  }

  /** The numbers mean other entries now. */
  forget() {
    this.marks.clear();
    this.#keep();
  }

  flush() {
    for (const mark of this.marks.values()) this.#push(mark);
  }

  #mark(op, conv) {
    const key = `${op} ${conv}`;
    const mark = this.marks.get(key) ?? { op, conv, wanted: 0, sent: 0, at: -Infinity, timer: null };
    this.marks.set(key, mark);
    return mark;
  }

  #push(mark) {
    if (mark.timer !== null || mark.wanted <= mark.sent) return;
    const wait = mark.at + EVERY_MS - this.clock.now();
    if (wait > 0) {
      mark.timer = this.clock.setTimeout(() => {
        mark.timer = null;
        this.#push(mark);
      }, wait);
      return;
    }
    if (this.sendFrame({ op: mark.op, conv: mark.conv, seq: mark.wanted })) {
      mark.sent = mark.wanted;
      mark.at = this.clock.now();
    }
    if (mark.wanted > mark.sent || this.kept.length) this.#keep();
  }

  #keep() {
    const waiting = [...this.marks.values()].filter(({ op, wanted, sent }) => op === "read" && wanted > sent);
    this.kept = waiting.slice(-MAX_KEPT).map(({ conv, wanted }) => [conv, wanted]);
    this.storage.set("read", this.kept);
  }
}
