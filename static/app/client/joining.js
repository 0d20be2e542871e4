/** The ways into the groups that one leads: links, and requests where a group asks first. */
export class Joining {
  constructor({ api, people }) {
    Object.assign(this, { api, people });
  }

  /** Until when the group's link is good, ms since 1970; null without one. */
  async linkEnd(group) {
    return (await this.api.get(`/groups/${group}/link`)).expires_at ?? null;
  }

  /** A new link, `{url, qr, expires_at}`, told only now; the one before is good no more. */
  makeLink(group, days) {
    return this.api.post(`/groups/${group}/link`, { days });
  }

  revokeLink(group) {
    return this.api.delete(`/groups/${group}/link`);
  }

  /** `[{user, created_at}]`, the first first. */
  async requests(group) {
    const { requests } = await this.api.get(`/groups/${group}/requests`);
    this.people.learn(requests.map(({ user }) => user));
    return requests;
  }

  /** Where I wait to be let in, or was refused lately: `[{group, name, state, since}]`. */
  async asked() {
    return (await this.api.get("/groups/requests")).requests;
  }

  accept(group, user) {
    return this.api.put(`/groups/${group}/requests/${user}`);
  }

  decline(group, user) {
    return this.api.delete(`/groups/${group}/requests/${user}`);
  }
}
