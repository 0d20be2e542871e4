import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Field } from "../form-elements.js";
import { Dialog } from "../layer-views.js";
import { Secret, TrustHint } from "../secret.js";
import { useForm } from "../use-form.js";

/** Make an invitation; its address and QR code are shown once. */
export function Invite({ administration, onMade, close }) {
  const { t, client } = useApp();
  const [note, setNote] = useState("");
  const [uses, setUses] = useState("1");
  const [days, setDays] = useState("7");
  const [group, setGroup] = useState("");
  const [made, setMade] = useState(null);
  const [form, submit] = useForm(async () => {
    const found = await administration.invite({
      note: note.trim(),
      uses: Number(uses),
      days: Number(days),
      group: group ? Number(group) : null,
    });
    setMade(found);
    onMade();
  });
  const led = client.groups.list.value.filter(({ role }) => role !== "member");
  const at = (field) => (form.field === field ? form.error : null);
  if (made) {
    return html`<${Dialog} title=${t("admin.invitation_made")} close=${close} holds="secret" key="made">
      <div class="db stack">
        <p>${t("admin.invitation_once")}</p>
        <img class="qr" src=${made.qr} alt=${t("secret.qr", { address: made.url })} />
        <${Secret} id="invitation-url" label=${t("admin.address")} value=${made.url} />
        <${TrustHint} />
        <footer class="da"><button type="button" class="btn primary" onClick=${close}>${t("secret.noted")}</button></footer>
      </div>
    <//>`;
  }
  return html`<${Dialog} title=${t("admin.invite")} close=${close} key="ask">
    <form class="db" noValidate onSubmit=${submit}>
      <${Field} id="invite-note" label=${t("admin.invite_note")} hint=${t("admin.invite_note_hint")} value=${note} onInput=${setNote}
        error=${at("note")} maxlength="200" autocomplete="off" />
      <div class="two-in">
        <${Field} id="invite-uses" label=${t("admin.invite_uses")} value=${uses} onInput=${setUses} error=${at("uses")}
          type="number" min="1" inputmode="numeric" />
        <${Field} id="invite-days" label=${t("admin.invite_days")} value=${days} onInput=${setDays} error=${at("days")}
          type="number" min="1" inputmode="numeric" />
      </div>
      ${led.length > 0 &&
      html`<div class="field"><label for="invite-group">${t("admin.invite_group")}</label>
        <div class="inp"><select id="invite-group" value=${group} onChange=${(event) => setGroup(event.currentTarget.value)}>
          <option value="">${t("admin.invite_no_group")}</option>
          ${led.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
        </select></div></div>`}
      ${form.error && !["note", "uses", "days"].includes(form.field) &&
      html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy || !(Number(uses) >= 1) || !(Number(days) >= 1)}>${t("admin.invite")}</button>
      </footer>
    </form>
  <//>`;
}
