import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { joinGroup } from "../../client/group-acts.js";
import { Joining } from "../../client/joining.js";
import { partOf } from "../../client/parts.js";
import { useApp } from "../context.js";
import { Avatar, Badge, Empty, Icon, IconButton, LoadError, Skeleton } from "../elements.js";
import { CreateGroup, JoinGroup } from "../list/begin.js";
import { SearchBox } from "../list/search-box.js";
import { useRoving } from "../roving.js";
import { PaneFrame } from "../shell/pane-frame.js";
import { failing } from "../reason.js";

const byName = new Intl.Collator("zh-Hans-CN-u-co-pinyin");

/** The groups I am in. */
export function GroupsPane() {
  const { t, client, layers } = useApp();
  const { groups } = client;
  const [query, setQuery] = useState("");
  const state = groups.state.value;
  const list = groups.list.value;
  const openNew = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    layers.openMenu({
      at: { x: box.left, right: box.right, y: box.bottom + 6 },
      label: t("list.new"),
      items: [
        { icon: "people", label: t("groups.create"), run: () => layers.open(CreateGroup) },
        { icon: "plus", label: t("groups.join"), run: () => layers.open(JoinGroup) },
      ],
    });
  };
  return html`<${PaneFrame} label=${t("area.groups")}>
    <header class="pane-h">
      <div class="pane-t">
        <h2>${t("area.groups")}</h2>
        <${IconButton} icon="plus" label=${t("list.new")} aria-haspopup="menu" onClick=${openNew} />
      </div>
      <${SearchBox} value=${query} onInput=${setQuery} placeholder=${t("groups.search")} />
    </header>
    ${state === "loading"
      ? html`<${Skeleton} label=${t("state.loading")} />`
      : state === "error" && !list.length
        ? html`<${LoadError} title=${t("groups.error")} error=${groups.error.value} onRetry=${() => groups.refresh()} />`
        : !list.length
          ? html`<${Empty} icon="people" title=${t("groups.empty")} text=${t("groups.empty_text")}>
              <button type="button" class="btn primary" onClick=${() => layers.open(CreateGroup)}>
                <${Icon} name="plus" />${t("groups.create")}</button>
              <button type="button" class="btn quiet" onClick=${() => layers.open(JoinGroup)}>${t("groups.join")}</button>
            <//>`
          : html`<${Rows} list=${list} query=${query} />`}
    <${Asked} />
  <//>`;
}

/** Groups that I asked to be let into, and how that stands. */
function Asked() {
  const { t, client, layers, times } = useApp();
  const joining = partOf(client, Joining);
  const [asked, setAsked] = useState([]);
  const told = client.state.value?.list === "groups" ? client.state.value : null;
  const load = () => joining.asked().then(setAsked, () => {});
  useEffect(() => void load(), [told, client.groups.list.value]);
  const act = (work) => work.catch(failing({ t, layers })).then(load);
  if (!asked.length) return null;
  return html`<section class="asked" aria-label=${t("groups.asked")}>
    <h3 class="sec">${t("groups.asked")}</h3>
    <ul>
      ${asked.map(
        ({ group, name, state, since }) => html`<li class="mem" key=${group}>
          <${Avatar} id=${group} name=${name} kind="group" size="s" />
          <div><div class="nm">${name}</div><small>${t(`groups.asked_${state}`)} · ${times.ago(since)}</small></div>
          ${state === "waiting"
            ? html`<button type="button" class="btn quiet small" onClick=${() => act(joining.decline(group, client.me.id))}>${t("people.withdraw")}<span class="vh">${name}</span></button>`
            : html`<button type="button" class="btn quiet small" onClick=${() => act(joinGroup(client, group))}>${t("contacts.ask_again")}<span class="vh">${name}</span></button>`}
        </li>`,
      )}
    </ul>
  </section>`;
}

function Rows({ list, query }) {
  const { t, router } = useApp();
  const ref = useRef(null);
  useRoving(ref, "a.row");
  const wanted = query.trim().toLowerCase();
  const shown = list
    .filter((group) => !wanted || group.name.toLowerCase().includes(wanted) || String(group.id) === wanted)
    .sort((one, other) => byName.compare(one.name, other.name));
  const { id } = router.place.value;
  return html`<div class="scroll">
    <ul class="rows" ref=${ref}>
      ${shown.map(
        (group) => html`<li key=${group.id}>
          <a class="row" tabindex="-1" href=${router.href("groups", String(group.id))}
            aria-current=${String(group.id) === id ? "true" : undefined}>
            <${Avatar} id=${group.id} name=${group.name} kind="group" />
            <div>
              <div class="top"><span class="nm">${group.name}</span>
                ${group.role !== "member" && html`<span class="tag a">${t(`groups.${group.role}`)}</span>`}</div>
              <div class="bot"><span class="pv">${t("groups.number_members", { id: String(group.id), members: t("groups.members_n", { n: group.members }) })}</span>
                <${Badge} kind="red" n=${group.requests} label=${t("groups.asking", { n: group.requests })} /></div>
            </div>
          </a>
        </li>`,
      )}
    </ul>
    ${!shown.length && html`<p class="nothing" role="status">${t("list.no_match", { query })}</p>`}
  </div>`;
}
