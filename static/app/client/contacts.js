import { computed, signal } from "../../vendor/preact.js";

/** People I know, and who wants to know me. */
export class Contacts {
  constructor({ api, people }) {
    Object.assign(this, { api, people });
    this.list = signal([]);
    this.state = signal("loading");
    this.error = signal(null);
    this.leaving = signal(new Set());
    this.accepted = computed(() => this.#in("accepted"));
    this.incoming = computed(() => this.#in("incoming"));
    this.outgoing = computed(() => this.#in("outgoing"));
  }

  get(id) {
    return this.list.value.find((contact) => contact.user.id === id) ?? null;
  }

  /** The list as an earlier page kept it, until the node tells it. */
  show(kept) {
    if (this.state.value !== "ready") this.#take(kept);
  }

  async refresh() {
    try {
      const { contacts } = await this.api.get("/contacts");
      this.#take(contacts);
      this.error.value = null;
    } catch (error) {
      this.error.value = error;
      if (this.state.value === "loading") this.state.value = "error";
    }
  }

  /** Keep a request out of sight while it can still be undone. */
  setLeaving(id, leaving) {
    const next = new Set(this.leaving.value);
    if (leaving) next.add(id);
    else next.delete(id);
    this.leaving.value = next;
  }

  #take(contacts) {
    this.people.learn(contacts.map((contact) => contact.user));
    this.people.remarks.value = new Map(
      contacts.filter((contact) => contact.remark).map(({ user, remark }) => [user.id, remark]),
    );
    this.list.value = contacts;
    this.state.value = "ready";
  }

  #in(state) {
    return this.list.value
      .filter((contact) => contact.state === state && !this.leaving.value.has(contact.user.id))
      .map((contact) => ({ ...contact, user: this.people.get(contact.user.id) }));
  }
}
