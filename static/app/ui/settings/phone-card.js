import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";

/** This server's address for a phone's camera; nothing where no other device can come. */
export function PhoneCard() {
  const { t } = useApp();
  const [shown, setShown] = useState(true);
  return shown && html`<section class="card phone-card">
    <h3>${t("phone.title")}</h3>
    <img src="/open.svg" width="148" height="148" alt=${t("phone.settings_code")} onError=${() => setShown(false)} />
    <p>${t("phone.text")}</p>
  </section>`;
}
