import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Bulletin, Once } from "./bulletin.js";

/** Where this page could be had securely, if it is not: browsers then withhold some of their parts. */
function usePlain() {
  const { client } = useApp();
  return window.isSecureContext ? null : client.boot.trust;
}

/** What is missing on a page without encryption, until "Got it". */
export function PlainNotice() {
  const { t } = useApp();
  const trust = usePlain();
  if (!trust) return null;
  return html`<${Once} name="plain" icon="lock" label=${t("plain.title")} done=${t("plain.ok")}>
    ${t("plain.notice")} <a href=${trust}>${t("plain.how")}</a><//>`;
}

/** The same among the settings, for good. */
export function PlainCard() {
  const { t } = useApp();
  const trust = usePlain();
  if (!trust) return null;
  return html`<section class="card">
    <h3>${t("plain.title")}</h3>
    <p class="lead">${t("plain.notice")}</p>
    <a class="btn quiet" href=${trust}><${Icon} name="lock" />${t("plain.how")}</a>
  </section>`;
}

/** Without a connection: what a page does that the browser does not keep. */
export function PlainOffline() {
  const { t, client } = useApp();
  if (window.isSecureContext || !client.offline.value) return null;
  return html`<${Bulletin} icon="info" label=${t("plain.title")}>${t("plain.offline")}<//>`;
}
