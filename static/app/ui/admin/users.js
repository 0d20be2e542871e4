import { html, useEffect, useState } from "../../../vendor/preact.js";
import { publicPart } from "../../client/client.js";
import { useApp } from "../context.js";
import { Avatar, Empty, Icon, IconButton } from "../elements.js";
import { Confirm } from "../layer-views.js";
import { SearchBox } from "../list/search-box.js";
import { PagesEnd, usePages } from "../paged.js";
import { useAdmin } from "./context.js";
import { Ban, EditProfile, NewUser, Reset } from "./user-dialogs.js";
import { failing } from "../reason.js";

/** Letters rest this long before the node is asked, in ms. */
const REST_MS = 250;

const FILTERS = {
  all: {},
  admins: { role: "admin" },
  guests: { kind: "guest" },
  bots: { kind: "bot" },
  banned: { disabled: true },
};

/** All accounts: found by name, phone or e-mail, page by page. */
export function UsersSection() {
  const { t, client, layers } = useApp();
  const { administration } = useAdmin();
  const [typed, setTyped] = useState("");
  const [query, setQuery] = useState("");
  const [filter, setFilter] = useState("all");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(typed.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const pages = usePages(async (cursor) => {
    const page = await administration.users({ q: query, ...FILTERS[filter] }, cursor ?? 0);
    client.people.learn(page.users.map(publicPart));
    return [page.users, page.after ?? null];
  }, `${filter} ${query}`);
  const add = () => layers.open(NewUser, { administration, onMade: pages.begin });
  return html`<section class="card" aria-label=${t("admin.users")}>
    <div class="ahead">
      <${SearchBox} value=${typed} onInput=${setTyped} placeholder=${t("admin.users_search")} />
      <button type="button" class="btn primary small" onClick=${add}><${Icon} name="user-plus" size="s" />${t("admin.add_user")}</button>
    </div>
    <div class="chips" role="group" aria-label=${t("list.filter")}>
      ${Object.keys(FILTERS).map(
        (name) => html`<button type="button" class="chip" key=${name} aria-pressed=${filter === name ? "true" : "false"}
          onClick=${() => setFilter(name)}>${t(`admin.filter_${name}`)}</button>`,
      )}
    </div>
    <ul class="ausers">
      ${pages.rows?.map((user) => html`<${User} key=${user.id} user=${user} pages=${pages} />`)}
    </ul>
    ${pages.rows && !pages.rows.length && html`<${Empty} icon="people" title=${t("admin.users_none")} text=${t("admin.users_none_text")} />`}
    <${PagesEnd} pages=${pages} label=${t("admin.users_more")} />
  </section>`;
}

function User({ user, pages }) {
  const { t, times } = useApp();
  const contact = [t("people.number", { id: String(user.id) }), user.email, user.phone].filter(Boolean).join(" · ");
  return html`<li class="auser">
    <${Avatar} id=${user.id} name=${user.name} size="s" />
    <div class="who"><b>${user.name}</b><small>${contact}</small></div>
    <div class="standing">
      <span class="role">${role(t, user)}</span>
      <span class="state">${state(t, user)}</span>
      <small class="seen">${user.online ? "" : user.last_seen_at ? times.ago(user.last_seen_at) : t("admin.never")}</small>
    </div>
    <${UserMenu} user=${user} pages=${pages} />
  </li>`;
}

function role(t, user) {
  if (user.role === "admin") return html`<span class="tag a">${t("people.admin")}</span>`;
  if (user.kind !== "user") return html`<span class="tag">${t(`people.${user.kind}`)}</span>`;
  return null;
}

function state(t, user) {
  if (user.disabled_at) return html`<span class="st d">${t("admin.banned")}</span>`;
  if (user.must_change_password) return html`<span class="st w">${t("admin.one_log_in")}</span>`;
  return user.online ? html`<span class="st ok">${t("presence.online")}</span>` : html`<span class="muted">${t("presence.offline")}</span>`;
}

function UserMenu({ user, pages }) {
  const { t, client, layers, router } = useApp();
  const { administration } = useAdmin();
  const me = user.id === client.me.id;
  const change = (fields) => pages.set((row) => row.id === user.id, fields);
  const failed = failing({ t, layers });
  const unban = () => administration.unban(user.id).then(() => change({ disabled_at: null }), failed);
  const banned = () => {
    change({ disabled_at: client.now(), online: false });
    layers.offerUndo(t("admin.banned_done", { name: user.name }), unban);
  };
  const setRole = (role) => administration.change(user.id, { role }).then(() => change({ role }), failed);
  const shown = ({ name, note, phone, email }) => change({ name, note, phone, email });
  const edited = (now, before) => {
    shown(now);
    const undo = () => administration.change(user.id, before).then(shown, failed);
    layers.offerUndo(t("admin.edited", { name: now.name }), undo);
  };
  const confirm = (kind, run, values = {}) =>
    layers.open(Confirm, {
      title: t(`admin.${kind}_title`, { name: user.name }),
      text: t(`admin.${kind}_text`, values),
      action: t(`admin.${kind}`),
      onConfirm: run,
    });
  const items = () => {
    const list = [
      { icon: "person", label: t("people.profile"), run: () => router.go("contacts", String(user.id)) },
      { icon: "list", label: t("admin.acts"), run: () => router.go("admin", `audit:${user.id}`) },
    ];
    if (user.kind !== "webhook") {
      list.push({ icon: "edit", label: t("admin.edit"), run: () => layers.open(EditProfile, { user, administration, onDone: edited }) });
      if (user.avatar) {
        const remove = () => administration.change(user.id, { avatar: 0 }).then(() => change({ avatar: null }));
        list.push({ icon: "image", label: t("admin.unpicture"), run: () => confirm("unpicture", remove) });
      }
    }
    if (user.kind === "bot") {
      list.push({ icon: "key", label: t("tokens.title"), run: () => router.go("admin", `bot:${user.id}`) });
    }
    if (user.kind === "user" && !me) {
      list.push(null, { icon: "key", label: t("admin.reset"), run: () => layers.open(Reset, { user, administration, onDone: () => change({ must_change_password: true, online: false }) }) });
      if (user.role === "admin") list.push({ icon: "person", label: t("admin.demote"), run: () => confirm("demote", () => setRole("user")) });
      else list.push({ icon: "shield", label: t("admin.promote"), run: () => confirm("promote", () => setRole("admin")) });
    }
    // A webhook that was revoked stays revoked.
    if (!me && !(user.kind === "webhook" && user.disabled_at)) {
      list.push(null);
      list.push(
        user.disabled_at
          ? { icon: "check", label: t("admin.unban"), run: unban }
          : { icon: "ban", label: t("admin.ban"), danger: true, run: () => layers.open(Ban, { user, administration, onDone: banned }) },
      );
      list.push({
        icon: "trash",
        label: t("admin.remove"),
        danger: true,
        run: () => confirm("remove", () => administration.remove(user.id).then(() => change(null))),
      });
    }
    return list;
  };
  const open = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    layers.openMenu({ items: items(), label: user.name, preview: user.name, at: { x: box.left, right: box.right, y: box.bottom + 4 } });
  };
  return html`<${IconButton} small icon="dots" label=${t("admin.manage", { name: user.name })} aria-haspopup="menu" onClick=${open} />`;
}
