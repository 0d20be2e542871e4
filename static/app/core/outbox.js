import { RequestError } from "./socket.js";

/** Messages that may wait at once in one browser; a page that is offline for long says when full. */
export const MAX_WAITING = 500;
/** How long a node may answer "unavailable" before the message counts as failed, in ms. */
export const PATIENCE_MS = 30_000;
export const PAUSE_MS = 1_000;

/** States of an item. `stored` items leave once the log shows their number. */
export const WAITING = "waiting";
export const FAILED = "failed";
export const STORED = "stored";

/** Its file has not been uploaded yet. */
export const isUnsent = (item) => Boolean(item.blob) && !item.file.id;

/**
 * What was written and is not yet known to be stored.
 *
 * Every item has a key that never changes, is in `store` before it is sent, and goes out in order
 * within its conversation, each after the `ok` of the one before. `lock(name, work)` keeps two
 * tabs from sending the same; where the browser has no locks, the key still makes one message of
 * it. An item fails only when it is refused, or unanswered for 30 s on a living link.
 * One with a `blob` that is still to be uploaded is left to `upload()` and holds nobody back.
 *
 * `store`: async `all()`, `put(item)`, `remove(key)`. `request(frame)` resolves with the `ok`.
 * `changed(conv)` is called after every change; `stored(item)` once for each `ok`.
 */
export class Outbox {
  constructor({ store, lock, request, online, clock, changed, stored, upload }) {
    Object.assign(this, { store, lock, request, online, clock, changed, stored, upload });
    this.byKey = new Map();
    this.draining = new Map();
  }

  /** Take in what the store holds: at the start, and when another tab says that it changed. */
  async load() {
    const found = new Map((await this.store.all()).map((item) => [item.key, item]));
    const touched = new Set();
    for (const [key, item] of this.byKey) {
      if (found.has(key) || item.state === STORED) continue;
      this.byKey.delete(key);
      touched.add(item.conv);
    }
    for (const [key, item] of found) {
      const known = this.byKey.get(key);
      if (known?.state === STORED || (known?.state === item.state && isUnsent(known) === isUnsent(item))) continue;
      this.byKey.set(key, item);
      touched.add(item.conv);
    }
    for (const conv of touched) this.changed(conv);
  }

  /** Those of a conversation in the order in which they go out. */
  items(conv) {
    return [...this.byKey.values()]
      .filter((item) => item.conv === conv && !item.discarded)
      .sort(inOrder);
  }

  /** Those of all conversations. */
  get all() {
    return [...this.byKey.values()].filter(({ discarded }) => !discarded);
  }

  /** The failed ones outside of a conversation. */
  failedBeside(conv) {
    return this.all.filter((item) => item.state === FAILED && item.conv !== conv).sort(inOrder);
  }

  get waiting() {
    return this.#count(WAITING);
  }

  /** Whether closing the page would interrupt an upload. */
  get uploading() {
    return this.online() && [...this.byKey.values()].some((item) => item.state === WAITING && isUnsent(item));
  }

  get failed() {
    return this.#count(FAILED);
  }

  /** Keep a message and send it as soon as possible; resolves when it is kept. */
  async add(item) {
    if (this.waiting + this.failed >= MAX_WAITING) throw new RequestError("outbox_full");
    let created = this.clock.now();
    for (const other of this.byKey.values()) created = Math.max(created, other.created + 1);
    const kept = { ...item, created, state: WAITING };
    this.byKey.set(kept.key, kept);
    this.changed(kept.conv);
    try {
      await this.store.put(kept);
    } catch (error) {
      this.byKey.delete(kept.key);
      this.changed(kept.conv);
      throw error;
    }
    this.drain(kept.conv);
    return kept;
  }

  /** Send all that waits, every conversation by itself. */
  flush() {
    const conversations = new Set([...this.byKey.values()].map((item) => item.conv));
    return Promise.all([...conversations].map((conv) => this.drain(conv)));
  }

  async retry(key) {
    const item = this.byKey.get(key);
    if (item?.state !== FAILED) return;
    await this.#save({ ...item, state: WAITING, code: undefined, message: undefined });
    this.drain(item.conv);
  }

  /**
   * Give a failed message up. If it was refused it is simply forgotten; if nobody knows whether it
   * was stored, it is sent once more under its key and then recalled.
   */
  async discard(key) {
    const item = this.byKey.get(key);
    if (item?.state !== FAILED) return;
    if (item.unknown) {
      await this.#save({ ...item, state: WAITING, discarded: true });
      this.drain(item.conv);
    } else await this.#forget(item);
  }

