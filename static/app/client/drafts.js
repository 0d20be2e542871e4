import { signal } from "../../vendor/preact.js";

/** A draft is written down this long after the last letter, in ms. */
export const SAVE_MS = 400;

const voiceOf = (conv) => `voice ${conv}`;

/** What was begun and not sent: kept for each conversation, the same in every tab. */
export class Drafts {
  constructor({ table, storage, say, clock }) {
    Object.assign(this, { table, storage, say, clock });
    this.map = signal(new Map());
    this.noted = new Map();
    this.timer = null;
  }

  async load() {
    const drafts = await this.table.all().catch(() => []);
    this.map.value = new Map(drafts.map((draft) => [draft.conv, draft]));
    for (const [conv, draft] of this.storage.get("drafts") ?? []) this.noted.set(conv, draft);
    this.storage.set("drafts", null);
    this.flush();
  }

  get(conv) {
    return this.noted.has(conv) ? this.noted.get(conv) : (this.map.value.get(conv) ?? null);
  }

  /** What was recorded for a conversation and not sent, `{blob, file}`: a draft beside the written one. */
  recording(conv) {
    return this.get(voiceOf(conv))?.recording ?? null;
  }

  /** Keep a recording at once; null forgets it. */
  keepRecording(conv, recording) {
    this.note(voiceOf(conv), { recording });
    this.flush();
  }

  /** `draft`: `{text, replyTo, mentions}`. It is shown in the list and kept a little later. */
  note(conv, draft) {
    this.noted.set(conv, draft.text || draft.replyTo || draft.recording ? { ...draft, conv } : null);
    this.clock.clearTimeout(this.timer);
    this.timer = this.clock.setTimeout(() => this.flush(), SAVE_MS);
  }

  /** Write down at once what is noted: the chat is left, or the page may be about to go. */
  flush() {
    this.clock.clearTimeout(this.timer);
    if (!this.noted.size) return;
    for (const [conv, draft] of this.noted) {
      const done = draft ? this.table.put(draft) : this.table.remove(conv);
      done.catch(() => {});
      this.say({ type: "draft", conv, draft });
    }
    const noted = [...this.noted];
    this.noted.clear();
    this.#show(noted);
  }

  /**
   * The page is going away: what was noted a moment ago may not reach the table any more, so it is
   * also put where writing takes no time, for the next page.
   */
  leave() {
    if (this.noted.size) this.storage.set("drafts", [...this.noted]);
    this.flush();
  }

  /** Another tab changed it. */
  received(conv, draft) {
    if (!this.noted.has(conv)) this.#show([[conv, draft]]);
  }

  #show(changes) {
    const map = new Map(this.map.value);
    for (const [conv, draft] of changes) {
      if (draft) map.set(conv, draft);
      else map.delete(conv);
    }
    this.map.value = map;
  }
}
