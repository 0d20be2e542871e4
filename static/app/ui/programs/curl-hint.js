import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";

/** What a terminal needs where this server vouches for itself. */
export function CurlHint() {
  const { t, client } = useApp();
  if (location.protocol !== "https:" || !client.boot.trust) return null;
  return html`<p class="hint">${t("secret.curl")} <a href=${client.boot.trust}>${t("plain.how")}</a></p>`;
}
