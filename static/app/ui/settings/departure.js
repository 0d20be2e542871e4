import { html, useState } from "../../../vendor/preact.js";
import { removeAccount } from "../../client/account-acts.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Dialog } from "../layer-views.js";
import { SettingsForm } from "./form.js";
import { ExportLink } from "./own-data.js";

/** Delete one's own account for good. */
export function DepartureCard() {
  const { t, layers } = useApp();
  return html`<section class="card list">
    <button type="button" class="opt dg" onClick=${() => layers.open(DeleteAccount)}>
      <${Icon} name="trash" /><div>${t("departure.title")}<small>${t("departure.short")}</small></div></button>
  </section>`;
}

/** Say what happens, then ask for the password. */
function DeleteAccount({ close }) {
  const { t, client, logOut } = useApp();
  const [sure, setSure] = useState(false);
  const guest = client.account.user.value.kind === "guest";
  const leave = ({ password }) => logOut(() => removeAccount(client, password));
  return html`<${Dialog} title=${t("departure.title")} close=${close}>
    <div class="db departure">
      <div class="sumerr"><${Icon} name="alert" /><b>${t("departure.final")}</b></div>
      <ul class="facts">
        ${["messages", "groups", "lists", "sessions", "name"].map((fact) => html`<li key=${fact}>${t(`departure.${fact}`)}</li>`)}
      </ul>
      <${ExportLink} look="btn quiet"><${Icon} name="download" size="s" />${t("departure.export")}<//>
      <label class="mem"><input type="checkbox" checked=${sure} onChange=${() => setSure(!sure)} /><span>${t("departure.sure")}</span></label>
      <${SettingsForm} key=${sure} id="departure" danger action=${t("departure.do")} save=${leave} onCancel=${close} ready=${sure}
        fields=${guest || !sure ? [] : [{ name: "password", label: t("form.password_now"), type: "password", autocomplete: "current-password", required: true }]} />
    </div>
  <//>`;
}
