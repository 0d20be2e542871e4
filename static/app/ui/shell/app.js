import { html, useEffect } from "../../../vendor/preact.js";
import { parseName } from "../../core/names.js";
import { useApp } from "../context.js";
import { Layers } from "../layers-shown.js";
import { lazy } from "../lazy.js";
import { ConversationList } from "../list/list.js";
import { Banners } from "./banners.js";
import { Rail, TabBar } from "./navigation.js";

export const loadChat = () => import("../chat/chat.js");

const emptyMain = () => html`<main class="chat" id="main" tabindex="-1"></main>`;

const ChatPane = lazy(loadChat, "ChatPane", ["media", "voice"], emptyMain, { first: true });
const Announcer = lazy(() => import("../announcer.js"), "Announcer", [], undefined, { failing: () => null });
const ContactsPane = lazy(() => import("../contacts/pane.js"), "ContactsPane");
const GroupsPane = lazy(() => import("../groups/pane.js"), "GroupsPane", ["details"]);
const SettingsPane = lazy(() => import("../settings/pane.js"), "SettingsPane", ["page"]);
const Profile = lazy(() => import("../contacts/profile.js"), "ProfilePage", ["details", "page"], emptyMain);
const GroupPage = lazy(() => import("../groups/page.js"), "GroupPage", ["details", "page"], emptyMain);
const GroupPanel = lazy(() => import("../groups/page.js"), "GroupPanel", ["details"]);
const PersonPanel = lazy(() => import("../contacts/profile.js"), "PersonPanel", ["details"]);
const SettingsPage = lazy(() => import("../settings/page.js"), "SettingsPage", ["details", "page", "quick"], emptyMain);
const AdminPage = lazy(() => import("../admin/page.js"), "AdminPage", ["details", "page", "admin", "figures"], emptyMain);

/** The whole page: rail or tab bar, list, main pane and, beside a chat, its details. */
export function App() {
  const { t, client, router, announcer } = useApp();
  const { area, id, details } = router.place.value;
  const summary = area === "chats" && id ? client.conversations.get(id) : null;
  const name = summary ? client.conversations.title(summary) : t(`area.${area}`);
  const unread = client.conversations.unread.value;
  useEffect(() => {
    document.title = `${unread ? `(${unread > 99 ? "99+" : unread}) ` : ""}${name} · ${t("app.name")}`;
  }, [unread, name]);
  const showsMain = id !== null || area === "settings" || area === "admin";
  const view = details ? "v-side" : showsMain ? (area === "chats" ? "v-chat" : "v-page") : "v-list";
  return html`
    <a class="btn primary skip" href="#main" onClick=${skip}>${t(`skip.${area}`)}</a>
    <div class="app ${view} ${details ? "with-panel" : ""} a-${area} ${id ? "has-id" : ""}">
      <header class="vh"><h1>${name}</h1></header>
      <${Rail} />
      <${Pane} area=${area} />
      <${Main} area=${area} id=${id} />
      ${details && html`<${Side} id=${id} key=${id} />`}
      <${Banners} />
      <${TabBar} />
    </div>
    ${announcer.value && html`<${Announcer} />`}
    <${Layers} />
  `;
}

function skip(event) {
  event.preventDefault();
  const main = document.querySelector("#main");
  (main?.querySelector("textarea") ?? main)?.focus();
}

function Pane({ area }) {
  if (area === "admin") return null;
  const panes = { chats: ConversationList, contacts: ContactsPane, groups: GroupsPane };
  return html`<${panes[area] ?? SettingsPane} key=${area} />`;
}

function Main({ area, id }) {
  if (area === "contacts" && id) return html`<${Profile} id=${Number(id)} key=${id} />`;
  if (area === "groups" && id) return html`<${GroupPage} id=${Number(id)} key=${id} />`;
  if (area === "settings") return html`<${SettingsPage} section=${id} />`;
  if (area === "admin") return html`<${AdminPage} section=${id} />`;
  return html`<${ChatPane} conv=${area === "chats" ? id : null} key=${area === "chats" ? id : ""} />`;
}

function Side({ id }) {
  const { client } = useApp();
  const { group, peer } = parseName(id, client.me.id) ?? {};
  if (group) return html`<${GroupPanel} id=${group} conv=${id} />`;
  if (peer) return html`<${PersonPanel} id=${peer} conv=${id} />`;
  return null;
}
