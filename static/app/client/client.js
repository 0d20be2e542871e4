import { batch, signal } from "../../vendor/preact.js";
import { again } from "../core/again.js";
import { complete } from "../core/entries.js";
import { newKey } from "../core/keys.js";
import { ALL, parseName, targetOf } from "../core/names.js";
import { Marks } from "../core/marks.js";
import { Outbox, WAITING } from "../core/outbox.js";
import { Connection } from "../core/socket.js";
import { Typing } from "../core/typing.js";
import { Absence } from "./absence.js";
import { Account } from "./account.js";
import { Contacts } from "./contacts.js";
import { Conversations } from "./conversations.js";
import { Drafts } from "./drafts.js";
import { Groups } from "./groups.js";
import { History } from "./history.js";
import { Kept } from "./kept.js";
import { People } from "./people.js";

/** How long the list waits for the outbox at connecting, in ms: it should know what was sent. */
const FLUSH_FIRST_MS = 1_500;
/** Of so many sent messages the element stays the one it was while they waited. */
const MAX_SENT_KEYS = 500;
/** With more unread messages than this the first of them is not in the newest page. */
const FAR_UNREAD = 45;

/** The messenger of one page: its state as signals, and what can be done. Knows no elements. */
export class Client {
  constructor({ boot, api, database, tabs, storage, clock, openSocket, t, events }) {
    const me = boot.user;
    Object.assign(this, { boot, me, api, clock, tabs, storage, t, events });
    this.limits = boot.limits;
    /** Messages are kept for so many days; 0: for ever. */
    this.keptDays = signal(boot.limits.retention_days);
    this.offset = 0;
    this.link = signal({ name: "connecting" });
    this.absence = new Absence({ clock, began: () => this.kept.show() });
    this.offline = this.absence.offline;
    this.roundTrip = signal(null);
    this.canBroadcast = signal(boot.can_broadcast ?? false);
    this.typingVersion = signal(0);
    this.outboxVersion = signal(0);
    this.notice = signal(null);
    /** The last frame that told of a changed list. */
    this.state = signal(null);
    this.sentKeys = new Map();
    this.wanted = new Set();

    const request = (frame) => this.connection.request(frame);
    this.connection = new Connection({
      open: openSocket,
      clock,
      onFrame: (frame) => batch(() => this.#receive(frame)),
      onState: (state) => this.#linkChanged(state),
      onRoundTrip: (ms) => (this.roundTrip.value = ms),
    });
    this.marks = new Marks({ send: (frame) => this.connection.send(frame), clock, storage });
    this.typing = new Typing({
      send: (frame) => this.connection.send(frame),
      clock,
      changed: () => (this.typingVersion.value += 1),
    });
    this.people = new People({ api, me, request, t });
    this.groups = new Groups({ api, people: this.people });
    const unsent = () => (this.outboxVersion.value, this.outbox.all);
    this.conversations = new Conversations({ request, people: this.people, groups: this.groups, me, t, unsent });
    /** What keeps marks of one's own, once it was needed. */
    this.ownMarks = null;
    this.history = new History({
      request,
      people: this.people,
      onPage: (...page) => this.#paged(...page),
      onLost: (conv) => this.wanted.add(conv),
      onChange: (conv) => this.kept.note(conv),
    });
    this.contacts = new Contacts({ api, people: this.people });
    this.account = new Account({ api, user: me, onUser: (user) => this.people.learn([publicPart(user)]) });
    this.drafts = new Drafts({ table: database.drafts, storage, say: tabs.say, clock });
    this.kept = new Kept({ lists: database.lists, logs: database.logs, client: this });
    this.outbox = new Outbox({
      store: database.outbox,
      lock: tabs.lock,
      request,
      online: () => this.connection.online,
      clock,
      changed: () => (this.outboxVersion.value += 1),
      stored: (item) => this.#stored(item),
      upload: () => this.loadFiles().then((files) => files.run()).catch(() => {}),
    });
    /** What uploads files, once it was needed. */
    this.files = signal(null);
  }

  /** Have what uploads files; fetched with the first one. */
  async loadFiles() {
    const { Files } = await again(() => import("./files.js"));
    return (this.files.value ??= new Files(this));
  }

  /** Have what keeps marks of one's own; fetched when the page has nothing else to do. */
  async loadOwnMarks() {
    const { OwnMarks } = await again(() => import("./own-marks.js"));
    const { conversations, storage } = this;
    return (this.ownMarks ??= new OwnMarks({ conversations, storage, request: (frame) => this.connection.request(frame) }));
  }

  async #tellMarks() {
    if (this.ownMarks || this.storage.get("marks")?.length) await (await this.loadOwnMarks()).flush();
  }

  /** Mark a conversation to come back to it, or take that off; it holds until the conversation is opened. */
  async markUnread(conv, marked) {
    await (await this.loadOwnMarks()).set(conv, marked);
  }

