import { signal } from "../../vendor/preact.js";

/** Without a node for longer than this, the page says so and shows what it keeps, in ms. */
const QUIET_MS = 1_000;

/**
 * Whether there is no node to ask. A short cut is no absence; a page that has met no node since it was
 * opened need not wait to know that there is none. `began()` is called when it begins.
 */
export class Absence {
  constructor({ clock, began }) {
    Object.assign(this, { clock, began });
    this.offline = signal(false);
    this.timer = null;
    this.met = false;
  }

  /** The link is now connecting, online, waiting, ended or closed. */
  linkIs(name) {
    if (name === "online") {
      this.clock.clearTimeout(this.timer);
      this.timer = null;
      this.met = true;
      this.offline.value = false;
    } else if (name === "waiting" && !this.met) this.#begin();
    else this.timer ??= this.clock.setTimeout(() => this.#begin(), QUIET_MS);
  }

  #begin() {
    this.offline.value = true;
    this.began();
  }
}
