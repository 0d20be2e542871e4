import { html } from "../../../vendor/preact.js";
import { register } from "../../client/account-acts.js";
import { useApp } from "../context.js";
import { Avatar } from "../elements.js";
import { lazy } from "../lazy.js";
import { SettingsForm } from "./form.js";
import { changes, profileFields } from "./profile-fields.js";

const CropDialog = lazy(() => import("../media/crop.js"), "CropDialog", ["crop"]);

/** How others see me; the picture may be changed by guests too. */
function Head({ user }) {
  const { t, client, layers } = useApp();
  const changePicture = () =>
    layers.open(CropDialog, {
      title: t("crop.mine"),
      present: Boolean(user.avatar),
      save: (avatar) => client.account.change({ avatar }).then(() => layers.say(t("settings.saved"))),
    });
  return html`<div class="me-head"><${Avatar} id=${user.id} name=${user.name} size="l" />
    <div><h3>${user.name}</h3><p class="muted">${t("people.number", { id: String(user.id) })}</p>
      <button type="button" class="btn quiet small" onClick=${changePicture}>${t("crop.change")}</button></div></div>`;
}

/** What others know of me, and how to reach me. */
export function ProfileCard({ user }) {
  const { t, client, layers } = useApp();
  const loaded = user.email !== undefined;
  return html`<section class="card">
    <${Head} user=${user} />
    <${SettingsForm}
      key=${loaded}
      id="profile"
      initial=${user}
      fields=${profileFields(t, ["username", "tel", "email"])}
      action=${t("action.save")}
      save=${(values) => client.account.change(changes(user, values))}
      onSaved=${() => layers.say(t("settings.saved"))}
    />
  </section>`;
}

/** A guest becomes a registered user and keeps everything. */
export function RegisterCard({ user }) {
  const { t, client, layers } = useApp();
  return html`<section class="card"><${Head} user=${user} /></section>
  <section class="card">
    <h3>${t("guest.register")}</h3>
    <p class="lead">${t("guest.register_text")}</p>
    <${SettingsForm}
      id="register"
      initial=${{ name: user.name }}
      fields=${[
        { name: "name", label: t("form.name"), autocomplete: "username", maxlength: 32, required: true },
        { name: "password", label: t("form.password"), type: "password", autocomplete: "new-password", required: true },
        { name: "repassword", label: t("form.repassword"), type: "password", autocomplete: "new-password", required: true },
      ]}
      check=${({ password, repassword }) => (password === repassword ? {} : { repassword: t("form.differ") })}
      action=${t("register.submit")}
      save=${(values) => register(client, values)}
      onSaved=${() => layers.say(t("guest.registered"))}
    />
  </section>`;
}
