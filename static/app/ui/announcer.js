import { html, signal } from "../../vendor/preact.js";
import { useApp } from "./context.js";

/** Lines kept for screen readers; older ones have been read. */
const MAX_LINES = 5;

/** Says new messages of the open conversation once, as "name, text, time". */
export function createAnnouncer() {
  const lines = signal([]);
  let next = 0;
  return {
    lines,
    /** `about` names the entry, so that it can be forgotten. */
    say(text, about) {
      next += 1;
      lines.value = [...lines.value, { id: next, text, about }].slice(-MAX_LINES);
    },
    /** A recalled text is nowhere any more, here neither. */
    forget(about) {
      lines.value = lines.value.filter((line) => line.about !== about);
    },
  };
}

export function Announcer() {
  const { t, announcer } = useApp();
  return html`<div class="vh" role="log" aria-live="polite" aria-label=${t("chat.arrivals")}>
    ${announcer.lines.value.map(({ id, text }) => html`<p key=${id}>${text}</p>`)}
  </div>`;
}
