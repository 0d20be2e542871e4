import { signal } from "../../../vendor/preact.js";
import { LogWindow } from "../../core/window.js";

/** Within this distance of the end new messages are followed, in CSS pixels. */
const FOLLOW_PX = 80;
/** This close to an edge of what is shown, more is fetched. */
const AHEAD_PX = 900;
/** What was led to is marked this long, in ms. */
const FLASH_MS = 1_600;
/** Where one is led: the newest message. */
const END = { selector: null };

/**
 * Holds the reader's place in a log: what is being read stays where it is while entries come and go
 * around it, and at the end new ones are followed. `settle` runs after every drawing.
 */
export class ScrollKeeper {
  constructor({ log, history, conv, redraw }) {
    Object.assign(this, { log, history, conv, redraw });
    this.window = new LogWindow();
    this.stuck = true;
    this.atBottom = signal(true);
    this.anchor = null;
    this.target = null;
    this.scroller = null;
    this.content = null;
  }

  get following() {
    return this.window.following;
  }

  slice() {
    return this.window.slice(this.log.entries, { stuck: this.stuck });
  }

  /** Begin at the "new messages" line, or at the end. */
  open(newAfter) {
    const { entries, atEnd } = this.log;
    if (newAfter === null || !entries.length) return;
    this.window.around(entries, newAfter + 1, { atEnd });
    this.stuck = false;
    this.target = { selector: ".new", share: 0.25 };
  }

  /** Follow changes of size; answers how to stop. */
  attach(scroller, content) {
    this.scroller = scroller;
    this.content = content;
    this.log.reading = true;
    const observer = new ResizeObserver(() => this.settle(scroller, content));
    observer.observe(scroller);
    observer.observe(content);
    // What comes above now must not move what the first drawing has shown.
    this.scrolled();
    return () => {
      observer.disconnect();
      this.log.leave();
    };
  }

  toEnd() {
    const go = () => {
      this.window.toEnd();
      // A scroll event that comes before the drawing must not end this.
      this.target = END;
      this.redraw();
    };
    if (this.log.atEnd) go();
    else this.history.load(this.conv).then(go);
  }

  /** Bring a message into view and mark it for a moment; false when it cannot be had. */
  async toMessage(seq) {
    // What is being loaded now may be another place.
    await this.history.busy.get(`load ${this.conv}`);
    if (!this.log.get(seq)) await this.history.load(this.conv, { around: seq });
    if (!this.log.get(seq)) return false;
    this.stuck = false;
    this.window.around(this.log.entries, seq, { atEnd: this.log.atEnd });
    this.target = { selector: `[data-seq="${seq}"]`, share: 0.4, flash: true };
    this.redraw();
    return true;
  }

  scrolled() {
    this.#remember();
    this.#fill();
  }

  /** Put the scroll position where it belongs after the rows have changed. */
  settle(scroller, content) {
    if (!scroller.clientHeight) return;
    if (this.target) this.#showTarget(scroller, content);
    else if (this.stuck) scroller.scrollTop = scroller.scrollHeight;
    else if (this.anchor) this.#hold(scroller, content);
    this.#remember();
    this.#fill();
  }

  /** Put what is read back in its place. */
  #hold(scroller, content) {
    const { key, top, scrollTop } = this.anchor;
    const row = content.querySelector(`[data-key="${key}"]`);
    if (!row) return;
    // The reader may have scrolled since, with the event still to come; or the end has come nearer.
    const cut = scroller.scrollTop < scrollTop && restOf(scroller) < 1;
    const scrolled = cut ? 0 : scroller.scrollTop - scrollTop;
    const moved = topOf(row, scroller) - (top - scrolled);
    if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
  }

  #showTarget(scroller, content) {
    const { selector, share, flash } = this.target;
    const row = selector && content.querySelector(selector);
    this.target = null;
    if (!row) {
      scroller.scrollTop = scroller.scrollHeight;
      return;
    }
    scroller.scrollTop += topOf(row, scroller) - scroller.clientHeight * share;
    if (!flash) return;
    row.classList.add("flash");
    setTimeout(() => row.classList.remove("flash"), FLASH_MS);
    row.focus({ preventScroll: true });
  }

  #remember() {
    const { scroller, content } = this;
    if (!scroller?.clientHeight) return;
    const rest = restOf(scroller);
    this.stuck = this.following && this.log.atEnd && rest <= FOLLOW_PX;
    if (!this.log.loaded) this.stuck = true;
    this.log.readAt = this.stuck ? null : this.window.first;
    this.atBottom.value = this.stuck || (this.following && this.log.atEnd && rest <= FOLLOW_PX);
    this.anchor = anchorIn(content, scroller);
  }

  /** Show or fetch more where the reader comes near an edge. */
  #fill() {
    const { scroller, log } = this;
    if (!scroller?.clientHeight || !log.loaded || this.target) return;
    const above = scroller.scrollTop;
    const below = restOf(scroller);
    if (above < AHEAD_PX) {
      if (this.window.up(log.entries)) this.redraw();
      else if (!log.start && !this.history.busy.has(`older ${this.conv}`)) this.#older();
    }
    if (below < AHEAD_PX) {
      if (this.window.down(log.entries, { atEnd: log.atEnd })) this.redraw();
      else if (!log.atEnd) this.#newer();
    }
  }

  #newer() {
    const { history, conv } = this;
    if (history.log(conv).error.value || history.busy.has(`newer ${conv}`) || history.busy.has(`catch ${conv}`)) return;
    history.newer(conv);
  }

  #older() {
    const held = this.history.log(this.conv);
    if (held.error.value) return;
    this.history.older(this.conv).then(() => {
      if (this.window.up(this.log.entries)) this.redraw();
    });
  }
}

/** The first row that reaches below the upper edge: how far its top is below it, at this scroll position. */
function anchorIn(content, scroller) {
  const edge = scroller.getBoundingClientRect().top;
  const rows = content.children;
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].getBoundingClientRect().bottom < edge) low = middle + 1;
    else high = middle;
  }
  while (low < rows.length && !rows[low].dataset.key) low += 1;
  const row = rows[low];
  return row ? { key: row.dataset.key, top: row.getBoundingClientRect().top - edge, scrollTop: scroller.scrollTop } : null;
}

/** How much is below what is in view. */
function restOf(scroller) {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
}

function topOf(row, scroller) {
  return row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
}