  async start() {
    this.connection.start();
    this.keptLoaded = this.kept.load().then(() => this.#expire());
    await Promise.all([this.drafts.load(), this.outbox.load(), this.keptLoaded]);
    if (this.offline.value) this.kept.show();
    if (this.connection.online) this.outbox.flush();
  }

  /** The node's time now, in ms since 1970. */
  now() {
    return this.clock.now() + this.offset;
  }

  // ---- doing ----

  /** Write into a conversation; resolves when the message is kept in this browser. */
  async send(conv, text, { replyTo = null, mentions = [] } = {}) {
    return this.post(conv, { media: "text", text, replyTo, mentions });
  }

  /** The same for any content; resolves with the message's key. */
  async post(conv, content) {
    const to = targetOf(conv, this.me.id);
    const key = newKey();
    this.typing.told(to);
    this.conversations.update(conv, (summary) => ({ ...summary, touched: this.now() }));
    const after = this.history.log(conv).log.head;
    await this.outbox.add({ ...content, key, conv, to, after });
    this.tabs.say({ type: "outbox" });
    this.events.onSent();
    return key;
  }

  async retry(key) {
    await this.outbox.retry(key);
    this.tabs.say({ type: "outbox" });
  }

  async discard(key) {
    await this.outbox.discard(key);
    this.tabs.say({ type: "outbox" });
  }

  markRead(conv, seq) {
    const summary = this.conversations.get(conv);
    if (!summary || seq <= summary.read_seq) return;
    this.conversations.read(conv, this.me.id, seq);
    this.marks.raise("read", conv, seq);
  }

  tellTyping(conv) {
    if (conv !== ALL) this.typing.tell(targetOf(conv, this.me.id));
  }

  /** Have a conversation ready to be shown; before the list is known, as soon as it is. */
  async openConversation(conv) {
    if (!this.connection.online || this.conversations.state.value !== "ready") {
      this.wanted.add(conv);
      return;
    }
    this.wanted.delete(conv);
    const held = this.history.log(conv);
    const { log } = held;
    const summary = this.conversations.get(conv);
    if (summary) log.head = Math.max(log.head, summary.last_seq);
    if (log.loaded) {
      if (!log.atEnd) await this.history.catchUp(conv);
      // What was deleted for me on another device leaves no entry: the page says what is there.
      else if (held.restored) await this.history.load(conv);
      held.restored = false;
      return;
    }
    const deep = summary && summary.unread > FAR_UNREAD;
    await this.history.load(conv, deep ? { around: Math.max(1, summary.read_seq) } : {});
  }

  // ---- hearing ----

  #receive(frame) {
    switch (frame.op) {
      case "welcome":
        this.#welcome(frame);
        break;
      case "limits":
        this.#limited(frame.limits);
        this.#expire();
        break;
      case "message":
      case "event":
        this.#entry(complete(frame));
        break;
      case "read":
        this.conversations.read(frame.conv, frame.user, frame.seq, frame.unread);
        if (frame.user === this.me.id) this.marks.known("read", frame.conv, frame.seq);
        break;
      case "delivered":
        this.conversations.delivered(frame.conv, frame.user, frame.seq);
        break;
      case "typing":
        if (frame.user !== this.me.id) this.typing.receive(frame.conv, frame.user);
        break;
      case "presence":
        this.people.setPresence(frame.users);
        break;
      case "profile":
        this.people.learn([frame.user]);
        break;
      case "state":
        this.#stateChanged(frame);
        break;
      case "notice":
        this.notice.value = { text: frame.text, time: frame.time };
        break;
      case "resync":
        this.#resync(frame.conv);
        break;
      default:
    }
  }

  async #welcome(frame) {
    this.offset = frame.time - this.clock.now();
    this.#limited(frame.limits);
    this.canBroadcast.value = frame.can_broadcast ?? false;
    this.people.learn([frame.user]);
    const flushed = Promise.all([this.outbox.flush(), this.#tellMarks()]);
    const patience = new Promise((resolve) => this.clock.setTimeout(resolve, FLUSH_FIRST_MS));
    await Promise.all([Promise.race([flushed, patience]), this.keptLoaded]);
    // With a restored backup numbers mean other entries than those that are held.
    if (frame.cluster !== (this.cluster ??= frame.cluster)) return this.events.onAnother();
    this.marks.flush();
    await this.#expire();
    await this.#resync();
    this.#watch([], { again: true });
    this.#refreshContacts();
    this.groups.refresh();
  }

  #limited(limits) {
    this.limits = limits;
    this.keptDays.value = limits.retention_days ?? 0;
  }

