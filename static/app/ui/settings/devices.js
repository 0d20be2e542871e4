import { html, useEffect, useState } from "../../../vendor/preact.js";
import { changePassword, endOtherSessions, endSession } from "../../client/account-acts.js";
import { useApp } from "../context.js";
import { Icon, LoadError, Skeleton } from "../elements.js";
import { Confirm, Dialog } from "../layer-views.js";
import { DeviceLink } from "./device-link.js";
import { deviceName } from "./device-name.js";
import { SettingsForm } from "./form.js";
import { failing } from "../reason.js";

/** Where I am logged in. */
export function DevicesCard() {
  const { t, client, layers } = useApp();
  const { account } = client;
  const guest = account.user.value.kind === "guest";
  const [error, setError] = useState(null);
  const sessions = account.sessions.value;
  const load = () => account.refreshSessions().then(() => setError(null), setError);
  useEffect(() => void load(), []);
  const failed = failing({ t, layers });
  const endOthers = () =>
    layers.open(Confirm, {
      title: t("devices.end_others"),
      text: t("devices.end_others_text"),
      action: t("devices.end_others"),
      onConfirm: () => endOtherSessions(client),
    });
  return html`<section class="card list">
    <h3><span>${t("devices.title")}</span>
      ${sessions?.length > 1 &&
      html`<button type="button" class="btn danger small" onClick=${endOthers}>${t("devices.end_others")}</button>`}</h3>
    ${!sessions && (error
      ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`
      : html`<${Skeleton} rows=${2} label=${t("state.loading")} />`)}
    <ul>
      ${sessions?.map(
        (session) => html`<${Device} key=${session.id} session=${session} end=${() => endSession(client, session.id).catch(failed)} />`,
      )}
    </ul>
    ${!guest &&
    html`<button type="button" class="opt" onClick=${() => layers.open(DeviceLink)}>
      <${Icon} name="qr" /><div>${t("linking.open")}<small>${t("linking.open_text")}</small></div><${Icon} name="next" /></button>`}
  </section>`;
}

function Device({ session, end }) {
  const { t, times } = useApp();
  const { device, address, current, seen_at: seenAt } = session;
  const phone = /android|iphone|ipad|mobile/i.test(device);
  return html`<li class="sess">
    <span class="ic"><${Icon} name=${phone ? "phone" : "screen"} /></span>
    <div>
      <b>${deviceName(t, device)}${current && html`<span class="tag ok">${t("devices.this")}</span>`}</b>
      <small>${[address, !current && seenAt && t("devices.seen", { time: times.ago(seenAt) })].filter(Boolean).join(" · ")}</small>
    </div>
    ${!current && html`<button type="button" class="btn quiet small" onClick=${end}>${t("action.log_out")}
      <span class="vh">${deviceName(t, device)}</span></button>`}
  </li>`;
}

export function PasswordCard() {
  const { t, layers } = useApp();
  return html`<section class="card">
    <h3>${t("form.password")}</h3>
    <button type="button" class="opt" onClick=${() => layers.open(ChangePassword)}>
      <${Icon} name="key" /><div>${t("settings.change_password")}<small>${t("settings.password_text")}</small></div><${Icon} name="next" /></button>
  </section>`;
}

function ChangePassword({ close }) {
  const { t, client, layers } = useApp();
  const password = (name, label, autocomplete) => ({ name, label, type: "password", autocomplete, required: true });
  const changed = () => {
    close();
    client.account.refreshSessions().catch(() => {});
    layers.say(t("settings.password_changed"));
  };
  return html`<${Dialog} title=${t("settings.change_password")} close=${close}>
    <div class="db">
      <${SettingsForm} id="password" action=${t("settings.change_password")} onSaved=${changed} onCancel=${close}
        save=${(values) => changePassword(client, values)}
        check=${({ new_password: chosen, repassword }) => (chosen === repassword ? {} : { repassword: t("form.differ") })}
        fields=${[
          password("password", t("form.password_now"), "current-password"),
          password("new_password", t("form.password_new"), "new-password"),
          password("repassword", t("form.repassword"), "new-password"),
        ]} />
    </div>
  <//>`;
}

export function LogOutCard() {
  const { t, client, layers, logOut } = useApp();
  const ask = () => {
    const unsent = client.outbox.waiting + client.outbox.failed;
    if (!unsent) {
      logOut().catch(failing({ t, layers }));
      return;
    }
    layers.open(Confirm, {
      title: t("action.log_out"),
      text: t("settings.log_out_waiting", { n: unsent }),
      action: t("action.log_out"),
      onConfirm: logOut,
    });
  };
  return html`<section class="card list">
    <button type="button" class="opt dg" onClick=${ask}><${Icon} name="logout" /><span>${t("action.log_out")}</span></button>
  </section>`;
}
