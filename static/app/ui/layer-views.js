import { html, useLayoutEffect, useRef } from "../../vendor/preact.js";
import { useApp } from "./context.js";
import { IconButton } from "./elements.js";

/** A modal dialog: the browser keeps the focus inside and closes it on Esc. */
export function Dialog({ title, close, children, class: extra = "", labelled = true }) {
  const { t } = useApp();
  const ref = useRef(null);
  useLayoutEffect(() => {
    ref.current.showModal();
    (ref.current.querySelector("input, textarea, footer button") ?? ref.current).focus();
  }, []);
  return html`<dialog
    ref=${ref}
    tabindex="-1"
    class="dlg pop ${extra}"
    aria-label=${title}
    onClose=${close}
    onCancel=${(event) => {
      event.preventDefault();
      close();
    }}
    onClick=${(event) => event.target === ref.current && close()}
  >
    ${labelled &&
    html`<header class="dh">
      <h2>${title}</h2>
      <${IconButton} icon="close" label=${t("action.close")} onClick=${close} />
    </header>`}
    ${children}
  </dialog>`;
}

/** Ask before something that cannot return. */
export function Confirm({ close, title, text, action, onConfirm }) {
  const { t, layers } = useApp();
  const run = async () => {
    close();
    try {
      await onConfirm();
    } catch (error) {
      layers.say(error.message || t("state.error"));
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
