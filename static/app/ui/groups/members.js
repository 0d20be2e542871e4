import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { removeMember, setRole, unsilence } from "../../client/group-acts.js";
import { useApp } from "../context.js";
import { FOREVER } from "../chat/silenced.js";
import { Avatar, IconButton, LoadError, Skeleton } from "../elements.js";
import { useFormats } from "../formats.js";
import { SearchBox } from "../list/search-box.js";
import { PagesEnd, usePages } from "../paged.js";
import { presenceText } from "../presence-text.js";
import { Confirm } from "../layer-views.js";
import { failing } from "../reason.js";
import { SilenceDialog } from "./silence.js";

/** Members shown before "show all". */
const SHOWN_FIRST = 8;
/** After the last key a name is looked for, in ms. */
const PAUSE_MS = 200;
const ROLE_TAGS = { owner: "a", admin: "" };

/** Who is in a group, and what one may do with each. */
export function MemberList({ group, error, reload }) {
  const { t, client } = useApp();
  const [all, setAll] = useState(false);
  const list = useRef(null);
  // The button has gone: the keys go on where what it brought begins.
  useEffect(() => void (all && list.current?.querySelector(`li:nth-child(n + ${SHOWN_FIRST + 1}) button`)?.focus()), [all]);
  const members = client.groups.members.value.get(group.id);
  const whole = client.groups.whole(group);
  const shown = all ? members : members?.slice(0, SHOWN_FIRST);
  return html`<div class="block">
    <h3><span>${t("groups.members_title", { n: whole ? members.length : group.members })}</span></h3>
    ${!members && (error
      ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${reload} />`
      : html`<${Skeleton} rows=${Math.min(group.members, SHOWN_FIRST)} label=${t("state.loading")} />`)}
    ${all && !whole
      ? html`<${ManyMembers} key=${group.id} group=${group} byKeys=${all === "keys"} />`
      : html`<ul ref=${list}>
          ${shown?.map((member) => html`<${Member} key=${member.user.id} group=${group} member=${member} />`)}
        </ul>`}
    ${members && members.length > SHOWN_FIRST && !all &&
    html`<button type="button" class="btn quiet wide" onClick=${({ detail }) => setAll(detail ? "pointer" : "keys")}>${t("groups.show_all", { n: whole ? members.length : group.members })}</button>`}
  </div>`;
}

/** The members of a large group, as far as one scrolls, or those whose name has what one looks for. */
function ManyMembers({ group, byKeys }) {
  const { t, client } = useApp();
  const field = useRef(null);
  // Not a finger's: it wants no keyboard on its screen.
  useEffect(() => void (byKeys && field.current.focus()), []);
  const [text, setText] = useState("");
  const [query, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const pages = usePages(async (cursor) => {
    const page = await client.groups.membersPage(group.id, { q: query, cursor });
    return [page.members, page.cursor ?? null];
  }, query);
  useEffect(() => client.peopleShown(), [pages.rows]);
  const changed = (id) => (change) =>
    change?.role === "owner" ? pages.begin() : pages.set(({ user }) => user.id === id, change);
  return html`
    <${SearchBox} field=${field} value=${text} onInput=${(value, composing) => !composing && setText(value)} placeholder=${t("groups.find_member")} />
    <ul>
      ${pages.rows?.map((member) => html`<${Member} key=${member.user.id} group=${group} member=${member} onChange=${changed(member.user.id)} />`)}
    </ul>
    ${pages.rows && !pages.rows.length && html`<p class="nothing" role="status">${t("list.no_match", { query })}</p>`}
    <${PagesEnd} pages=${pages} label=${t("groups.more_members")} />
  `;
}

function Member({ group, member, onChange = () => {} }) {
  const app = useApp();
  const { t, client, router, layers } = app;
  const { user, role, silenced_until: until } = member;
  const formats = useFormats();
  const silenced = until > client.now();
  const me = user.id === client.me.id;
  const name = client.people.name(user.id);
  const act = (promise) => promise.catch(failing(app));
  const become = (next) => setRole(client, group.id, user.id, next).then(() => onChange({ role: next }));
  const open = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const items = [
      { icon: "person", label: t("people.profile"), run: () => router.go("contacts", String(user.id)) },
      user.kind !== "webhook" && { icon: "chat", label: t("people.write"), run: () => router.go("chats", client.people.conversationWith(user.id)) },
    ].filter(Boolean);
    if (group.role === "owner" && user.kind !== "webhook") {
      items.push(null, {
        icon: "shield",
        label: t(role === "admin" ? "groups.make_member" : "groups.make_admin"),
        run: () => act(become(role === "admin" ? "member" : "admin")),
      });
      items.push({ icon: "crown", label: t("groups.make_owner"), run: () => confirm("owner") });
    }
    if (group.role !== "member" && silenced) {
      items.push(null, { icon: "chat", label: t("groups.unsilence"), run: () => act(unsilence(client, group.id, user.id).then(() => onChange({ silenced_until: null }))) });
    } else if (group.role !== "member" && role === "member") {
      items.push(null, {
        icon: "bell-off",
        label: t("groups.silence"),
        run: () => layers.open(SilenceDialog, { group, user: user.id, name, onChange }),
      });
    }
    const mayRemove = group.role === "owner" || (group.role === "admin" && role === "member");
    if (mayRemove) {
      items.push(null, { icon: "ban", label: t("groups.kick"), danger: true, run: () => confirm("kick") });
    }
    layers.openMenu({ items, label: name, preview: name, at: { x: box.left, right: box.right, y: box.bottom + 4 } });
  };
  const confirm = (kind) =>
    layers.open(Confirm, {
      title: t(`groups.${kind}_title`, { name }),
      text: t(`groups.${kind}_text`, { name }),
      action: t(kind === "kick" ? "groups.kick" : "groups.make_owner"),
      onConfirm: () =>
        kind === "kick" ? removeMember(client, group.id, user.id).then(() => onChange(null)) : become("owner"),
    });
  return html`<li class="mem">
    <${Avatar} id=${user.id} name=${name} size="s" presence=${me ? "online" : client.people.standing(user.id)} />
    <div><div class="nm">${name}</div><small>${me ? t("list.you") : presenceText(app, user.id)}${silenced && ` · ${
      until === FOREVER ? t("groups.silenced") : t("groups.silenced_until", { time: formats.stamp(until) })
    }`}</small></div>
    ${role in ROLE_TAGS && html`<span class="tag ${ROLE_TAGS[role]}">${t(`groups.${role}`)}</span>`}
    ${!me && html`<${IconButton} small icon="dots" label=${t("groups.member_menu", { name })} aria-haspopup="menu" onClick=${open} />`}
  </li>`;
}
