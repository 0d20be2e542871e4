/** A sign of typing holds this long, and is sent at most this often, in ms. */
const SHOWN_MS = 6_000;
const SENT_EVERY_MS = 3_000;

/** Who is writing where. `changed(conv)` is called whenever the answer of `users(conv)` changes. */
export class Typing {
  constructor({ send, clock, changed }) {
    this.sendFrame = send;
    this.clock = clock;
    this.changed = changed;
    this.timers = new Map();
    this.sentAt = new Map();
  }

  users(conv) {
    return [...(this.timers.get(conv)?.keys() ?? [])];
  }

  receive(conv, user) {
    const users = this.timers.get(conv) ?? new Map();
    this.timers.set(conv, users);
    const known = users.has(user);
    this.clock.clearTimeout(users.get(user));
    users.set(user, this.clock.setTimeout(() => this.stop(conv, user), SHOWN_MS));
    if (!known) this.changed(conv);
  }

  /** Their message arrived, or the time is over. */
  stop(conv, user) {
    const users = this.timers.get(conv);
    if (!users?.has(user)) return;
    this.clock.clearTimeout(users.get(user));
    users.delete(user);
    if (!users.size) this.timers.delete(conv);
    this.changed(conv);
  }

  /** I am writing to `target`. */
  tell(target) {
    const now = this.clock.now();
    if (now - (this.sentAt.get(target) ?? -Infinity) < SENT_EVERY_MS) return;
    if (this.sendFrame({ op: "typing", to: target })) this.sentAt.set(target, now);
  }

  /** My message left, so the next letter is news again. */
  told(target) {
    this.sentAt.delete(target);
  }
}
