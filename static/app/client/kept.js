import { effect } from "../../vendor/preact.js";

/** Conversations that are kept, and the newest entries of each; people, contacts and groups kept. */
const KEPT_CONVERSATIONS = 50;
const KEPT_ENTRIES = 50;
const KEPT_OTHERS = 500;
/** Changes are written down together this long after the first, in ms. */
const SAVE_MS = 1_000;

/**
 * What this browser keeps of conversations, so that the page opens without its server and known
 * ones at once. `lists` and `logs` are tables of the database.
 *
 * A kept log may hold what was recalled meanwhile. So it is shown only when the node has said what
 * happened since, or when there is no node to ask; and at the first contact what is behind is marked
 * as such in the table before anything else, so that it is never shown again as it is.
 */
export class Kept {
  constructor({ lists, logs, client }) {
    Object.assign(this, { lists, logs, client });
    this.list = null;
    this.names = new Set();
    this.changed = new Set();
    this.listChanged = false;
    this.timer = null;
  }

  async load() {
    const [[list], logs] = await Promise.all([this.lists.all(), this.logs.all()]).catch(() => [[], []]);
    const { history, people } = this.client;
    people.learn(list?.users);
    this.list = list ?? null;
    this.client.cluster ??= list?.cluster;
    for (const record of logs) {
      this.names.add(record.conv);
      if (!record.behind) history.restore(record);
    }
    this.#follow();
  }

  /** There is no contact: show the lists as they were. */
  show() {
    const { conversations, contacts, groups } = this.client;
    if (!this.list) return;
    conversations.show(this.list.conversations);
    contacts.show(this.list.contacts);
    groups.show(this.list.groups);
  }

  /**
   * The node has told the list: what is whole may be shown, what is behind is marked. Resolves when
   * that is written; answers the conversations that are behind. What lacks the first unread message,
   * where it opens, is let go.
   */
  async contact() {
    const { conversations, history } = this.client;
    const found = conversations.ordered.value.slice(0, KEPT_CONVERSATIONS);
    const now = new Map(found.map((summary) => [summary.conv, summary]));
    const behind = [];
    const writing = [];
    for (const conv of this.names) {
      const held = history.log(conv);
      const summary = now.get(conv);
      if (!summary) {
        this.names.delete(conv);
        writing.push(this.logs.remove(conv));
        continue;
      }
      if (held.restored && summary.unread && !held.log.holds(summary.read_seq + 1)) held.log.forget();
      if (held.log.loaded && held.log.to >= summary.last_seq) held.confirmed.value = true;
      else {
        if (held.log.loaded) behind.push(conv);
        writing.push(this.logs.put({ conv, behind: true }));
      }
    }
    await Promise.all(writing).catch(() => {});
    return behind;
  }

  /** The log of a conversation changed. */
  note(conv) {
    this.changed.add(conv);
    this.#later();
  }

  /** Write down at once: the page may be about to go. */
  flush() {
    this.client.clock.clearTimeout(this.timer);
    this.timer = null;
    const { conversations } = this.client;
    if (conversations.state.value !== "ready") return;
    const kept = conversations.ordered.value.slice(0, KEPT_CONVERSATIONS);
    const names = new Set(kept.map(({ conv }) => conv));
    for (const conv of this.changed) if (names.has(conv)) this.#save(conv);
    this.changed.clear();
    if (this.listChanged) this.#saveLists(kept);
    this.listChanged = false;
  }

  #save(conv) {
    const { log, confirmed } = this.client.history.log(conv);
    if (log.loaded && log.atEnd && confirmed.value) this.replace(conv);
  }

  /** Write down what is held of a conversation, in place of what is kept of it. */
  async replace(conv) {
    const { log } = this.client.history.log(conv);
    const entries = log.entries.slice(-KEPT_ENTRIES);
    const cut = entries.length < log.entries.length;
    const record = { conv, entries, from: cut ? entries[0].seq : log.from, to: log.to, start: !cut && log.start };
    this.names.add(conv);
    await this.logs.put(record).catch(() => {});
  }

  #saveLists(conversations) {
    const { contacts, groups, people } = this.client;
    const users = [...people.users.value.values()].slice(-KEPT_OTHERS);
    const others = (list) => list.value.slice(0, KEPT_OTHERS);
    const { cluster } = this.client;
    const list = { name: "lists", cluster, conversations, users, contacts: others(contacts.list), groups: others(groups.list) };
    this.lists.put(list).catch(() => {});
  }

  /** Write the lists down whenever one of them changes. */
  #follow() {
    const { conversations, contacts, groups, people } = this.client;
    effect(() => {
      for (const list of [conversations.ordered, contacts.list, groups.list, people.users]) void list.value;
      this.listChanged = true;
      this.#later();
    });
  }

  #later() {
    this.timer ??= this.client.clock.setTimeout(() => this.flush(), SAVE_MS);
  }
}
