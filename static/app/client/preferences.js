import { effect, signal } from "../../vendor/preact.js";

/** What I prefer on all my devices, as far as the node acts on it. */
export class Preferences {
  constructor({ api, state }) {
    this.api = api;
    this.version = null;
    /** Null until they are known. */
    this.values = signal(null);
    this.error = signal(null);
    // Another device has changed them.
    effect(() => {
      const told = state.value;
      if (told?.list === "settings" && told.version !== this.version) this.refresh();
    });
  }

  /** Ask what is new; `error` says when there was no answer. */
  async refresh() {
    try {
      const known = this.version === null ? "" : `?version=${this.version}`;
      this.#take(await this.api.get(`/me/settings${known}`));
    } catch (error) {
      this.error.value = error;
    }
  }

  /** Change some; rejects when the node does not. */
  async change(values) {
    this.#take(await this.api.patch("/me/settings", values));
  }

  #take({ version, settings }) {
    this.error.value = null;
    this.version = version;
    if (settings) this.values.value = settings;
  }
}
