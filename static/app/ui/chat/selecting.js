import { html, useLayoutEffect, useState } from "../../../vendor/preact.js";
import { partOf } from "../../client/parts.js";
import { Said } from "../../client/said.js";
import { isSelectable, MAX_SELECTED, Selection } from "../../core/selection.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { isComposing } from "../input-method.js";
import { reason } from "../reason.js";

/** To the message itself: what had the focus may be gone with its bar or its menu. */
const focusOn = (seq) =>
  requestAnimationFrame(() => document.querySelector(`.msg[data-seq="${seq}"]`)?.focus({ preventScroll: true }));

/** Begin to choose several messages, with one of them. */
export function begin(selection, entry) {
  selection.value = new Selection([entry], entry.seq);
  focusOn(entry.seq);
}

/** Choose a message or leave it; with `range` all from the last one to it. */
export function choose({ t, client, layers }, selection, entry, range) {
  const before = selection.value;
  if (!before) return;
  const { entries } = client.history.log(entry.conv).log;
  selection.value = range ? before.extended(entry, entries) : before.toggled(entry);
  if (before.full && !before.has(entry.seq)) layers.say(t("select.full", { n: MAX_SELECTED }));
}

/** In the place of the field to write in: how many are chosen, and what can be done with them. */
export function SelectBar({ conv, selection, forward }) {
  const app = useApp();
  const { t, client, layers } = app;
  /** How many of the chosen ones are done, or null. */
  const [done, setDone] = useState(null);
  const { size, last } = selection.value;
  const busy = done !== null;
  const end = () => {
    selection.value = null;
    focusOn(last);
  };
  // Not after the drawing: who sees the bar may press it.
  useLayoutEffect(() => {
    const onKey = (event) => {
      if (event.key !== "Escape" || isComposing(event) || event.defaultPrevented) return;
      if (layers.dialog.value || layers.menu.value || busy) return;
      event.preventDefault();
      end();
    };
    addEventListener("keydown", onKey, true);
    return () => removeEventListener("keydown", onKey, true);
  });
  // As they are now: what was taken back meanwhile is not passed on.
  const now = () => {
    const { log } = client.history.log(conv);
    return selection.value.entries.map((entry) => log.get(entry.seq) ?? entry).filter(isSelectable);
  };
  const pass = () => {
    const entries = now();
    if (entries.length) forward(entries, end);
    else end();
  };
  const hide = async () => {
    const said = partOf(client, Said);
    const hidden = [];
    let refused = null;
    for (const entry of now()) {
      setDone(hidden.length);
      try {
        await said.hide(entry, true);
        hidden.push(entry);
      } catch (error) {
        refused = error;
        break;
      }
    }
    setDone(null);
    const left = selection.value.without(hidden.map(({ seq }) => seq));
    if (refused) {
      selection.value = new Selection(left, last);
      layers.say(t("select.left", { n: left.length, reason: reason(t, refused) }));
      return;
    }
    end();
    const back = async () => {
      for (const entry of hidden) await said.hide(entry, false);
    };
    layers.offerUndo(t("select.deleted", { n: hidden.length }), () => back().catch((error) => layers.say(reason(t, error))));
  };
  return html`<div class="select-bar" role="toolbar" aria-label=${t("select.title")}>
    <${IconButton} icon="close" label=${t("select.end")} disabled=${busy} onClick=${end} />
    <p role="status">${busy ? t("select.progress", { done, n: size }) : t("select.count", { n: size })}</p>
    <div><button type="button" class="btn quiet" disabled=${busy || !size} onClick=${pass}>
      <${Icon} name="forward" size="s" />${t("message.forward")}</button>
    <button type="button" class="btn danger" disabled=${busy || !size} onClick=${hide}>
      <${Icon} name="trash" size="s" />${t("message.delete")}</button></div>
  </div>`;
}
