import { signal } from "../../vendor/preact.js";
import { MAX_WATCH } from "./people.js";

/** Of a group whose members cannot all be watched, who is online is counted anew after this long, in ms. */
const COUNTED_MS = 60_000;

/** The groups I am in, and who else is. */
export class Groups {
  constructor({ api, people }) {
    Object.assign(this, { api, people });
    this.list = signal([]);
    this.state = signal("loading");
    this.error = signal(null);
    this.members = signal(new Map());
    /** By group: how many were online when it was counted. */
    this.counts = new Map();
  }

  get(id) {
    return this.list.value.find((group) => group.id === id) ?? null;
  }

  /** The list as an earlier page kept it, until the node tells it. */
  show(kept) {
    if (this.state.value === "ready") return;
    this.list.value = kept;
    this.state.value = "ready";
  }

  async refresh() {
    try {
      const { groups } = await this.api.get("/groups");
      this.list.value = groups;
      this.state.value = "ready";
      this.error.value = null;
    } catch (error) {
      this.error.value = error;
      if (this.state.value === "loading") this.state.value = "error";
    }
  }

  /** The same where nobody asked yet, or where the count is what it was long ago. */
  async needMembers({ id, members }) {
    const old = members > MAX_WATCH / 2 && Date.now() - this.counts.get(id)?.at > COUNTED_MS;
    if (old || !this.members.value.has(id)) await this.loadMembers(id);
  }

  /** How many members are online: those who are watched, or, of more, as many as the node counted. */
  online(id) {
    const { me } = this.people;
    const members = this.members.value.get(id) ?? [];
    if (members.length > MAX_WATCH / 2) return this.counts.get(id).online;
    return members.filter(({ user }) => user.id === me.id || this.people.isOnline(user.id)).length;
  }

  /** `[{user, role}]` into `members`, owner and administrators first. */
  async loadMembers(id) {
    const { members, online } = await this.api.get(`/groups/${id}/members`);
    this.people.learn(members.map((member) => member.user));
    const rank = { owner: 0, admin: 1, member: 2 };
    const sorted = members.slice().sort((one, other) => rank[one.role] - rank[other.role]);
    const map = new Map(this.members.value);
    map.set(id, sorted);
    this.counts.set(id, { online, at: Date.now() });
    this.members.value = map;
  }
}
