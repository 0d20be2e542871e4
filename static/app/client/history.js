import { signal } from "../../vendor/preact.js";
import { Log } from "../core/log.js";

export const PAGE = 50;
/** A stretch this far behind is not caught up page by page; the newest page takes its place. */
const MAX_CATCH_UP = 500;

/** The logs this page holds, and the fetching of their pages. */
export class History {
  constructor({ request, people, onPage }) {
    Object.assign(this, { request, people, onPage });
    this.logs = new Map();
    this.busy = new Map();
  }

  /** The log of a conversation, with a `version` signal that rises at every change. */
  log(conv) {
    let held = this.logs.get(conv);
    if (!held) {
      held = { log: new Log(conv), version: signal(0), error: signal(null) };
      this.logs.set(conv, held);
    }
    return held;
  }

  touched(conv) {
    this.log(conv).version.value += 1;
  }

  /** Have something to show: the newest page, or the one around `seq`. */
  async load(conv, { around = null } = {}) {
    return this.#once(`load ${conv}`, conv, async ({ log }) => {
      const headThen = log.head;
      const frame = { op: "sync", conv, limit: PAGE };
      if (around !== null) frame.around = around;
      const page = await this.request(frame).catch((error) => {
        if (error.code === "not_found") return { entries: [], more: false };
        throw error;
      });
      this.#learn(page);
      const entries = page.entries ?? [];
      if (around !== null) log.around(entries);
      else log.newest(entries, page.more ?? false, headThen);
      if (around === null && !log.atEnd) await this.#catchUp(conv, log);
    });
  }

  older(conv) {
    return this.#once(`older ${conv}`, conv, async ({ log }) => {
      if (log.start || !log.loaded) return;
      const before = log.from;
      const page = await this.request({ op: "sync", conv, before, limit: PAGE });
      this.#learn(page);
      log.older(before, page.entries ?? [], page.more ?? false);
    });
  }

  newer(conv) {
    return this.#once(`newer ${conv}`, conv, async ({ log }) => {
      if (log.loaded && !log.atEnd) await this.#page(conv, log);
    });
  }

  /** After an absence, or when a hole was seen: everything up to the newest. */
  catchUp(conv) {
    return this.#once(`catch ${conv}`, conv, ({ log }) => this.#catchUp(conv, log));
  }

  /** The log changed on the node in a way that no entry tells (deleted for me elsewhere). */
  async refresh(conv) {
    const { log } = this.log(conv);
    if (log.loaded && log.atEnd) await this.load(conv);
  }

  async #catchUp(conv, log) {
    while (log.loaded && !log.atEnd) {
      if (log.head - log.to > MAX_CATCH_UP) {
        const headThen = log.head;
        const page = await this.request({ op: "sync", conv, limit: PAGE });
        this.#learn(page);
        log.newest(page.entries ?? [], page.more ?? false, headThen);
      } else if (!(await this.#page(conv, log))) return;
    }
  }

  async #page(conv, log) {
    const after = log.to;
    const headThen = log.head;
    const page = await this.request({ op: "sync", conv, after, limit: PAGE });
    this.#learn(page);
    return log.newer(after, page.entries ?? [], page.more ?? false, headThen);
  }

  #learn(page) {
    this.people.learn(page.users);
  }

  #once(key, conv, work) {
    const running = this.busy.get(key);
    if (running) return running;
    const held = this.log(conv);
    const promise = Promise.resolve(work(held))
      .then(() => {
        held.error.value = null;
        this.onPage(conv, held.log);
      })
      .catch((error) => {
        held.error.value = error;
      })
      .finally(() => {
        this.busy.delete(key);
        held.version.value += 1;
      });
    this.busy.set(key, promise);
    return promise;
  }
}
