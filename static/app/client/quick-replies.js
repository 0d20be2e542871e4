import { effect, signal } from "../../vendor/preact.js";

/** What stands for a name in a text. */
export const NAME = "{name}";

/** My quick replies, as the node has them; the last known ones where there is no node. */
export class QuickReplies {
  constructor({ api, storage, state }) {
    Object.assign(this, { api, storage });
    const kept = storage.get("quick");
    this.version = kept?.version ?? null;
    /** `[{id, text}]` in order; null until they are known. */
    this.list = signal(kept?.replies ?? null);
    /** The same without what the node has not agreed to yet. */
    this.confirmed = this.list.value;
    this.error = signal(null);
    // Another device has changed them.
    effect(() => {
      const told = state.value;
      if (told?.list === "quick_replies" && told.version !== this.version) this.refresh();
    });
  }

  /** Ask what is new; `error` says when there was no answer. */
  async refresh() {
    try {
      const known = this.version === null ? "" : `?version=${this.version}`;
      this.#take(await this.api.get(`/quick-replies${known}`));
    } catch (error) {
      this.error.value = error;
    }
  }

  /** At `place` from 0, or at the end. Rejects as all changes do. */
  async add(text, place = null) {
    this.#take(await this.api.post("/quick-replies", { text, ...(place !== null && { place }) }));
  }

  async change(id, text) {
    this.#take(await this.api.patch(`/quick-replies/${id}`, { text }));
  }

  async remove(id) {
    this.#take(await this.api.delete(`/quick-replies/${id}`));
  }

  /** Shown at once; as the node has it when it refuses, unless it was changed anew meanwhile. */
  async putInOrder(ids) {
    const byId = new Map(this.list.value.map((reply) => [reply.id, reply]));
    const wanted = ids.map((id) => byId.get(id)).filter(Boolean);
    this.list.value = wanted;
    try {
      this.#take(await this.api.put("/quick-replies/order", { ids }));
    } catch (error) {
      if (this.list.value === wanted) this.list.value = this.confirmed;
      throw error;
    }
  }

  #take({ version, replies }) {
    this.error.value = null;
    this.version = version;
    if (!replies) return;
    this.list.value = replies;
    this.confirmed = replies;
    this.storage.set("quick", { version, replies });
  }
}
