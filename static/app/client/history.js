import { signal } from "../../vendor/preact.js";
import { complete } from "../core/entries.js";
import { Log } from "../core/log.js";

export const PAGE = 50;
/** A stretch this far behind is not caught up page by page; the newest page takes its place. */
const MAX_CATCH_UP = 500;

/** The logs this page holds, and the fetching of their pages. */
export class History {
  constructor({ request, people, onPage, onLost, onChange }) {
    Object.assign(this, { request, people, onPage, onLost, onChange });
    this.logs = new Map();
    this.busy = new Map();
  }

  /**
   * The log of a conversation, with a `version` signal that rises at every change. `confirmed`: what is
   * held was told to this page by the node, or is known to be what the node has.
   */
  log(conv) {
    let held = this.logs.get(conv);
    if (!held) {
      held = { log: new Log(conv, this.people.me.id), version: signal(0), error: signal(null), confirmed: signal(true) };
      this.logs.set(conv, held);
    }
    return held;
  }

  touched(conv) {
    this.log(conv).version.value += 1;
    this.onChange(conv);
  }

  /** Take up a log that an earlier page kept, unless this one has it already. */
  restore(record) {
    const held = this.log(record.conv);
    if (held.log.loaded) return;
    held.log.restore(record);
    held.confirmed.value = false;
    held.restored = true;
    held.version.value += 1;
  }

  /** Have something to show: the newest page, or the one around `seq`. */
  async load(conv, { around = null } = {}) {
    return this.#once(`load ${conv}`, conv, async ({ log, confirmed }) => {
      const place = around === null ? {} : { around };
      const page = await this.#page(conv, place).catch((error) => {
        if (error.code === "not_found") return { entries: [], more: false };
        throw error;
      });
      if (around !== null) log.around(page);
      else log.newest(page);
      // Nothing is held that an earlier page kept before it.
      if (log.from === page.first) confirmed.value = true;
      if (around === null && !log.atEnd) await this.#catchUp(conv, log);
    });
  }

  older(conv) {
    return this.#once(`older ${conv}`, conv, async ({ log }) => {
      if (log.start || !log.loaded) return;
      const before = log.from;
      log.older(before, await this.#page(conv, { before }));
    });
  }

  newer(conv) {
    return this.#once(`newer ${conv}`, conv, async ({ log }) => {
      if (log.loaded && !log.atEnd) await this.#next(conv, log);
    });
  }

  /** After an absence, or when a hole was seen: everything up to the newest. */
  catchUp(conv) {
    return this.#once(`catch ${conv}`, conv, ({ log }) => this.#catchUp(conv, log));
  }

  /** The log changed on the node in a way that no entry tells (deleted for me elsewhere). */
  async refresh(conv) {
    // What is on its way now may be from before the change.
    await this.busy.get(`load ${conv}`);
    const { log } = this.log(conv);
    if (log.loaded && log.atEnd) await this.load(conv);
  }

  async #catchUp(conv, log) {
    while (log.loaded && !log.atEnd) {
      const reached = log.to;
      if (log.head - reached > MAX_CATCH_UP) {
        // Who reads further back stays there; what follows is fetched as they come to it.
        if (log.readAt !== null) return;
        log.newest(await this.#page(conv, {}));
      } else await this.#next(conv, log);
      if (log.to <= reached) return;
    }
  }

  /** Join the page after the stretch. */
  async #next(conv, log) {
    const after = log.to;
    log.newer(after, await this.#page(conv, { after }));
  }

  async #page(conv, place) {
    const page = await this.request({ op: "sync", conv, limit: PAGE, ...place });
    this.people.learn(page.users);
    const { entries = [], more = false, first, last } = page;
    return { entries: entries.map(complete), more, first, last };
  }

  #once(key, conv, work) {
    const running = this.busy.get(key);
    if (running) return running;
    const held = this.log(conv);
    const promise = Promise.resolve(work(held))
      .then(() => {
        held.error.value = null;
        if (held.log.atEnd) held.confirmed.value = true;
        this.onPage(conv, held.log);
      })
      .catch((error) => {
        held.error.value = error;
        if (error.code === "disconnected") this.onLost(conv);
      })
      .finally(() => {
        this.busy.delete(key);
        this.touched(conv);
      });
    this.busy.set(key, promise);
    return promise;
  }
}
