import { html, useState } from "../../../vendor/preact.js";
import { silence } from "../../client/group-acts.js";
import { FOREVER } from "../chat/silenced.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { useFormats } from "../formats.js";
import { Dialog } from "../layer-views.js";
import { useForm } from "../use-form.js";

/** For how many minutes a member may be silenced; null: until somebody lets them write again. */
const SPANS = [10, 60, 1440, 10_080, null];

/** Keep a member from writing in a group. */
export function SilenceDialog({ group, user, name, onChange = () => {}, close }) {
  const { t, client } = useApp();
  const formats = useFormats();
  const [chosen, setChosen] = useState(1);
  const [form, submit] = useForm(async () => {
    const minutes = SPANS[chosen];
    await silence(client, group.id, user, minutes);
    onChange({ silenced_until: minutes === null ? FOREVER : client.now() + minutes * 60_000 });
    close();
  });
  return html`<${Dialog} title=${t("groups.silence_title", { name })} close=${close}>
    <form class="db" onSubmit=${submit}>
      <p>${t("groups.silence_text", { name })}</p>
      <div class="field"><label for="silence-for">${t("groups.silence_for")}</label>
        <div class="inp"><select id="silence-for" value=${chosen} onChange=${(event) => setChosen(Number(event.currentTarget.value))}>
          ${SPANS.map((span, at) => html`<option key=${at} value=${at}>${span ? formats.span(span * 60_000) : t("groups.silence_forever")}</option>`)}
        </select></div></div>
      ${form.error && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy}>${t("groups.silence_do")}</button>
      </footer>
    </form>
  <//>`;
}
