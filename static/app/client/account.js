import { signal } from "../../vendor/preact.js";

/** My own account: profile, preferences, devices. */
export class Account {
  constructor({ api, user, onUser }) {
    Object.assign(this, { api, onUser });
    this.user = signal(user);
    this.sessions = signal(null);
    this.error = signal(null);
  }

  async refresh() {
    try {
      this.#set(await this.api.get("/me"));
      this.error.value = null;
    } catch (error) {
      this.error.value = error;
    }
  }

  async refreshSessions() {
    const sessions = await this.api.get("/sessions");
    this.sessions.value = sessions.sessions ?? sessions;
  }

  async change(fields) {
    const user = await this.api.patch("/me", fields);
    this.#set({ ...this.user.value, ...fields, ...user });
  }

  #set(user) {
    this.user.value = user;
    this.onUser(user);
  }
}
