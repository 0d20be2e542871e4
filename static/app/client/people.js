import { signal } from "../../vendor/preact.js";
import { privateName } from "../core/names.js";

/** Users asked for in one request, and watched at once (the node's limits). */
const MAX_IDS = 50;
export const MAX_WATCH = 200;

/** Who is who, who is here, and what I call them. */
export class People {
  constructor({ api, me, request, t }) {
    Object.assign(this, { api, me, request, t });
    this.users = signal(new Map([[me.id, me]]));
    this.remarks = signal(new Map());
    this.presence = signal(new Map());
    /** Whom the node does not know. */
    this.unknown = signal(new Set());
    this.asked = new Set();
    this.gone = new Set();
    this.wanted = new Set();
    this.watched = "";
  }

  learn(users) {
    const news = (users ?? []).filter((user) => !same(this.users.value.get(user.id), user));
    if (!news.length) return;
    const known = new Map(this.users.value);
    for (const user of news) known.set(user.id, user);
    this.users.value = known;
  }

  get(id) {
    const user = this.users.value.get(id);
    if (!user && id) this.want(id);
    return user ?? null;
  }

  /** My remark for them, else their name, or that they have none any more, else their number. */
  name(id) {
    const user = this.get(id);
    return this.remarks.value.get(id) || (user?.deleted ? this.t("people.deleted") : user?.name) || `#${id}`;
  }

  /** "online", "away", or "" for who is not here: a deleted account is not, even while its links are waited for. */
  standing(id) {
    const state = this.presence.value.get(id);
    return state?.online && !this.users.value.get(id)?.deleted ? (state.away ? "away" : "online") : "";
  }

  isOnline(id) {
    return this.standing(id) !== "";
  }

  conversationWith(id) {
    return privateName(this.me.id, id);
  }

  /** Fetch someone not yet known; requests of one moment become one. */
  want(id) {
    if (this.asked.has(id)) return;
    this.asked.add(id);
    this.wanted.add(id);
    if (this.wanted.size === 1) queueMicrotask(() => this.#fetch());
  }

  /** The avatar that is known of someone is gone: ask again, once for each. */
  again(id, avatar) {
    if (this.gone.has(avatar)) return;
    this.gone.add(avatar);
    this.asked.delete(id);
    this.want(id);
  }

  setPresence(states) {
    const presence = new Map(this.presence.value);
    for (const state of states ?? []) {
      // Who was away is not seen later when they go.
      presence.set(state.user, { ...state, last_seen: state.last_seen || presence.get(state.user)?.last_seen });
    }
    this.presence.value = presence;
  }

  /**
   * Ask for the presence of these; what was asked for before is replaced. Those `shown` go before the
   * others that are `known`, but a large group on the screen leaves these half of the places.
   */
  async watch(shown, known, { again = false } = {}) {
    const ids = new Set([...shown.slice(0, MAX_WATCH / 2), ...known, ...shown]);
    ids.delete(this.me.id);
    const users = [...ids].slice(0, MAX_WATCH);
    const key = [...users].sort().join();
    if (!again && key === this.watched) return;
    this.watched = key;
    const answer = await this.request({ op: "watch", users }).catch(() => null);
    if (answer) this.setPresence(answer.presence);
    // The node tells only of those one shares something with: the others may be asked for again.
    if ((answer?.presence?.length ?? 0) < users.length) this.watched = "";
  }

  async #fetch() {
    const ids = [...this.wanted];
    this.wanted.clear();
    for (let start = 0; start < ids.length; start += MAX_IDS) {
      const part = ids.slice(start, start + MAX_IDS);
      try {
        this.learn((await this.api.get(`/users?ids=${part.join()}`)).users);
        const missing = part.filter((id) => !this.users.value.has(id));
        if (missing.length) this.unknown.value = new Set([...this.unknown.value, ...missing]);
      } catch {
        for (const id of part) this.asked.delete(id);
      }
    }
  }
}

function same(one, other) {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
