import { html, useEffect, useState } from "../../../vendor/preact.js";
import { mute, pin } from "../../client/conversation-acts.js";
import { changeGroup, dissolveGroup, leaveGroup } from "../../client/group-acts.js";
import { groupName } from "../../core/names.js";
import { useApp } from "../context.js";
import { Avatar, Empty, Icon, IconButton } from "../elements.js";
import { Switch } from "../form-elements.js";
import { Confirm } from "../layer-views.js";
import { lazy } from "../lazy.js";
import { hideConversation } from "../list/row-menu.js";
import { WebhooksBlock } from "../programs/webhooks.js";
import { SideFrame } from "../shell/side-frame.js";
import { AddMembers, EditText } from "./dialogs.js";
import { JoiningBlock } from "./joining.js";
import { MemberList } from "./members.js";
import { failing } from "../reason.js";

const CropDialog = lazy(() => import("../media/crop.js"), "CropDialog", ["crop"]);

/** A group on a page of its own. */
export function GroupPage({ id }) {
  const { t, client, router } = useApp();
  const group = client.groups.get(id);
  return html`<main class="page" id="main" tabindex="-1" data-region>
    <div class="page-in">
      <${IconButton} icon="back" class="back" label=${t("action.back")} onClick=${() => router.back("groups")} />
      ${group
        ? html`<div class="prof"><div class="band"></div><${Details} group=${group} /></div>`
        : client.groups.state.value === "ready" &&
          html`<${Empty} level=${2} icon="people" title=${t("groups.gone")} text=${t("groups.gone_text")} />`}
    </div>
  </main>`;
}

/** The same beside the chat. */
export function GroupPanel({ id }) {
  const { t, client, router } = useApp();
  const group = client.groups.get(id);
  return html`<${SideFrame} label=${t("groups.title")}>
    <header class="side-h">
      <h2>${t("groups.title")}</h2>
      <${IconButton} icon="close" label=${t("action.close")} onClick=${() => router.back()} />
    </header>
    ${group
      ? html`<${Details} group=${group} inChat />`
      : client.groups.state.value === "ready" && html`<${Empty} level=${2} icon="people" title=${t("groups.gone")} text=${t("groups.gone_text")} />`}
  <//>`;
}

function Details({ group, inChat = false }) {
  const app = useApp();
  const { t, client, router, layers } = app;
  const conv = groupName(group.id);
  const summary = client.conversations.get(conv);
  const manages = group.role === "owner" || group.role === "admin";
  const [error, setError] = useState(null);
  const load = () => client.groups.loadMembers(group.id).then(() => (setError(null), client.peopleShown()), setError);
  useEffect(() => void load(), [group.id]);
  const attempt = (promise) =>
    promise.catch(failing(app));
  const owner = client.people.get(group.owner);
  const edit = (field, title, { rows = 1, max = 64, required = false } = {}) =>
    layers.open(EditText, {
      title,
      value: group[field] ?? "",
      rows,
      max,
      required,
      save: (value) => changeGroup(client, group.id, { [field]: value }),
    });
  const changePicture = () =>
    layers.open(CropDialog, {
      title: t("crop.group"),
      present: Boolean(group.icon),
      save: (icon) => changeGroup(client, group.id, { icon }).then(() => layers.say(t("settings.saved"))),
    });
  const end = (kind) =>
    layers.open(Confirm, {
      title: t(`groups.${kind}_title`, { name: group.name }),
      text: t(`groups.${kind}_text`),
      action: t(`groups.${kind}`),
      async onConfirm() {
        await (kind === "leave" ? leaveGroup(client, group.id) : dissolveGroup(client, group.id));
        client.conversations.refresh();
        router.go(inChat ? "chats" : "groups", null, { replace: true });
      },
    });
  return html`
    <div class="hero">
      <${Avatar} id=${group.id} name=${group.name} kind="group" size="l" />
      <h2>${group.name}</h2>
      <p>${t("groups.created_by", { id: String(group.id), name: owner ? client.people.name(group.owner) : "…" })}</p>
    </div>
    <div class="acts">
      ${!inChat && html`<button type="button" class="act" onClick=${() => router.go("chats", conv)}><${Icon} name="chat" />${t("groups.open")}</button>`}
      ${(manages || !group.leaders_invite) &&
      html`<button type="button" class="act" onClick=${() => layers.open(AddMembers, { group })}><${Icon} name="user-plus" />${t("groups.add")}</button>`}
      ${manages && html`<button type="button" class="act" onClick=${() => edit("name", t("groups.rename"), { required: true })}><${Icon} name="edit" />${t("groups.rename")}</button>
        <button type="button" class="act" onClick=${changePicture}><${Icon} name="image" />${t("crop.group")}</button>`}
      ${summary && html`<button type="button" class="act" aria-pressed=${summary.muted ? "true" : "false"} onClick=${() => attempt(mute(client, conv, !summary.muted))}>
        <${Icon} name=${summary.muted ? "bell" : "bell-off"} />${t(summary.muted ? "list.unmute" : "list.mute_short")}</button>`}
    </div>
    <div class="block">
      <h3><span>${t("groups.announcement")}</span>
        ${manages && html`<button type="button" class="btn quiet small"
          onClick=${() => edit("announcement", t("groups.announcement"), { rows: 5, max: 2000 })}>${t("action.edit")}<span class="vh">${t("groups.announcement")}</span></button>`}</h3>
      <p class="pre">${group.announcement || t("groups.no_announcement")}</p>
    </div>
    ${[
      ["category", { max: 32 }],
      ["note", { rows: 3, max: 500 }],
    ].map(
      ([field, limits]) => (group[field] || manages) &&
        html`<div class="block" key=${field}>
          <h3><span>${t(`groups.${field}`)}</span>
            ${manages && html`<button type="button" class="btn quiet small" onClick=${() => edit(field, t(`groups.${field}`), limits)}>${t("action.edit")}<span class="vh">${t(`groups.${field}`)}</span></button>`}</h3>
          <p class="pre">${group[field] || t(`groups.no_${field}`)}</p>
        </div>`,
    )}
    ${client.keptDays.value > 0 &&
    html`<div class="block"><h3><span>${t("groups.kept")}</span></h3>
      <p>${t("chat.kept_for", { n: client.keptDays.value })}</p></div>`}
    ${manages
      ? html`<${JoiningBlock} group=${group} /><${WebhooksBlock} group=${group} />`
      : html`<div class="block">
          <h3><span>${t("groups.newcomers")}</span></h3>
          <p>${t(group.shows_past ? "groups.past_shown" : "groups.past_hidden")}</p>
        </div>`}
    <${MemberList} group=${group} error=${error} reload=${load} />
    <div class="block">
      ${summary &&
      html`<div class="opt"><span>${t("list.pin")}</span>
        <${Switch} label=${t("list.pin")} checked=${summary.pinned} onChange=${(on) => attempt(pin(client, conv, on))} /></div>
        <button type="button" class="opt" onClick=${() => hideConversation(app, conv, group.name)}>
          <${Icon} name="close" /><span>${t("list.hide_chat")}</span></button>`}
      ${group.role === "owner"
        ? html`<button type="button" class="opt dg" onClick=${() => end("dissolve")}><${Icon} name="trash" /><span>${t("groups.dissolve")}</span></button>`
        : html`<button type="button" class="opt dg" onClick=${() => end("leave")}><${Icon} name="logout" /><span>${t("groups.leave")}</span></button>`}
    </div>
  `;
}
