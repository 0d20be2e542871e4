/** A page of people or of acts, as the node gives it at once. */
const PAGE = 50;

/** What administrators ask of a node and do there; every call answers the node's data or throws. */
export class Administration {
  constructor({ api }) {
    this.api = api;
  }

  /** Nodes with their last `points` heartbeats, 5 s apart. */
  nodes(points) {
    return this.api.get(`/admin/nodes?points=${points}`);
  }

  /** `{users, after}`; `filter`: `{q, kind, role, disabled}`, each may be missing. */
  users(filter, after = 0) {
    return this.api.get(`/admin/users?${query({ ...filter, after, limit: PAGE })}`);
  }

  /** `{acts, before}`, the newest first; `filter`: `{action, actor}`. */
  acts(filter, before = null, limit = PAGE) {
    return this.api.get(`/admin/audit?${query({ ...filter, before, limit })}`);
  }

  settings() {
    return this.api.get("/admin/settings");
  }

  ban(user, reason) {
    return this.api.put(`/users/${user}/ban`, { reason });
  }

  unban(user) {
    return this.api.delete(`/users/${user}/ban`);
  }

  /** Answers `{password}`, for one log-in. */
  reset(user, secondFactor) {
    return this.api.post(`/users/${user}/reset`, { second_factor: secondFactor });
  }

  /** Fields of someone's profile, role among them; answers all of it. */
  change(user, fields) {
    return this.api.patch(`/users/${user}`, fields);
  }

  remove(user) {
    return this.api.delete(`/users/${user}`);
  }

  create(fields) {
    return this.api.post("/users", fields);
  }

  registration() {
    return this.api.get("/admin/registration");
  }

  /** `{policy, guests}`; null leaves it to the configuration file. */
  setRegistration(change) {
    return this.api.put("/admin/registration", change);
  }

  /** `{messages_days, file, changed, planned, planned_at}`. */
  retention() {
    return this.api.get("/admin/retention");
  }

  /** Null leaves it to the configuration file. */
  setRetention(days) {
    return this.api.put("/admin/retention", { messages_days: days });
  }

  /** `{messages, at_least}`: what would go. */
  countExpiring(days) {
    return this.api.get(`/admin/retention/count?messages_days=${days}`);
  }

  async invitations() {
    return (await this.api.get("/admin/invitations")).invitations;
  }

  invite(fields) {
    return this.api.post("/admin/invitations", fields);
  }

  revokeInvitation(id) {
    return this.api.delete(`/admin/invitations/${id}`);
  }

  /** Write to everyone; the same `key` is the same message. */
  broadcast(text, key) {
    return this.api.post("/messages", { to: "all", text, key });
  }
}

function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}
