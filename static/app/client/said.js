import { newKey } from "../core/keys.js";

/** Own recalled texts can be taken up again this long, in ms. */
const REEDIT_MS = 5 * 60_000;

/** What can be done with what was said. */
export class Said {
  constructor(client) {
    this.client = client;
    this.reedits = new Map();
  }

  /** Repeat a message in another conversation; resolves when it is kept in this browser. */
  async forward(entry, conv) {
    const { media, text, file, extra } = entry;
    await this.client.post(conv, { media, text, file, extra, forwardedFrom: { conv: entry.conv, seq: entry.seq } });
  }

  async recall({ conv, seq, media, text }) {
    if (media === "text") this.reedits.set(`${conv} ${seq}`, { text, at: this.client.now() });
    await this.client.connection.request({ op: "recall", conv, seq });
  }

  async edit({ conv, seq }, text) {
    await this.client.connection.request({ op: "edit", conv, seq, text, key: newKey() });
  }

  /** The text of an own recalled message, for five minutes. */
  reeditText({ conv, seq }) {
    const kept = this.reedits.get(`${conv} ${seq}`);
    return kept && this.client.now() - kept.at < REEDIT_MS ? kept.text : null;
  }

  /** Delete an entry for me, or have it again: shown at once, and taken back when the node refuses. */
  async hide(entry, hidden) {
    const { conv, seq } = entry;
    this.#show(entry, !hidden);
    try {
      await this.client.connection.request({ op: "hide", conv, seq, hidden });
    } catch (error) {
      this.#show(entry, hidden);
      throw error;
    }
  }

  #show(entry, shown) {
    const { history } = this.client;
    const { log } = history.log(entry.conv);
    if (shown) log.unhide(entry);
    else log.hide(entry.seq);
    history.touched(entry.conv);
  }
}
