import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { groupName } from "../../core/names.js";
import { useUserSearch } from "../contacts/dialogs.js";
import { useApp } from "../context.js";
import { Avatar, Icon } from "../elements.js";
import { isComposing } from "../input-method.js";

const MAX_SHOWN = 8;

/** Jump to a conversation, a contact, a group, or anyone on this server. */
export function Palette({ close }) {
  const { t, router } = useApp();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const dialog = useRef(null);
  const input = useRef(null);
  const sections = useMatches(query);
  const flat = sections.flatMap(({ items }) => items);
  useLayoutEffect(() => {
    dialog.current.showModal();
    input.current.focus();
  }, []);
  useEffect(() => setAt(0), [query]);
  useEffect(() => {
    dialog.current.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const open = (conv) => {
    close();
    router.go("chats", conv);
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && flat.length) setAt((at + step + flat.length) % flat.length);
    else if (event.key === "Enter" && flat[at]) open(flat[at].conv);
    else return;
    event.preventDefault();
  };
  let index = -1;
  return html`<dialog class="pal pop" ref=${dialog} aria-label=${t("palette.title")} onClose=${close}
    onCancel=${(event) => (event.preventDefault(), close())}
    onClick=${(event) => event.target === dialog.current && close()}>
    <div class="ph">
      <${Icon} name="search" />
      <input ref=${input} type="search" value=${query} placeholder=${t("palette.placeholder")} autocomplete="off"
        role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label=${t("palette.title")}
        aria-activedescendant=${flat[at] ? `pal-${flat[at].conv}` : undefined}
        onInput=${(event) => setQuery(event.currentTarget.value)} onKeyDown=${onKeyDown} />
      <kbd>Esc</kbd>
    </div>
    <div class="pl" id="palette-list" role="listbox" aria-label=${t("palette.title")}>
      ${sections.map(
        ({ name, items }) => html`<div role="group" aria-label=${t(`palette.${name}`)} key=${name}>
          <div class="sec" aria-hidden="true">${t(`palette.${name}`)}</div>
          ${items.map((item) => {
            index += 1;
            return html`<div class="row" role="option" id="pal-${item.conv}" key=${item.conv}
              aria-selected=${index === at ? "true" : "false"} onClick=${() => open(item.conv)}>
              <${Avatar} id=${item.id} name=${item.title} kind=${item.kind} size="s" />
              <div><div class="nm">${marked(item.title, query)}</div>${item.note && html`<div class="pv">${item.note}</div>`}</div>
            </div>`;
          })}
        </div>`,
      )}
    </div>
    ${!flat.length && html`<p class="nothing" role="status">${t("list.no_match", { query })}</p>`}
    <div class="pf" aria-hidden="true">
      <span><kbd>↑</kbd>${" "}<kbd>↓</kbd>${" "}${t("palette.move")}</span><span><kbd>Enter</kbd>${" "}${t("palette.open")}</span>
    </div>
  </dialog>`;
}

function useMatches(query) {
  const { t, client } = useApp();
  const [found] = useUserSearch(query);
  const wanted = query.trim().toLowerCase();
  const fits = (title) => !wanted || title.toLowerCase().includes(wanted);
  const begins = (title) => Number(title.toLowerCase().startsWith(wanted));
  const seen = new Set();
  const take = (items) =>
    items
      .filter((item) => fits(item.title) && !seen.has(item.conv) && seen.add(item.conv))
      .sort((one, other) => begins(other.title) - begins(one.title))
      .slice(0, MAX_SHOWN);
  const person = (user, note) => ({
    conv: client.people.conversationWith(user.id),
    id: user.id,
    title: client.people.name(user.id),
    kind: "person",
    note,
  });
  return [
    {
      name: "conversations",
      items: take(
        client.conversations.ordered.value.map((summary) => ({
          conv: summary.conv,
          id: summary.peer ?? summary.group?.id ?? 4,
          title: client.conversations.title(summary),
          kind: summary.peer ? "person" : "group",
          note: summary.group ? t("groups.members_n", { n: summary.group.members }) : "",
        })),
      ),
    },
    { name: "contacts", items: take(client.contacts.accepted.value.map(({ user }) => person(user, ""))) },
    {
      name: "groups",
      items: take(
        client.groups.list.value.map((group) => ({
          conv: groupName(group.id),
          id: group.id,
          title: group.name,
          kind: "group",
          note: t("groups.members_n", { n: group.members }),
        })),
      ),
    },
    {
      name: "people",
      items: wanted ? take(found.map((user) => person(user, t("people.number", { id: String(user.id) })))) : [],
    },
  ].filter(({ items }) => items.length);
}

function marked(title, query) {
  const wanted = query.trim();
  const at = wanted ? title.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
  if (at < 0) return title;
  const end = at + wanted.length;
  return html`${title.slice(0, at)}<mark>${title.slice(at, end)}</mark>${title.slice(end)}`;
}
