import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Field, Segments, Switch } from "../form-elements.js";
import { Dialog } from "../layer-views.js";
import { Secret } from "../secret.js";
import { SettingsForm } from "../settings/form.js";
import { changes, profileFields } from "../settings/profile-fields.js";
import { useForm } from "../use-form.js";

/** Change what others see of someone, and how to reach them; `onDone(user, before)` has what was changed. */
export function EditProfile({ user, administration, onDone, close }) {
  const { t } = useApp();
  const save = async (values) => {
    const fields = changes(user, values);
    if (Object.keys(fields).length) {
      const before = Object.fromEntries(Object.keys(fields).map((name) => [name, user[name] ?? ""]));
      onDone(await administration.change(user.id, fields), before);
    }
    close();
  };
  return html`<${Dialog} title=${t("admin.edit_title", { name: user.name })} close=${close}>
    <div class="db"><${SettingsForm} id="user" initial=${user} fields=${profileFields(t)} action=${t("action.save")} save=${save} onCancel=${close} /></div>
  <//>`;
}

/** Bar someone, with a reason for the audit log. */
export function Ban({ user, administration, onDone, close }) {
  const { t } = useApp();
  const [reason, setReason] = useState("");
  const [form, submit] = useForm(async () => {
    await administration.ban(user.id, reason.trim());
    close();
    onDone();
  });
  return html`<${Dialog} title=${t("admin.ban_title", { name: user.name })} close=${close}>
    <form class="db" onSubmit=${submit}>
      <p>${t("admin.ban_text")}</p>
      <${Field} id="ban-reason" label=${t("admin.ban_reason")} hint=${t("admin.ban_reason_hint")} value=${reason}
        onInput=${setReason} error=${form.error} maxlength="200" autocomplete="off" />
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn danger" disabled=${form.busy}>${t("admin.ban")}</button>
      </footer>
    </form>
  <//>`;
}

/** Give someone a password for one log-in; it is shown once. */
export function Reset({ user, administration, onDone, close }) {
  const { t } = useApp();
  const [factor, setFactor] = useState(false);
  const [password, setPassword] = useState(null);
  const [form, submit] = useForm(async () => {
    setPassword((await administration.reset(user.id, factor)).password);
    onDone();
  });
  if (password) {
    return html`<${Dialog} title=${t("admin.reset_done")} close=${close} holds="secret" key="done">
      <div class="db stack">
        <p>${t("admin.reset_once", { name: user.name })}</p>
        <${Secret} id="reset-password" label=${t("form.password")} value=${password} />
        <footer class="da"><button type="button" class="btn primary" onClick=${close}>${t("secret.noted")}</button></footer>
      </div>
    <//>`;
  }
  return html`<${Dialog} title=${t("admin.reset_title", { name: user.name })} close=${close} key="ask">
    <form class="db" onSubmit=${submit}>
      <p>${t("admin.reset_text")}</p>
      ${user.second_factor &&
      html`<div class="opt"><div>${t("admin.reset_factor")}<small>${t("admin.reset_factor_text")}</small></div>
        <${Switch} label=${t("admin.reset_factor")} checked=${factor} onChange=${setFactor} /></div>`}
      ${form.error && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn danger" disabled=${form.busy}>${t("admin.reset_now")}</button>
      </footer>
    </form>
  <//>`;
}

/** An account for a person, or for a program. */
export function NewUser({ administration, onMade, close }) {
  const { t, layers } = useApp();
  const [kind, setKind] = useState("user");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [form, submit] = useForm(async () => {
    await administration.create({ name: name.trim(), kind, ...(kind === "user" ? { password } : {}) });
    close();
    onMade();
    layers.say(t("admin.user_made", { name: name.trim() }));
  });
  const at = (field) => (form.field === field ? form.error : null);
  return html`<${Dialog} title=${t("admin.add_user")} close=${close}>
    <form class="db" noValidate onSubmit=${submit}>
      <${Segments} full label=${t("admin.user_kind")} value=${kind} onChange=${setKind}
        options=${[
          { value: "user", label: t("admin.kind_user") },
          { value: "bot", label: t("admin.kind_bot") },
        ]} />
      <${Field} id="new-user-name" label=${t("form.name")} hint=${t("form.name_hint")} value=${name} onInput=${setName}
        error=${at("name")} maxlength="32" autocomplete="off" />
      ${kind === "user"
        ? html`<${Field} id="new-user-password" label=${t("form.password")} hint=${t("admin.new_password_hint")} type="text"
            value=${password} onInput=${setPassword} error=${at("password")} autocomplete="off" />`
        : html`<p class="muted">${t("admin.kind_bot_text")}</p>`}
      ${form.error && !["name", "password"].includes(form.field) && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy || !name.trim()}>${t("admin.create")}</button>
      </footer>
    </form>
  <//>`;
}
