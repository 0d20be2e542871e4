import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { copyText } from "../chat/clipboard.js";
import { useApp } from "../context.js";
import { Icon, LoadError } from "../elements.js";
import { Dialog } from "../layer-views.js";
import { SettingsForm } from "./form.js";
import { reason } from "../reason.js";

/** Letters of a secret that stand together, so that it can be typed. */
const TOGETHER = 4;

/** A second factor at log-in: whether there is one, turn it on and off. */
export function FactorCard() {
  const { t, client, layers } = useApp();
  const [enabled, setEnabled] = useState(null);
  const [error, setError] = useState(null);
  const load = () =>
    client.api.get("/me/factor").then((answer) => (setError(null), setEnabled(answer.enabled)), setError);
  useEffect(() => void load(), []);
  if (enabled === null) return error && html`<section class="card"><${LoadError} title=${t("state.error")} error=${error} onRetry=${load} /></section>`;
  const open = () => layers.open(enabled ? FactorOff : FactorOn, { changed: setEnabled });
  return html`<section class="card">
    <h3><span>${t("factor.title")}</span>${enabled && html`<span class="tag ok">${t("factor.is_on")}</span>`}</h3>
    <button type="button" class="opt" onClick=${open}>
      <${Icon} name="phone" /><div>${t(enabled ? "factor.off" : "factor.on")}<small>${t("factor.text")}</small></div><${Icon} name="next" /></button>
  </section>`;
}

const passwordField = (t) => ({
  name: "password",
  label: t("form.password_now"),
  type: "password",
  autocomplete: "current-password",
  required: true,
});

/** Show the secret to an app, prove with a code that it has it, and keep the recovery codes. */
function FactorOn({ changed, close }) {
  const { t, client } = useApp();
  const [made, setMade] = useState(null);
  const [error, setError] = useState(null);
  const [codes, setCodes] = useState(null);
  const begin = () => client.api.post("/me/factor").then((answer) => (setError(null), setMade(answer)), setError);
  useEffect(() => void begin(), []);
  const dialog = useRef(null);
  useEffect(() => made && dialog.current.querySelector("input").focus(), [made]);
  const save = async ({ password, code }) => {
    const answer = await client.api.put("/me/factor", { password, code, secret: made.secret });
    setCodes(answer.codes);
    changed(true);
  };
  if (codes) return html`<${RecoveryCodes} codes=${codes} close=${close} />`;
  return html`<${Dialog} title=${t("factor.on")} close=${close} holds="work">
    <div class="db factor" ref=${dialog}>
      ${error && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${reason(t, error)}</p>
        <button type="button" class="btn quiet" onClick=${begin}>${t("action.retry")}</button>`}
      ${made &&
      html`<p class="muted">${t("factor.scan")}</p>
        <img class="qr-code" src=${made.qr} alt=${t("factor.qr")} width="184" height="184" />
        <p class="muted">${t("factor.type")}<code class="secret">${grouped(made.secret)}</code></p>
        <${SettingsForm} id="factor" action=${t("factor.turn_on")} save=${save} onCancel=${close} fields=${[
          { name: "code", label: t("factor.code"), inputmode: "numeric", autocomplete: "one-time-code", maxlength: 12, required: true },
          passwordField(t),
        ]} />`}
    </div>
  <//>`;
}

/** They are told only once, so they stay until it is said that they are kept. */
function RecoveryCodes({ codes, close }) {
  const { t, layers } = useApp();
  const heading = useRef(null);
  useEffect(() => heading.current.focus(), []);
  const copy = () => copyText(codes.join("\n")).then((done) => layers.say(t(done ? "factor.copied" : "message.copy_failed")));
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }));
    link.download = `${t("factor.file")}.txt`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return html`<${Dialog} title=${t("factor.codes")} close=${close} holds="secret">
    <div class="db factor">
      <p tabindex="-1" ref=${heading}>${t("factor.codes_text")}</p>
      <ul class="codes">${codes.map((code) => html`<li key=${code}><code>${code}</code></li>`)}</ul>
      <div class="two"><button type="button" class="btn quiet" onClick=${copy}><${Icon} name="copy" size="s" />${t("message.copy")}</button>
        <button type="button" class="btn quiet" onClick=${save}><${Icon} name="download" size="s" />${t("factor.download")}</button></div>
      <footer class="da"><button type="button" class="btn primary" onClick=${close}>${t("factor.kept")}</button></footer>
    </div>
  <//>`;
}

function FactorOff({ changed, close }) {
  const { t, client, layers } = useApp();
  const save = async (values) => {
    await client.api.post("/me/factor/off", values);
    changed(false);
    close();
    layers.say(t("factor.is_off"));
  };
  return html`<${Dialog} title=${t("factor.off")} close=${close}>
    <div class="db factor">
      <p class="muted">${t("factor.off_text")}</p>
      <${SettingsForm} id="factor" action=${t("factor.turn_off")} save=${save} onCancel=${close} fields=${[
        passwordField(t),
        { name: "code", label: t("login.code"), hint: t("login.code_hint"), autocomplete: "one-time-code", maxlength: 32, required: true },
      ]} />
    </div>
  <//>`;
}

/** A secret as one types it. */
export const grouped = (secret) => secret.match(new RegExp(`.{1,${TOGETHER}}`, "g")).join(" ");
