/** Marks that wait for a connection at most; the oldest give way. */
const MAX_WAITING = 200;
/** What the node did not refuse: it was not there, or did not answer. */
const UNANSWERED = ["disconnected", "timeout"];

/**
 * Marks of one's own on conversations to come back to: shown at once, and taken back when the node refuses. What finds no
 * node waits in this browser, the last word about each conversation, and is told with the next connection.
 */
export class OwnMarks {
  constructor({ conversations, request, storage }) {
    Object.assign(this, { conversations, request, storage });
    this.waiting = new Map(storage.get("marks"));
  }

  async set(conv, marked) {
    const before = this.conversations.get(conv)?.marked_unread;
    this.#show(conv, marked);
    this.waiting.delete(conv);
    this.waiting.set(conv, marked);
    try {
      await this.#tell(conv, marked);
    } catch (error) {
      // Unless it was changed anew meanwhile.
      if (this.conversations.get(conv)?.marked_unread === marked) this.#show(conv, before);
      throw error;
    }
  }

  /** There is a connection: tell what waits. What is refused now goes with the list that is asked for next. */
  async flush() {
    for (const [conv, marked] of [...this.waiting]) await this.#tell(conv, marked).catch(() => {});
  }

  async #tell(conv, marked) {
    try {
      await this.request({ op: "mark_unread", conv, marked_unread: marked });
      this.#told(conv, marked);
    } catch (error) {
      if (UNANSWERED.includes(error.code)) this.#keep();
      else {
        this.#told(conv, marked);
        throw error;
      }
    }
  }

  #told(conv, marked) {
    if (this.waiting.get(conv) !== marked) return;
    this.waiting.delete(conv);
    this.#keep();
  }

  #keep() {
    while (this.waiting.size > MAX_WAITING) this.waiting.delete(this.waiting.keys().next().value);
    this.storage.set("marks", [...this.waiting]);
  }

  #show(conv, marked) {
    this.conversations.update(conv, (summary) => ({ ...summary, marked_unread: marked }));
  }
}
