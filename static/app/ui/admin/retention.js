import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon, LoadError, Skeleton } from "../elements.js";
import { Field } from "../form-elements.js";
import { useFormats } from "../formats.js";
import { Confirm } from "../layer-views.js";
import { failing } from "../reason.js";
import { useAdmin } from "./context.js";

/** The node takes no more days than this. */
const MOST_DAYS = 36_500;

/** For how long messages keep their content. */
export function RetentionCard() {
  const { t, layers } = useApp();
  const { administration } = useAdmin();
  const [state, setState] = useState(null);
  const [error, setError] = useState(null);
  const load = () => administration.retention().then((found) => (setState(found), setError(null)), setError);
  useEffect(() => void load(), []);
  const set = (days) =>
    administration.setRetention(days).then(
      (found) => {
        setState(found);
        layers.say(t("settings.saved"));
      },
      failing({ t, layers }),
    );
  return html`<section class="card" aria-label=${t("admin.retention")}>
    <h3>${t("admin.retention")}</h3>
    ${state
      ? html`<${Rule} key=${`${state.planned} ${state.messages_days}`} state=${state} set=${set} />`
      : error
        ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`
        : html`<${Skeleton} rows=${2} label=${t("state.loading")} />`}
  </section>`;
}

function Rule({ state, set }) {
  const { t, layers } = useApp();
  const { administration } = useAdmin();
  const formats = useFormats();
  const { messages_days: now, planned, planned_at: at, file, changed } = state;
  const [text, setText] = useState(String(planned ?? now));
  const [wrong, setWrong] = useState(null);
  const words = (days) => (days ? t("admin.kept_days", { n: days }) : t("admin.kept_ever"));
  /** The days of before hold again, whoever said them. */
  const undo = () => set(now === file ? null : now);
  const save = async (event) => {
    event.preventDefault();
    const days = Number(text);
    if (!/^\d+$/.test(text.trim()) || days > MOST_DAYS) {
      setWrong(t("admin.retention_wrong", { most: String(MOST_DAYS) }));
      return;
    }
    setWrong(null);
    if (!days || (now && days >= now)) {
      await set(days);
      return;
    }
    try {
      const { messages, at_least: more } = await administration.countExpiring(days);
      const key = more ? "admin.retention_text_more" : "admin.retention_text";
      layers.open(Confirm, {
        title: t("admin.retention_title", { n: days }),
        text: t(key, { n: messages }),
        action: t("admin.retention_action"),
        onConfirm: () => set(days),
      });
    } catch (error) {
      failing({ t, layers })(error);
    }
  };
  return html`<form class="form" onSubmit=${save} noValidate>
    <p>${words(now)}</p>
    ${planned !== null &&
    html`<p class="hint" role="status"><${Icon} name="alert" size="s" />${t("admin.retention_planned", { n: planned, time: formats.stamp(at) })}
      <button type="button" class="linkish" onClick=${undo}>${t("admin.retention_undo")}</button></p>`}
    <${Field} id="retention" label=${t("admin.retention_days")} hint=${t("admin.retention_hint")} error=${wrong}
      value=${text} onInput=${setText} inputmode="numeric" autocomplete="off" />
    <div><button type="submit" class="btn primary small">${t("action.save")}</button></div>
    <p class="muted">${t(changed === null ? "admin.policy_file" : "admin.policy_said")}
      ${changed !== null && html` <button type="button" class="linkish" onClick=${() => set(null)}>${t("admin.policy_back")}</button>`}</p>
  </form>`;
}
