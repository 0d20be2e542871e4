import { html, useEffect, useMemo, useState } from "../../../vendor/preact.js";
import { changeGroup } from "../../client/group-acts.js";
import { Joining } from "../../client/joining.js";
import { useApp } from "../context.js";
import { Avatar, Icon } from "../elements.js";
import { Switch } from "../form-elements.js";
import { useFormats } from "../formats.js";
import { Confirm, Dialog } from "../layer-views.js";
import { Secret, TrustHint } from "../secret.js";
import { useForm } from "../use-form.js";
import { failing } from "../reason.js";

/** Days for which a link may be good. */
const DAYS = ["1", "7", "30", "365"];

/** How people come into a group, for those who lead it. */
export function JoiningBlock({ group }) {
  const { t, client, layers } = useApp();
  const formats = useFormats();
  const joining = useMemo(() => new Joining({ api: client.api, people: client.people }), []);
  const [end, setEnd] = useState(null);
  const failed = failing({ t, layers });
  const load = () => joining.linkEnd(group.id).then(setEnd, () => {});
  useEffect(() => void load(), [group.id]);
  const revoke = () =>
    layers.open(Confirm, {
      title: t("groups.link_revoke_title"),
      text: t("groups.link_revoke_text"),
      action: t("tokens.revoke"),
      async onConfirm() {
        await joining.revokeLink(group.id);
        setEnd(null);
      },
    });
  const option = (field) => html`<div class="opt"><div>${t(`groups.${field}`)}<small>${t(`groups.${field}_text`)}</small></div>
    <${Switch} label=${t(`groups.${field}`)} checked=${group[field]}
      onChange=${(on) => changeGroup(client, group.id, { [field]: on }).catch(failed)} /></div>`;
  return html`<div class="block ways">
    <${Requests} group=${group} joining=${joining} failed=${failed} />
    <h3><span>${t("groups.invite")}</span>
      <button type="button" class="btn quiet small" onClick=${() => layers.open(MakeLink, { group, joining, onMade: load })}>
        <${Icon} name="qr" size="s" />${t("groups.link_make")}</button></h3>
    <p>${end ? t("groups.link_until", { time: formats.stamp(end) }) : t("groups.link_none")}
      ${end && html` <button type="button" class="linkish" onClick=${revoke}>${t("tokens.revoke")}<span class="vh">${t("groups.link")}</span></button>`}</p>
    ${option("approval")}${option("leaders_invite")}${option("shows_past")}
  </div>`;
}

/** Who asks to be let in. */
function Requests({ group, joining, failed }) {
  const { t, client, times } = useApp();
  const [list, setList] = useState([]);
  useEffect(() => {
    if (group.requests) joining.requests(group.id).then(setList, failed);
    else setList([]);
  }, [group.id, group.requests]);
  if (!list.length) return null;
  const decide = (promise) => promise.then(() => client.groups.refresh(), failed);
  return html`
    <h3><span>${t("groups.asking", { n: list.length })}</span></h3>
    <ul>
      ${list.map(
        ({ user, created_at: asked }) => html`<li class="mem asks" key=${user.id}>
          <${Avatar} id=${user.id} name=${user.name} size="s" />
          <div><div class="nm">${user.name}</div><small>${user.note || times.ago(asked)}</small></div>
          <button type="button" class="btn primary small" onClick=${() => decide(joining.accept(group.id, user.id))}>
            ${t("contacts.accept")}<span class="vh">${user.name}</span></button>
          <button type="button" class="btn quiet small" onClick=${() => decide(joining.decline(group.id, user.id))}>
            ${t("contacts.decline")}<span class="vh">${user.name}</span></button>
        </li>`,
      )}
    </ul>
  `;
}

function MakeLink({ group, joining, onMade, close }) {
  const { t } = useApp();
  const [days, setDays] = useState("7");
  const [made, setMade] = useState(null);
  const [form, submit] = useForm(async () => {
    setMade(await joining.makeLink(group.id, Number(days)));
    onMade();
  });
  if (made) {
    return html`<${Dialog} title=${t("groups.link_of", { name: group.name })} close=${close} holds="secret" key="made">
      <div class="db stack">
        <p>${t("groups.link_once")}</p>
        <img class="qr" src=${made.qr} alt=${t("secret.qr", { address: made.url })} />
        <${Secret} id="group-link" label=${t("groups.link")} value=${made.url} />
        <${TrustHint} />
        <footer class="da"><button type="button" class="btn primary" onClick=${close}>${t("secret.noted")}</button></footer>
      </div>
    <//>`;
  }
  return html`<${Dialog} title=${t("groups.link_make")} close=${close} key="ask">
    <form class="db" onSubmit=${submit}>
      <p>${t("groups.link_text")}</p>
      <div class="field"><label for="link-days">${t("tokens.days")}</label>
        <div class="inp"><select id="link-days" value=${days} onChange=${(event) => setDays(event.currentTarget.value)}>
          ${DAYS.map((value) => html`<option key=${value} value=${value}>${t("tokens.days_n", { n: Number(value) })}</option>`)}
        </select></div></div>
      ${form.error && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy}>${t("groups.link_make")}</button>
      </footer>
    </form>
  <//>`;
}