  /** Let go of what is older than messages are kept, before anything of it is shown. */
  async #expire() {
    if (!this.keptDays.value) return;
    const { Expiry } = await again(() => import("./expiry.js")).catch(() => ({}));
    await (this.expiry ??= Expiry && new Expiry(this))?.run();
  }

  async #resync(conv = null) {
    if (conv === null) {
      const missed = await this.conversations.refresh();
      for (const entry of missed) this.events.onMissed(entry);
      const behind = this.conversations.state.value === "ready" ? await this.kept.contact() : [];
      for (const summary of this.conversations.map.value.values()) {
        // What was read without a connection may be on its way while the node tells its list.
        const read = this.marks.known("read", summary.conv, summary.read_seq);
        if (read > summary.read_seq) this.conversations.read(summary.conv, this.me.id, read);
        const { log } = this.history.log(summary.conv);
        log.head = Math.max(log.head, summary.last_seq);
        if (log.loaded && !log.atEnd && !behind.includes(summary.conv)) this.history.catchUp(summary.conv);
        if (summary.unread) this.#deliver(summary.conv, summary.last_seq, summary.delivered_seq);
      }
      for (const name of this.wanted) this.openConversation(name);
      // What is kept and not looked at now, one after the other.
      for (const conv of behind) await this.history.catchUp(conv);
    } else await this.history.refresh(conv);
  }

  #entry(entry) {
    const { conv, seq } = entry;
    const { log } = this.history.log(conv);
    const outcome = log.live(entry);
    if (outcome === "gap") this.history.catchUp(conv);
    if (outcome === "known") return;
    if (entry.op === "message" && entry.from !== this.me.id) {
      this.typing.stop(conv, entry.from);
      this.#deliver(conv, seq, 0);
    }
    if (!this.conversations.entry(entry)) this.conversations.refresh();
    if (entry.op === "event") this.#eventHappened(entry);
    this.outbox.settle(conv, Math.min(seq, log.to ?? seq));
    this.people.get(entry.from);
    const peer = parseName(conv, this.me.id)?.peer;
    // The node tells only of those one shares something with, and that has just begun.
    if (peer && !this.people.presence.value.has(peer)) this.#rewatch(peer);
    this.history.touched(conv);
    this.events.onEntry(entry);
  }

  #eventHappened(entry) {
    const parsed = parseName(entry.conv, this.me.id);
    if (parsed?.kind !== "group" || entry.kind === "recall" || entry.kind === "edit") return;
    this.groups.refresh();
    this.conversations.refresh();
    if (this.groups.members.value.has(parsed.group)) {
      this.groups.loadMembers(parsed.group).catch(() => {});
    }
  }

  #stateChanged(frame) {
    const { list, conv } = frame;
    this.state.value = frame;
    if (list === "contacts") this.#refreshContacts();
    if (list === "groups") this.groups.refresh();
    if (list === "sessions" && this.account.sessions.value) this.account.refreshSessions();
    if (list === "settings") this.account.refresh().then(() => this.events.onSettings());
    if (list === "groups" || list === "conversations") {
      this.conversations.refresh();
      if (conv) this.history.refresh(conv);
    }
  }

  /** Another tab of this account says something. */
  heard(message) {
    if (message.type === "outbox") this.outbox.load();
    if (message.type === "stored") this.outbox.storedElsewhere(message.key, message.seq, message.time);
    if (message.type === "progress") this.loadFiles().then((files) => (files.sent(message.key).value = message.sent), () => {});
    if (message.type === "draft") this.drafts.received(message.conv, message.draft);
    if (message.type === "logout") this.events.onSessionOver();
  }

  #stored(item) {
    const { log } = this.history.log(item.conv);
    this.sentKeys.set(`${item.conv} ${item.seq}`, item.key);
    if (this.sentKeys.size > MAX_SENT_KEYS) this.sentKeys.delete(this.sentKeys.keys().next().value);
    this.tabs.say({ type: "stored", key: item.key, seq: item.seq, time: item.time });
    this.files.value?.keep(item);
    if (log.loaded && log.to >= item.seq) this.outbox.settle(item.conv, item.seq);
    this.history.touched(item.conv);
  }

  #paged(conv, log) {
    if (log.atEnd) this.outbox.settle(conv, log.to);
  }

  #deliver(conv, seq, known) {
    if (conv !== ALL && seq > known) this.marks.raise("delivered", conv, seq);
  }

  #refreshContacts() {
    this.contacts.refresh().then(() => this.#rewatch());
  }

  #watch(newcomers, options) {
    const peers = this.conversations.listed.value.map(({ peer }) => peer).filter(Boolean);
    const contacts = this.contacts.list.value.map(({ user }) => user.id);
    this.people.watch([...newcomers, ...this.events.visiblePeople()], [...peers, ...contacts], options);
  }

  /** `newcomer`: whose presence was asked for in vain before, or not yet. */
  #rewatch(newcomer = null) {
    if (!this.connection.online) return;
    if (newcomer) this.#watch([newcomer], { again: true });
    else this.#watch([]);
  }

  /** Someone new is on the screen. */
  peopleShown() {
    this.#rewatch();
  }

  #linkChanged(state) {
    this.link.value = state;
    if (state.name !== "online") {
      this.roundTrip.value = null;
      if (state.name === "waiting") this.events.onConnectionLost();
    }
    this.absence.linkIs(state.name);
    if (state.name === "ended") this.events.onSessionOver();
  }

  /** Messages of a conversation that are on their way or failed. */
  pending(conv) {
    return this.outbox
      .items(conv)
      .map((item) => (item.state === WAITING ? { ...item, inFlight: this.connection.online } : item));
  }
}

/** What others know of a user, of what they know of themselves or an administrator of them. */
export function publicPart({ id, name, kind, role, avatar, note, deleted }) {
  return { id, name, kind, role, avatar, note, deleted };
}
