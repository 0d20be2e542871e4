import { html, useEffect } from "../../../vendor/preact.js";
import { partOf } from "../../client/parts.js";
import { Preferences } from "../../client/preferences.js";
import { useApp } from "../context.js";
import { LoadError } from "../elements.js";
import { Switch } from "../form-elements.js";
import { failing } from "../reason.js";

/** What others are told of me. */
export function PrivacyCard() {
  const { t, client, layers } = useApp();
  const store = partOf(client, Preferences);
  useEffect(() => void store.refresh(), []);
  const values = store.values.value;
  if (!values && store.error.value) {
    return html`<section class="card"><${LoadError} title=${t("state.error")} error=${store.error.value} onRetry=${() => store.refresh()} /></section>`;
  }
  const choose = (on) =>
    store.change({ read_receipts: on }).then(
      // What others have read comes or goes with it.
      () => client.conversations.refresh(),
      failing({ t, layers }),
    );
  return html`<section class="card list">
    <div class="opt"><div>${t("settings.receipts")}<small>${t("settings.receipts_text")}</small></div>
      <${Switch} label=${t("settings.receipts")} checked=${values?.read_receipts ?? true} disabled=${!values} onChange=${choose} /></div>
  </section>`;
}
