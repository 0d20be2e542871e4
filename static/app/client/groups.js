import { signal } from "../../vendor/preact.js";

/** The groups I am in, and who else is. */
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
}
