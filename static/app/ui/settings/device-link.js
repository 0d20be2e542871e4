import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Dialog } from "../layer-views.js";
import { reason } from "../reason.js";
import { Secret, TrustHint } from "../secret.js";
import { deviceName } from "./device-name.js";
import { grouped } from "./factor.js";
import { SettingsForm } from "./form.js";

/** What is left of a code's time is read out at these seconds, not at each. */
const SAID = [60, 30, 10];

/** Log in on a phone: prove that it is oneself, then show a QR code until somebody has come in by it. */
export function DeviceLink({ close }) {
  const { t, client, layers } = useApp();
  const [made, setMade] = useState(null);
  const [asksCode, setAsksCode] = useState(false);
  /** What is not drawn: whether a code was shown, and whether somebody has come in by it. */
  const seen = useRef({ shown: false, opened: false });
  const state = client.state.value;
  const link = client.link.value.name;
  // Whoever closes the dialog wants nobody to come in any more.
  useEffect(() => () => seen.current.shown && client.api.delete("/sessions/link").catch(() => {}), []);
  useEffect(() => void (state?.list === "sessions" && look()), [state]);
  // In case that the news got lost.
  useEffect(() => void (link === "online" && look()), [link]);
  const look = async () => {
    if (!made) return;
    const { opened } = await client.api.get("/sessions/link").catch(() => ({}));
    if (!opened || seen.current.opened) return;
    seen.current = { shown: false, opened: true };
    await client.account.refreshSessions().catch(() => {});
    const session = client.account.sessions.value?.find(({ id }) => id === opened);
    close();
    layers.say(t("linking.done", { device: deviceName(t, session?.device) }));
  };
  const make = async (values) => {
    try {
      setMade(await client.api.post("/sessions/link", values));
      seen.current.shown = true;
    } catch (error) {
      if (error.code === "code_needed") setAsksCode(true);
      throw error;
    }
  };
  return html`<${Dialog} title=${t("linking.open")} close=${close} holds="work">
    <div class="db factor">
      ${made
        ? html`<${Code} made=${made} again=${() => setMade(null)} key=${made.code} />`
        : html`<p class="muted">${t("linking.confirm")}</p>
          <${SettingsForm} id="linking" action=${t("linking.make")} save=${make} onCancel=${close} fields=${[
            { name: "password", label: t("form.password_now"), type: "password", autocomplete: "current-password", required: true },
            ...(asksCode
              ? [{ name: "code", label: t("login.code"), hint: t("login.code_hint"), autocomplete: "one-time-code", maxlength: 32, required: true }]
              : []),
          ]} />`}
    </div>
  <//>`;
}

/** The code and how long it is good; gone when its time is over. */
function Code({ made, again }) {
  const { t, client } = useApp();
  const [left, setLeft] = useState(() => secondsLeft(client, made));
  const heading = useRef(null);
  const button = useRef(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsLeft(client, made)), 250);
    return () => clearInterval(timer);
  }, []);
  const over = left <= 0;
  useEffect(() => void (over && button.current?.focus()), [over]);
  if (over) {
    return html`<p role="alert">${t("linking.over")}</p>
      <div><button type="button" class="btn primary" ref=${button} onClick=${again}>${t("linking.again")}</button></div>`;
  }
  const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  const said = SAID.findLast((seconds) => left <= seconds);
  return html`<p tabindex="-1" ref=${heading}>${t("linking.scan")}</p>
    <img class="qr-code" src=${made.qr} alt=${t("secret.qr", { address: made.url })} width="216" height="216" />
    <p class="hint" role="timer"><${Icon} name="clock" size="s" />${t("linking.left", { time })}</p>
    <p class="vh" role="status">${said ? t("linking.left", { time: `${said} s` }) : ""}</p>
    <${Secret} id="linking-url" label=${t("linking.address")} value=${made.url} />
    <p class="muted">${t("linking.by_hand", { address: made.url.split("#")[0] })}<code class="secret">${grouped(made.code)}</code></p>
    <${TrustHint} />`;
}

const secondsLeft = (client, { expires_at: end }) => Math.max(0, Math.ceil((end - client.now()) / 1000));
