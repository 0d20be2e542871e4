import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Field } from "../form-elements.js";
import { Dialog } from "../layer-views.js";
import { Secret } from "../secret.js";
import { useForm } from "../use-form.js";
import { CurlHint } from "./curl-hint.js";

const SCOPES = ["read", "send", "contacts", "groups"];
/** Days for which a token may be good; empty for no end. */
const DAYS = ["30", "90", "365", ""];
const PROOF = ["password", "code"];

/** Make a token; its secret is shown once, with a line that uses it. */
export function NewToken({ programs, bot, onMade, close }) {
  const { t, client } = useApp();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(["read"]);
  const [days, setDays] = useState("90");
  const [made, setMade] = useState(null);
  const [proof, setProof] = useState({});
  const [form, submit] = useForm(async () => {
    try {
      setMade(await programs.makeToken({ name: name.trim(), scopes, days: days ? Number(days) : null, ...proof }, bot));
    } catch (error) {
      // Some time after the log-in it has to be shown who asks.
      if (PROOF.includes(error.field)) setProof({ [error.field]: "", ...proof });
      throw error;
    }
    onMade();
  });
  if (made) return html`<${MadeToken} made=${made} close=${close} key="made" />`;
  const offered = bot === null && client.account.user.value.role === "admin" ? [...SCOPES, "admin"] : SCOPES;
  const toggle = (scope) => setScopes(scopes.includes(scope) ? scopes.filter((other) => other !== scope) : [...scopes, scope]);
  return html`<${Dialog} title=${t("tokens.make")} close=${close} key="ask">
    <form class="db" noValidate onSubmit=${submit}>
      <${Field} id="token-name" label=${t("tokens.name")} hint=${t("tokens.name_hint")} value=${name} onInput=${setName}
        error=${form.field === "name" ? form.error : null} maxlength="64" autocomplete="off" />
      <fieldset class="picker">
        <legend class="lab">${t("tokens.scopes")}</legend>
        ${offered.map(
          (scope) => html`<label class="opt tick" key=${scope}>
            <input type="checkbox" checked=${scopes.includes(scope)} onChange=${() => toggle(scope)} />
            <span>${t(`tokens.scope_${scope}`)}<small>${t(`tokens.scope_${scope}_text`)}</small></span></label>`,
        )}
      </fieldset>
      <div class="field"><label for="token-days">${t("tokens.days")}</label>
        <div class="inp"><select id="token-days" value=${days} onChange=${(event) => setDays(event.currentTarget.value)}>
          ${DAYS.map((value) => html`<option key=${value} value=${value}>${value ? t("tokens.days_n", { n: Number(value) }) : t("tokens.no_end")}</option>`)}
        </select></div></div>
      ${"password" in proof && html`<${Field} id="token-password" label=${t("form.password_now")} type="password" value=${proof.password}
        onInput=${(password) => setProof({ ...proof, password })} error=${form.field === "password" ? form.error : null} autocomplete="current-password" />`}
      ${"code" in proof && html`<${Field} id="token-code" label=${t("login.code")} hint=${t("login.code_hint")} value=${proof.code}
        onInput=${(code) => setProof({ ...proof, code })} error=${form.field === "code" ? form.error : null} autocomplete="one-time-code" maxlength="32" />`}
      ${form.error && !["name", ...PROOF].includes(form.field) && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy || !name.trim() || !scopes.length}>${t("tokens.make")}</button>
      </footer>
    </form>
  <//>`;
}

function MadeToken({ made, close }) {
  const { t } = useApp();
  const line = made.scopes.includes("read")
    ? `curl -s ${location.origin}/api/conversations -H "Authorization: Bearer ${made.token}"`
    : `curl -s ${location.origin}/api/messages -H "Authorization: Bearer ${made.token}" -d to=u:1 -d text=hello`;
  return html`<${Dialog} title=${t("tokens.made", { name: made.name })} close=${close} holds="secret">
    <div class="db stack">
      <p>${t("tokens.once")}</p>
      <${Secret} id="token-secret" label=${t("tokens.token")} value=${made.token} />
      <${Secret} id="token-line" label=${t("tokens.line")} value=${line} />
      <${CurlHint} />
      <footer class="da"><button type="button" class="btn primary" onClick=${close}>${t("secret.noted")}</button></footer>
    </div>
  <//>`;
}
