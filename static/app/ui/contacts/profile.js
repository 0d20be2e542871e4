import { html, useEffect } from "../../../vendor/preact.js";
import { mute, pin } from "../../client/conversation-acts.js";
import { acceptContact, blockContact, removeContact } from "../../client/contact-acts.js";
import { useApp } from "../context.js";
import { Avatar, Empty, Icon, IconButton, Skeleton } from "../elements.js";
import { Switch } from "../form-elements.js";
import { Confirm } from "../layer-views.js";
import { hideConversation } from "../list/row-menu.js";
import { presenceText } from "../presence-text.js";
import { SideFrame } from "../shell/side-frame.js";
import { CommonGroups } from "./common-groups.js";
import { EditRemark, SendRequest } from "./dialogs.js";
import { failing } from "../reason.js";

/** A person on a page of their own. */
export function ProfilePage({ id }) {
  const { t, client, router } = useApp();
  const user = client.people.get(id);
  return html`<main class="page" id="main" tabindex="-1" data-region>
    <div class="page-in">
      <${IconButton} icon="back" class="back" label=${t("action.back")} onClick=${() => router.back("contacts")} />
      ${user
        ? html`<div class="prof"><div class="band"></div><${Person} user=${user} /></div>`
        : html`<${Nobody} id=${id} />`}
    </div>
  </main>`;
}

/** Somebody who is not known here: not at all, not yet, or not without a connection. */
function Nobody({ id }) {
  const { t, client } = useApp();
  if (!id || client.people.unknown.value.has(id)) return html`<${Empty} level=${2} icon="person" title=${t("people.unknown")} />`;
  if (client.offline.value) return html`<${Empty} level=${2} icon="link-off" title=${t("link.needs")} />`;
  return html`<${Skeleton} rows=${3} label=${t("state.loading")} />`;
}

/** The same beside a chat. */
export function PersonPanel({ id }) {
  const { t, client, router } = useApp();
  const user = client.people.get(id);
  return html`<${SideFrame} label=${t("people.title")}>
    <header class="side-h">
      <h2>${t("people.title")}</h2>
      <${IconButton} icon="close" label=${t("action.close")} onClick=${() => router.back()} />
    </header>
    ${user && html`<${Person} user=${user} inChat />`}
  <//>`;
}

function Person({ user, inChat = false }) {
  const app = useApp();
  const { t, client, router, layers } = app;
  const { id } = user;
  const me = id === client.me.id;
  const contact = client.contacts.get(id);
  const conv = me ? null : client.people.conversationWith(id);
  const summary = conv ? client.conversations.get(conv) : null;
  const declined = contact?.state === "declined";
  const remark = client.people.remarks.value.get(id);
  const name = client.people.name(id);
  const presence = client.people.standing(id);
  useEffect(() => client.peopleShown(), [id]);
  const attempt = (promise) =>
    promise.catch(failing(app));
  const writable = !me && user.kind !== "webhook" && !user.deleted;
  const actions = [
    writable && !inChat && ["chat", t("people.write"), () => router.go("chats", conv)],
    writable && (!contact || declined) && ["user-plus", t(declined ? "contacts.ask_again" : "people.add"), () => layers.open(SendRequest, { user })],
    !me && contact?.state === "incoming" && ["check", t("contacts.accept"), () => attempt(acceptContact(client, id))],
    !me && contact?.state === "accepted" && ["edit", t("people.remark"), () => layers.open(EditRemark, { user, remark })],
    me && ["edit", t("settings.edit_profile"), () => router.go("settings", "profile")],
  ].filter(Boolean);
  return html`
    <div class="hero">
      <${Avatar} id=${id} name=${name} size="l" presence=${presence} />
      <h2>${name}
        ${user.kind !== "user" && html`<span class="tag">${t(`people.${user.kind}`)}</span>`}
        ${user.role === "admin" && html`<span class="tag a">${t("people.admin")}</span>`}</h2>
      <p>${remark ? t("people.remark_of", { name: user.name, id: String(id) }) : t("people.number", { id: String(id) })}</p>
    </div>
    ${actions.length > 0 &&
    html`<div class="acts">
      ${actions.map(
        ([icon, label, run]) => html`<button type="button" class="act" key=${label} onClick=${run}>
          <${Icon} name=${icon} />${label}</button>`,
      )}
    </div>`}
    <dl class="kv block">
      ${user.kind !== "webhook" && html`<dt>${t("people.state")}</dt>
      <dd class=${presence === "online" ? "on" : ""}>${me ? t("presence.online") : presenceText(app, id)}</dd>`}
      ${declined && html`<dt>${t("contacts.request")}</dt><dd>${t("contacts.state_declined")}</dd>`}
      ${user.kind === "webhook" && html`<dt>${t("people.webhook")}</dt><dd>${t("people.webhook_text")}</dd>`}
      ${user.note && html`<dt>${t("people.note")}</dt><dd>${user.note}</dd>`}
    </dl>
    ${!me && html`<${CommonGroups} id=${id} key=${id} />`}
    ${!me &&
    html`<div class="block">
      ${summary &&
      html`<div class="opt"><span>${t("list.mute")}</span>
          <${Switch} label=${t("list.mute")} checked=${summary.muted} onChange=${(on) => attempt(mute(client, conv, on))} /></div>
        <div class="opt"><span>${t("list.pin")}</span>
          <${Switch} label=${t("list.pin")} checked=${summary.pinned} onChange=${(on) => attempt(pin(client, conv, on))} /></div>
        <button type="button" class="opt" onClick=${() => hideConversation(app, conv, name)}>
          <${Icon} name="close" /><span>${t("list.hide_chat")}</span></button>`}
      ${(!user.deleted || contact?.blocked) && html`<${BlockButton} user=${user} contact=${contact} attempt=${attempt} />`}
      ${declined &&
      html`<button type="button" class="opt" onClick=${() => attempt(removeContact(client, id))}>
        <${Icon} name="close" /><span>${t("contacts.forget_request")}</span></button>`}
      ${contact && (contact.state === "accepted" || contact.state === "outgoing") &&
      html`<button type="button" class="opt dg"
        onClick=${() =>
          layers.open(Confirm, {
            title: t("people.remove"),
            text: t("people.remove_text", { name: user.name }),
            action: t("people.remove"),
            onConfirm: () => removeContact(client, id),
          })}><${Icon} name="trash" /><span>${t(contact.state === "accepted" ? "people.remove" : "people.withdraw")}</span></button>`}
    </div>`}
  `;
}

function BlockButton({ user, contact, attempt }) {
  const { t, client, layers } = useApp();
  if (contact?.blocked) {
    return html`<button type="button" class="opt" onClick=${() => attempt(blockContact(client, user.id, false))}>
      <${Icon} name="ban" /><span>${t("people.unblock")}</span></button>`;
  }
  const ask = () =>
    layers.open(Confirm, {
      title: t("people.block_title", { name: user.name }),
      text: t("people.block_text"),
      action: t("people.block"),
      onConfirm: () => blockContact(client, user.id, true),
    });
  return html`<button type="button" class="opt dg" onClick=${ask}><${Icon} name="ban" /><span>${t("people.block")}</span></button>`;
}
