import { html, useState } from "../../vendor/preact.js";
import { copyText } from "./chat/clipboard.js";
import { useApp } from "./context.js";
import { Icon } from "./elements.js";

/** Something to be copied: a secret that is told once, an address, a line for a terminal. */
export function Secret({ id, label, value, hint = null }) {
  const { t } = useApp();
  const [copied, setCopied] = useState(null);
  const copy = async () => setCopied(await copyText(value));
  return html`<div class="field secret">
    <label for=${id}>${label}</label>
    <div class="inp">
      <input id=${id} class="mono" readonly value=${value} aria-describedby="${id}-hint" onFocus=${(event) => event.currentTarget.select()} />
      <button type="button" class="btn quiet small" onClick=${copy}><${Icon} name=${copied ? "check" : "copy"} size="s" />${t("message.copy")}
        <span class="vh">${label}</span></button>
    </div>
    <p class="hint" id="${id}-hint" role="status">${copied === null ? hint : t(copied ? "message.copied" : "message.copy_failed")}</p>
  </div>`;
}

/** What others see who open such an address for the first time, where this server vouches for itself. */
export function TrustHint() {
  const { t, client } = useApp();
  if (location.protocol !== "https:" || !client.boot.trust) return null;
  return html`<p class="hint">${t("secret.trust", { address: `http://${location.host}${client.boot.trust}` })}</p>`;
}
