/** Tokens for programs, one's own or a bot's, and the webhooks of groups. */
export class Programs {
  constructor({ api }) {
    this.api = api;
  }

  /** Without their secrets, the newest first; `bot`: of this bot, else one's own. */
  async tokens(bot = null) {
    return (await this.api.get(tokensOf(bot))).tokens;
  }

  /** Answers the token with its secret, which is told only now. */
  makeToken(fields, bot = null) {
    return this.api.post(tokensOf(bot), fields);
  }

  revokeToken(id, bot = null) {
    return this.api.delete(`${tokensOf(bot)}/${id}`);
  }

  async webhooks(group) {
    return (await this.api.get(`/groups/${group}/webhooks`)).webhooks;
  }

  /** Answers the webhook with its address, which is told only now. */
  makeWebhook(group, name) {
    return this.api.post(`/groups/${group}/webhooks`, { name });
  }

  revokeWebhook(group, id) {
    return this.api.delete(`/groups/${group}/webhooks/${id}`);
  }
}

const tokensOf = (bot) => (bot === null ? "/tokens" : `/users/${bot}/tokens`);
