import { signal } from "../../vendor/preact.js";

/** The groups I am in, and what can be done with them. */
export class Groups {
  constructor({ api, people }) {
    Object.assign(this, { api, people });
    this.list = signal([]);
    this.state = signal("loading");
    this.error = signal(null);
    this.members = signal(new Map());
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

  async create(name, members, note = "") {
    const group = await this.api.post("/groups", { name, members, note });
    await this.refresh();
    return group;
  }

  async join(numberOrName) {
    const group = await this.api.post("/groups/join", { group: numberOrName });
    await this.refresh();
    return group;
  }

  async change(id, fields) {
    await this.api.patch(`/groups/${id}`, fields);
    await this.refresh();
  }

  async dissolve(id) {
    await this.api.delete(`/groups/${id}`);
    await this.refresh();
  }

  /** `[{user, role}]` into `members`, owner and administrators first. */
  async loadMembers(id) {
    const { members } = await this.api.get(`/groups/${id}/members`);
    this.people.learn(members.map((member) => member.user));
    const rank = { owner: 0, admin: 1, member: 2 };
    const sorted = members.slice().sort((one, other) => rank[one.role] - rank[other.role]);
    const map = new Map(this.members.value);
    map.set(id, sorted);
    this.members.value = map;
  }

  async addMembers(id, users) {
    await this.api.post(`/groups/${id}/members`, { users });
    await this.loadMembers(id);
  }

  async removeMember(id, user) {
    await this.api.delete(`/groups/${id}/members/${user}`);
    await this.loadMembers(id);
  }

  async leave(id, me) {
    await this.api.delete(`/groups/${id}/members/${me}`);
    await this.refresh();
  }

  async setRole(id, user, role) {
    await this.api.put(`/groups/${id}/members/${user}/role`, { role });
    await Promise.all([this.loadMembers(id), this.refresh()]);
  }
}