  /** Change what waits, unless it is gone from the store: its file was uploaded, or refused. */
  async change(key, fields) {
    const item = (await this.store.all()).find((kept) => kept.key === key);
    if (!item) return;
    await this.#save({ ...item, ...fields });
    this.drain(item.conv);
  }

  /** Forget an item whose file is still to be uploaded: nothing of it has been sent. */
  async cancel(key) {
    const item = this.byKey.get(key);
    if (item && isUnsent(item)) await this.#forget(item);
  }

  /** The log now shows number `seq` of `conv`; the item that became it may go. */
  settle(conv, seq) {
    for (const [key, item] of this.byKey) {
      if (item.conv === conv && item.state === STORED && item.seq <= seq) this.byKey.delete(key);
    }
  }

  /** Another tab got the `ok` for one of ours. */
  storedElsewhere(key, seq, time) {
    const item = this.byKey.get(key);
    if (!item || item.state === STORED) return;
    this.byKey.set(key, { ...item, state: STORED, seq, time });
    this.changed(item.conv);
  }

  /** Send what waits in a conversation, in order. One run at a time; a call meanwhile adds a lap. */
  async drain(conv) {
    if ([...this.byKey.values()].some((item) => item.state === WAITING && isUnsent(item))) this.upload();
    if (this.draining.has(conv)) {
      this.draining.set(conv, true);
      return;
    }
    do {
      this.draining.set(conv, false);
      await this.lock(`outbox:${conv}`, () => this.#run(conv));
    } while (this.draining.get(conv) && this.online());
    this.draining.delete(conv);
  }

  async #run(conv) {
    const tried = new Set();
    while (this.online()) {
      const next = (await this.store.all())
        .filter((item) => item.conv === conv && item.state === WAITING && !isUnsent(item) && !tried.has(item.key))
        .sort(inOrder)[0];
      if (!next) return;
      if (!(await this.#deliver(next))) return;
      tried.add(next.key);
    }
  }

  /** False when the rest must wait for the link. */
  async #deliver(item) {
    const began = this.clock.now();
    for (;;) {
      try {
        await this.#done(item, await this.request(frameOf(item)));
        return true;
      } catch (error) {
        const code = error.code ?? "internal";
        if (code === "disconnected" || code === "busy") return false;
        const again = code === "unavailable" || code === "rate_limited";
        if (again && this.clock.now() - began < PATIENCE_MS) {
          await this.#pause(error.retryAfter ?? PAUSE_MS);
          if (!this.online()) return false;
          continue;
        }
        // It waited so long that the node has removed the file: once more from the start.
        if (code === "not_found" && error.field === "file" && item.blob && !item.again) {
          await this.change(item.key, { file: { ...item.file, id: undefined }, again: true });
          return true;
        }
        const unknown = code === "timeout" || code === "unavailable";
        if (item.discarded) {
          // Refused for good there is nothing to take back; else it is tried again with the next flush.
          if (!unknown) await this.#forget(item);
          return true;
        }
        await this.#save({ ...item, state: FAILED, code, message: error.message, unknown });
        return true;
      }
    }
  }

  async #done(item, { conv, seq, time }) {
    await this.store.remove(item.key);
    const done = { ...item, state: STORED, conv: conv ?? item.conv, seq, time };
    if (item.discarded) {
      this.byKey.delete(item.key);
      await this.request({ op: "recall", conv: done.conv, seq }).catch(() => {});
    } else {
      this.byKey.set(item.key, done);
      this.stored(done);
    }
    this.changed(item.conv);
  }

  async #save(item) {
    this.byKey.set(item.key, item);
    this.changed(item.conv);
    await this.store.put(item);
  }

  async #forget(item) {
    this.byKey.delete(item.key);
    this.changed(item.conv);
    await this.store.remove(item.key);
  }

  #pause(ms) {
    return new Promise((resolve) => this.clock.setTimeout(resolve, ms));
  }

  #count(state) {
    let count = 0;
    for (const item of this.byKey.values()) {
      if (item.state === state && !item.discarded) count += 1;
    }
    return count;
  }
}

function inOrder(one, other) {
  return one.created - other.created || (one.key < other.key ? -1 : 1);
}

function frameOf(item) {
  const frame = { op: "send", to: item.to, media: item.media, text: item.text, key: item.key };
  if (item.replyTo) frame.reply_to = item.replyTo;
  if (item.mentions?.length) frame.mentions = item.mentions;
  if (item.forwardedFrom) frame.forwarded_from = item.forwardedFrom;
  if (item.file) frame.file = item.file.id;
  if (item.extra) frame.extra = item.extra;
  return frame;
}
