import { html, useLayoutEffect, useRef } from "../../vendor/preact.js";
import { useApp } from "./context.js";
import { IconButton } from "./elements.js";
import { reason } from "./reason.js";

/**
 * A modal dialog: the browser keeps the focus inside and closes it on Esc. A click beside it closes what
 * was only looked at, not what holds something: fields that were changed, `work` that cannot be seen in
 * them, or a `secret` that is told once, which neither Esc nor a cross closes.
 */
export function Dialog({ title, close, children, class: extra = "", labelled = true, holds = null }) {
  const { t } = useApp();
  const ref = useRef(null);
  const before = useRef(null);
  /** Whether a press began beside the dialog; marking text may end there. */
  const beside = useRef(false);
  useLayoutEffect(() => {
    ref.current.showModal();
    (ref.current.querySelector("input:not([hidden]), select, textarea, footer button") ?? ref.current).focus();
    before.current = filledIn(ref.current);
  }, []);
  return html`<dialog
    ref=${ref}
    tabindex="-1"
    class="dlg pop ${extra}"
    aria-label=${title}
    onClose=${close}
    onCancel=${(event) => {
      event.preventDefault();
      if (holds !== "secret") close();
    }}
    onPointerDown=${(event) => (beside.current = event.target === ref.current)}
    onClick=${(event) => {
      if (event.target !== ref.current || !beside.current) return;
      if (!holds && filledIn(ref.current) === before.current) close();
    }}
  >
    ${labelled &&
    html`<header class="dh">
      <h2>${title}</h2>
      ${holds !== "secret" && html`<${IconButton} icon="close" label=${t("action.close")} onClick=${close} />`}
    </header>`}
    ${children}
  </dialog>`;
}

/** What the fields of a dialog say. */
function filledIn(dialog) {
  const fields = [...dialog.querySelectorAll("input, textarea, select")];
  return JSON.stringify(fields.map(({ type, value, checked }) => [value, /^(checkbox|radio)$/.test(type) && checked]));
}

/** Ask before something that cannot return. */
export function Confirm({ close, title, text, action, onConfirm }) {
  const { t, layers } = useApp();
  const run = async () => {
    close();
    try {
      await onConfirm();
    } catch (error) {
      layers.say(reason(t, error));
    }
  };
  return html`<${Dialog} title=${title} close=${close} class="confirm">
    <p class="db">${text}</p>
    <footer class="da">
      <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
      <button type="button" class="btn danger" onClick=${run}>${action}</button>
    </footer>
  <//>`;
}
