import { signal } from "../../vendor/preact.js";

/** Of a group whose members cannot all be watched, who is online is counted anew after this long, in ms. */
const COUNTED_MS = 60_000;

/** Members of a page; as many are known of each group that is looked at. */
const MEMBERS = 100;

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
  async needMembers(group) {
    const old = !this.whole(group) && !(Date.now() - this.counts.get(group.id)?.at < COUNTED_MS);
    if (old || !this.members.value.has(group.id)) await this.loadMembers(group.id);
  }

  /** How many members are online: those who are watched, or, of more, as many as the node counted. */
  online(group) {
    const { me } = this.people;
    if (!this.whole(group)) return this.counts.get(group.id)?.online ?? 0;
    const members = this.members.value.get(group.id);
    return members.filter(({ user }) => user.id === me.id || this.people.isOnline(user.id)).length;
  }

  /** The first page of `[{user, role}]` into `members`, owner and administrators first. */
  async loadMembers(id) {
    const { members, online } = await this.membersPage(id);
    const map = new Map(this.members.value);
    map.set(id, members);
    this.counts.set(id, { online, at: Date.now() });
    this.members.value = map;
  }

  /** Whether all members are among those that were loaded. */
  whole({ id, members }) {
    return this.members.value.get(id)?.length >= members;
  }

  /** A page: `{members, cursor?, online?}`, the cursor of the next one; with `q` of those whose name has it. */
  async membersPage(id, { q = "", cursor = null, limit = MEMBERS } = {}) {
    const query = new URLSearchParams({ q, limit, ...(cursor && { cursor }) });
    const page = await this.api.get(`/groups/${id}/members?${query}`);
    this.people.learn(page.members.map((member) => member.user));
    return page;
  }
}
