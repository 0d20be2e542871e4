import { html, useEffect, useMemo, useState } from "../../../vendor/preact.js";
import { Programs } from "../../client/programs.js";
import { useApp } from "../context.js";
import { Icon, LoadError } from "../elements.js";
import { Field } from "../form-elements.js";
import { Confirm, Dialog } from "../layer-views.js";
import { Secret } from "../secret.js";
import { useForm } from "../use-form.js";
import { CurlHint } from "./curl-hint.js";

/** The webhooks of a group, for those who lead it. */
export function WebhooksBlock({ group }) {
  const { t, client, layers, times } = useApp();
  const programs = useMemo(() => new Programs({ api: client.api }), []);
  const [list, setList] = useState(null);
  const [error, setError] = useState(null);
  const load = () => programs.webhooks(group.id).then((found) => (setList(found), setError(null)), setError);
  // Whoever puts a bot out ends its webhook.
  useEffect(() => void load(), [group.id, group.members]);
  const make = () => layers.open(NewWebhook, { programs, group, onMade: load });
  const revoke = (hook) =>
    layers.open(Confirm, {
      title: t("webhooks.revoke_title", { name: hook.name }),
      text: t("webhooks.revoke_text"),
      action: t("tokens.revoke"),
      async onConfirm() {
        await programs.revokeWebhook(group.id, hook.id);
        await load();
      },
    });
  return html`<div class="block hooks">
    <h3><span>${t("webhooks.title")}</span>
      <button type="button" class="btn quiet small" onClick=${make}>${t("webhooks.add")}<span class="vh">${t("webhooks.one")}</span></button></h3>
    ${!list && error && html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`}
    ${list && !list.length && html`<p>${t("webhooks.none")}</p>`}
    <ul>
      ${list?.map(
        (hook) => html`<li class="mem" key=${hook.id}>
          <span class="ic"><${Icon} name="bolt" /></span>
          <div><div class="nm">${hook.name}</div>
            <small>${hook.seen_at ? t("tokens.seen", { time: times.ago(hook.seen_at) }) : t("tokens.unused")}</small></div>
          <button type="button" class="btn quiet small" onClick=${() => revoke(hook)}>${t("tokens.revoke")}<span class="vh">${hook.name}</span></button>
        </li>`,
      )}
    </ul>
  </div>`;
}

function NewWebhook({ programs, group, onMade, close }) {
  const { t } = useApp();
  const [name, setName] = useState("");
  const [made, setMade] = useState(null);
  const [form, submit] = useForm(async () => {
    setMade(await programs.makeWebhook(group.id, name.trim()));
    onMade();
  });
  if (made) {
    return html`<${Dialog} title=${t("webhooks.made", { name: made.name })} close=${close} holds="secret" key="made">
      <div class="db stack">
        <p>${t("webhooks.once")}</p>
        <${Secret} id="hook-url" label=${t("webhooks.address")} value=${made.url} />
        <${Secret} id="hook-line" label=${t("tokens.line")} value=${`curl -s -d '{"text":"${t("webhooks.hello")}"}' ${made.url}`} />
        <${CurlHint} />
        <footer class="da"><button type="button" class="btn primary" onClick=${close}>${t("secret.noted")}</button></footer>
      </div>
    <//>`;
  }
  return html`<${Dialog} title=${t("webhooks.new")} close=${close} key="ask">
    <form class="db" noValidate onSubmit=${submit}>
      <p>${t("webhooks.text")}</p>
      <${Field} id="hook-name" label=${t("webhooks.name")} hint=${t("webhooks.name_hint")} value=${name} onInput=${setName}
        error=${form.error} maxlength="32" autocomplete="off" />
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy || !name.trim()}>${t("webhooks.create")}</button>
      </footer>
    </form>
  <//>`;
}
