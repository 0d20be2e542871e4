import { html, useEffect } from "../../../vendor/preact.js";
import { partOf } from "../../client/parts.js";
import { NAME, QuickReplies } from "../../client/quick-replies.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { useOffered } from "../offered.js";
import { Words } from "./words.js";

/** Those that a key of their own number finds. */
const NUMBERED = 9;

/**
 * One's quick replies above the field. `query`: what follows the slash; null when a button opened it. `name`:
 * of whoever is answered. The keys stay in the field: `handle.current(event)` answers whether one was taken.
 * `send(text)`, `fill(text)`.
 */
export function QuickPanel({ query, name, handle, send, fill, close, within }) {
  const { t, client, router } = useApp();
  const store = partOf(client, QuickReplies);
  const list = store.list.value;
  useEffect(() => void store.refresh(), []);
  const shown = matching(list ?? [], query ?? "");
  const { current, step } = useOffered({ items: shown, field: () => within.current.querySelector("textarea"), name: "quick", since: query });
  // A function: a text has places of its own, so that "$$" would be "$".
  const filled = ({ text }) => text.replaceAll(NAME, () => name);
  // After a slash without a match one is just writing.
  const hidden = query !== null && !shown.length;
  handle.current = (event) => {
    if (hidden) return false;
    if (step(event)) return true;
    if (event.key === "Enter" && !event.shiftKey && current) send(filled(current));
    else if (event.key === "Tab" && !event.shiftKey && current) fill(filled(current));
    else if (event.key === "Escape") close();
    else return false;
    return true;
  };
  useEffect(() => () => (handle.current = null), []);
  useEffect(() => {
    const away = (event) => within.current?.contains(event.target) || close();
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, []);
  if (hidden) return null;
  /** The focus stays in the field, and a phone's keyboard where it is. */
  const stay = (event) => event.preventDefault();
  return html`<section class="quick pop" aria-label=${t("quick.title")} onMouseDown=${stay}>
    <header class="qh"><h3>${t("quick.title")}</h3>
      <${IconButton} small icon="edit" label=${t("quick.manage")} onClick=${() => router.go("settings", "quick")} />
      <${IconButton} small icon="close" label=${t("action.close")} onClick=${close} />
    </header>
    ${!list && !store.error.value && html`<p class="nothing" role="status"><span class="spin"></span><span class="vh">${t("state.loading")}</span></p>`}
    ${!list && store.error.value &&
    html`<p class="nothing" role="alert">${t("quick.error")}
      <button type="button" class="btn quiet small" onClick=${() => store.refresh()}>${t("action.retry")}</button></p>`}
    ${list && !list.length && html`<p class="nothing" role="status">${t("quick.empty")}</p>`}
    ${shown.length > 0 &&
    html`<div class="ql" id="quick-list" role="grid" aria-label=${t("quick.title")}>
      ${shown.map(
        (reply) => html`<div class="qi" role="row" id="quick-${reply.id}" key=${reply.id} aria-selected=${reply === current ? "true" : "false"}>
          <span role="gridcell"><button type="button" class="qs" tabindex="-1" onClick=${() => send(filled(reply))}>
            ${reply.number <= NUMBERED ? html`<kbd aria-hidden="true">${reply.number}</kbd>` : html`<span></span>`}
            <span class="qt"><${Words} text=${reply.text} name=${name} /></span></button></span>
          <span role="gridcell"><button type="button" class="ib sm" tabindex="-1" title=${t("quick.fill")}
            aria-label=${t("quick.fill_it", { text: filled(reply) })} onClick=${() => fill(filled(reply))}><${Icon} name="text" size="s" /></button></span>
        </div>`,
      )}
    </div>
    <p class="qf keys" aria-hidden="true">
      <span><kbd>↑</kbd>${" "}<kbd>↓</kbd>${" "}${t("quick.choose")}</span><span><kbd>Enter</kbd>${" "}${t("quick.send")}</span>
      <span><kbd>Tab</kbd>${" "}${t("quick.fill")}</span></p>`}
  </section>`;
}

/** Those that have the letters, or the number; each with its number from 1. */
function matching(list, query) {
  const wanted = query.trim().toLowerCase();
  return list
    .map((reply, index) => ({ ...reply, number: index + 1 }))
    .filter(({ text, number }) => !wanted || String(number) === wanted || text.toLowerCase().includes(wanted));
}
