import { html } from "../../vendor/preact.js";
import { useApp } from "./context.js";
import { lazy } from "./lazy.js";

export const loadMenu = () => import("./menu.js");

const Menu = lazy(loadMenu, "Menu");

/** The dialog, menu and toast that are open now. */
export function Layers() {
  const { layers } = useApp();
  const dialog = layers.dialog.value;
  const menu = layers.menu.value;
  const toast = layers.toast.value;
  return html`
    ${dialog && html`<${dialog.component} key=${dialog.id} close=${layers.close} ...${dialog.props} />`}
    ${menu && html`<${Menu} key="menu" close=${layers.closeMenu} ...${menu} />`}
    <${Toast} toast=${toast} />
  `;
}

function Toast({ toast }) {
  const { t, layers } = useApp();
  return html`<div class="toast-place" role="status">
    ${toast &&
    html`<div class="toast" data-region=${toast.undo ? "" : undefined} onFocusIn=${layers.holdToast} onFocusOut=${layers.leaveToast}>
      <span>${toast.text}</span>
      ${toast.undo &&
      html`<button type="button" onClick=${toast.undo}>${t("action.undo")}</button>`}
    </div>`}
  </div>`;
}
