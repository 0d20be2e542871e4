import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { ALL } from "../../core/names.js";
import { isUnread } from "../../core/summaries.js";
import { useApp } from "../context.js";
import { IconButton, LoadError, Skeleton } from "../elements.js";
import { later, useLater } from "../idle.js";
import { call, lazy } from "../lazy.js";
import { listen } from "../listen.js";
import { useRoving } from "../roving.js";
import { PaneFrame } from "../shell/pane-frame.js";
import { ConversationRow } from "./row.js";
import { SearchBox } from "./search-box.js";

const FILTERS = ["all", "unread", "mentions", "groups"];
const loadBegin = () => import("./begin.js");
const NoConversations = lazy(loadBegin, "NoConversations");
const SearchResults = lazy(() => import("../search/results.js"), "SearchResults", ["search"]);
const NoticesHint = lazy(() => import("../away/hint.js"), "NoticesHint");

const fingers = later(() => import("../finger.js"));

/** The list of conversations with its search and filters. */
export function ConversationList() {
  const app = useApp();
  const { t, client, router, hint } = app;
  const [filter, setFilter] = useState("all");
  const [query, setQuery] = useState("");
  /** What is looked for: not what an input method is still composing. */
  const [wanted, setWanted] = useState("");
  const field = useRef(null);
  const all = usePressedOrder(client.conversations.listed.value);
  const current = router.place.value.area === "chats" ? router.place.value.id : null;
  const state = client.conversations.state.value;
  const shown = all.filter((summary) => matches(summary, filter, current));
  const counts = {
    unread: client.conversations.unread.value,
    mentions: all.filter((summary) => summary.mention_seq).length,
  };
  const openNew = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    call(app, loadBegin, "openNewMenu", app, { x: box.left, right: box.right, y: box.bottom + 6 });
  };
  return html`<${PaneFrame} label=${t("list.label")}>
    <header class="pane-h">
      <div class="pane-t">
        <h2>${t("area.chats")}</h2>
        <${IconButton} icon="plus" label=${t("list.new")} aria-haspopup="menu" onClick=${openNew} />
      </div>
      <${SearchBox} value=${query} placeholder=${t("list.search")} palette field=${field}
        onInput=${(value, composing) => {
          setQuery(value);
          composing || setWanted(value.trim());
        }} />
      ${all.length > 0 && !wanted &&
      html`<div class="chips" role="group" aria-label=${t("list.filter")}>
        ${FILTERS.map(
          (name) => html`<button
            type="button"
            class="chip"
            key=${name}
            aria-pressed=${filter === name ? "true" : "false"}
            onClick=${() => setFilter(name)}
          >${t(`list.filter_${name}`)}${counts[name] ? html`${" "}<span class="n">${counts[name]}</span>` : null}</button>`,
        )}
      </div>`}
    </header>
    ${hint.value && html`<${NoticesHint} />`}
    ${wanted
      ? html`<${SearchResults} query=${wanted} field=${field} />`
      : state === "loading" && !all.length
      ? html`<${Skeleton} label=${t("state.loading")} />`
      : state === "error" && !all.length
        ? html`<${LoadError}
            title=${t("list.error")}
            error=${client.conversations.error.value}
            onRetry=${() => client.conversations.refresh()}
          />`
        : !all.length
          ? html`<${NoConversations} />`
          : html`<${Rows} shown=${shown} current=${current} filter=${filter}
              onlyAnnouncements=${all.every(({ conv }) => conv === ALL)} />`}
  <//>`;
}

function Rows({ shown, current, filter, onlyAnnouncements }) {
  const { t, client } = useApp();
  const ref = useRef(null);
  useRoving(ref, "a.row");
  const { held } = client.conversations;
  useEffect(() => {
    const release = () => (held.value = null);
    const deaf = listen(window, { pointerup: release, pointercancel: release, dragend: release, blur: release });
    return () => {
      release();
      deaf();
    };
  }, []);
  useLater(fingers, ({ followFinger }) => followFinger(ref.current, { current: { press, links: true } }));
  return html`<div class="scroll">
    <ul class="rows" ref=${ref}
      onPointerDown=${() => (held.value = shown.map((summary) => summary.conv))}>
      ${shown.map(
        (summary) => html`<${ConversationRow}
          key=${summary.conv}
          summary=${summary}
          current=${summary.conv === current}
        />`,
      )}
    </ul>
    ${onlyAnnouncements && html`<${NoConversations} />`}
    ${!shown.length && !onlyAnnouncements &&
    html`<p class="nothing" role="status">${t(`list.none_${filter}`)}</p>`}
  </div>`;
}

/** A finger that rests opens the menu also where the browser asks for none. */
function press({ target, touches: [{ clientX, clientY }] }) {
  target.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true, clientX, clientY }));
}

/** Rows hold their places while a pointer is pressed on the list. */
function usePressedOrder(list) {
  const { client } = useApp();
  const held = client.conversations.held.value;
  if (!held) return list;
  const byName = new Map(list.map((summary) => [summary.conv, summary]));
  const kept = held.map((conv) => byName.get(conv)).filter(Boolean);
  const rest = list.filter((summary) => !held.includes(summary.conv));
  return [...kept, ...rest];
}

function matches(summary, filter, current) {
  if (filter === "unread") return isUnread(summary) || summary.conv === current;
  if (filter === "mentions") return summary.mention_seq || summary.conv === current;
  if (filter === "groups") return summary.group !== null || summary.conv.startsWith("g:");
  return true;
}
