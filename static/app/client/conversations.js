import { computed, signal } from "../../vendor/preact.js";
import { complete } from "../core/entries.js";
import { ALL, parseName } from "../core/names.js";
import { blank, inListOrder, movedOn, totalUnread, withEntry, withMemberMark, withPeerMark, withRead } from "../core/summaries.js";

/** Pages of the list fetched at most: 20 × 100 conversations. */
const MAX_PAGES = 20;

/** The list of conversations: what the node says, moved on by what comes over the socket. */
export class Conversations {
  /** `unsent()`: the items of the outbox. */
  constructor({ request, people, groups, me, t, unsent }) {
    Object.assign(this, { request, people, groups, me, t, unsent });
    this.map = signal(new Map());
    this.state = signal("loading");
    this.error = signal(null);
    this.held = signal(null);
    this.ordered = computed(() =>
      [...this.map.value.values()].filter((summary) => !summary.hidden).sort(inListOrder),
    );
    /** These, and others where something waits to be sent, or failed. */
    this.listed = computed(() => {
      const begun = this.#begun();
      return begun.length ? [...this.ordered.value, ...begun].sort(inListOrder) : this.ordered.value;
    });
    this.unread = computed(() => totalUnread(this.map.value.values()));
    this.running = null;
    this.again = false;
  }

  get(conv) {
    return this.map.value.get(conv) ?? null;
  }

  update(conv, change) {
    const summary = this.map.value.get(conv);
    if (!summary) return false;
    const changed = change(summary);
    if (changed !== summary) {
      const map = new Map(this.map.value);
      map.set(conv, changed);
      this.map.value = map;
    }
    return true;
  }

  /** The list as an earlier page kept it, until the node tells it. */
  show(kept) {
    if (this.state.value !== "ready") this.map.value = new Map(kept.map((summary) => [summary.conv, summary]));
  }

  /** A new entry; false when the conversation is not in the list yet. */
  entry(entry) {
    // What came in between, while the list did not have the conversation yet, was not counted.
    if (entry.seq > this.get(entry.conv)?.last_seq + 1) this.refresh();
    // What mentioned one before is known to the node alone, and its list on the way may be older.
    const mention = this.get(entry.conv)?.mention_seq;
    if (entry.kind === "recall" && (this.running || entry.target === mention)) this.refresh();
    return this.update(entry.conv, (summary) => withEntry(summary, entry, this.me.id));
  }

  read(conv, user, seq, unread) {
    if (user === this.me.id) this.update(conv, (summary) => withRead(summary, seq, unread));
    else this.#peerMark(conv, user, "read", seq);
  }

  delivered(conv, user, seq) {
    if (user !== this.me.id) this.#peerMark(conv, user, "delivered", seq);
  }

  /** The line of a conversation that the node's list does not have; `former`: a group that one is not in. */
  unlisted(conv) {
    const parsed = parseName(conv, this.me.id);
    if (!parsed?.group) return parsed && blank(conv, parsed.peer);
    const group = this.groups.get(parsed.group);
    return { ...blank(conv), group, former: !group && this.groups.state.value === "ready" };
  }

  title(summary) {
    if (summary.conv === ALL) return this.t("chat.announcements");
    if (summary.peer) return this.people.name(summary.peer);
    return summary.former ? this.t("chat.former_group") : (summary.group?.name ?? summary.title);
  }

  /**
   * Fetch the list anew; calls meanwhile make one more round. Resolves to what came while nothing was
   * heard: the last entry of each known conversation with more unread than before; of a muted one what
   * mentions one.
   */
  refresh() {
    if (this.running) {
      this.again = true;
      return this.running;
    }
    this.running = this.#fetch().finally(() => {
      this.running = null;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    });
    return this.running;
  }

  async #fetch() {
    const found = new Map();
    let cursor;
    try {
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer = await this.request({ op: "conversations", limit: 100, ...(cursor && { cursor }) });
        this.people.learn(answer.users);
        for (const summary of answer.conversations ?? []) found.set(summary.conv, this.#full(summary));
        cursor = answer.cursor;
        if (!cursor) break;
      }
    } catch (error) {
      this.error.value = error;
      if (this.state.value === "loading") this.state.value = "error";
      return [];
    }
    const missed = [];
    const called = [];
    const before = this.state.value === "ready";
    for (const [conv, summary] of this.map.value) {
      const fresh = found.get(conv);
      if (fresh) found.set(conv, movedOn(fresh, summary));
      if (before && fresh?.last_seq > summary.last_seq && fresh.unread > summary.unread) {
        if (fresh.muted && fresh.mention_seq > summary.last_seq) called.push(fresh);
        else missed.push(fresh.last);
      }
    }
    this.map.value = found;
    this.error.value = null;
    this.state.value = "ready";
    for (const summary of called) missed.push(await this.#mention(summary));
    return missed.filter(Boolean);
  }

  /** The message that mentions one, or the last one where it can't be had. */
  async #mention({ conv, mention_seq: seq, last }) {
    try {
      const { entries, users } = await this.request({ op: "sync", conv, after: seq - 1, limit: 1 });
      this.people.learn(users);
      return complete(entries[0]);
    } catch {
      return last;
    }
  }

  /** Lines of what is not in the node's list (never sent to, hidden, left), and has something that waits or failed. */
  #begun() {
    const found = new Map();
    for (const { conv, created } of this.unsent()) {
      const known = this.map.value.get(conv);
      const summary = known ?? this.unlisted(conv);
      // A group is nameless until the groups are known.
      const nameless = conv.startsWith("g:") && !this.title(summary);
      if ((!known || known.hidden) && !nameless) found.set(conv, { ...summary, hidden: false, touched: created });
    }
    return [...found.values()];
  }

  #full(summary) {
    const known = this.map.value.get(summary.conv);
    const parsed = parseName(summary.conv, this.me.id);
    const last = summary.last ? complete(summary.last) : null;
    return {
      ...summary,
      last,
      peer: summary.peer ?? parsed?.peer ?? null,
      group: summary.group ?? null,
      muted: summary.muted ?? false,
      pinned: summary.pinned ?? false,
      marked_unread: summary.marked_unread ?? false,
      mention_seq: summary.mention_seq ?? null,
      touched: known?.touched ?? 0,
      memberMarks: known?.memberMarks,
    };
  }

  #peerMark(conv, user, op, seq) {
    const known = this.update(conv, (summary) =>
      summary.peer === user ? withPeerMark(summary, op, seq) : withMemberMark(summary, user, op, seq),
    );
    // The list that is on its way may hold the conversation without the mark.
    if (!known && this.running) this.again = true;
  }
}
