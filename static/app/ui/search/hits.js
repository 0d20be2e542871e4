import { html, useEffect, useRef } from "../../../vendor/preact.js";
import { partsOf } from "../../core/matching.js";
import { ALL, parseName } from "../../core/names.js";
import { useApp } from "../context.js";
import { Avatar, Icon } from "../elements.js";

/** A text with what was found in it marked. */
export function Marked({ text, ranges }) {
  return partsOf(text, ranges ?? []).map(({ text: part, hit }) => (hit ? html`<mark>${part}</mark>` : part));
}

/** A person, group or conversation whose name was found. */
export function NameHit({ item }) {
  return html`<${Avatar} id=${item.id} name=${item.title} kind=${item.kind} size="s" />
    <div><div class="nm"><${Marked} text=${item.title} ranges=${item.ranges} /></div>
      ${item.note && html`<div class="pv">${item.note}</div>`}</div>`;
}

/** A message that was found: where, who said it, when, and its words. `inside`: within one conversation. */
export function MessageHit({ hit, inside }) {
  const { t, client, times } = useApp();
  const { peer, group, title } = placeOf(client, t, hit);
  const mine = hit.from === client.me.id;
  const author = mine ? t("list.you") : client.people.name(hit.from);
  const byPerson = inside || peer;
  const named = !inside && (mine || !peer);
  return html`<${Avatar} id=${inside ? hit.from : (peer ?? group ?? 4)} name=${inside ? client.people.name(hit.from) : title}
      kind=${byPerson ? "person" : "group"} size="s" />
    <div>
      <div class="top"><span class="nm">${inside ? author : title}</span><time class="tm num">${times.short(hit.time)}</time></div>
      <div class="pv">${named && html`<span>${t("search.by", { name: author })}</span>`}${hit.cutStart && "…"}<${Marked} ...${hit} />${hit.cutEnd && "…"}</div>
    </div>`;
}

function placeOf(client, t, { conv, place }) {
  const parsed = parseName(conv, client.me.id) ?? {};
  const peer = parsed.peer ?? null;
  const known = client.conversations.get(conv);
  if (conv === ALL) return { peer, title: t("chat.announcements") };
  if (peer) return { peer, title: client.people.name(peer) };
  return { peer, group: parsed.group, title: known ? client.conversations.title(known) : (place?.title ?? "") };
}

/** What there is to say of a search besides its hits; `any`: something was found at all. */
export function SearchState({ found, query, any }) {
  const { t } = useApp();
  const { state, error, incomplete, hits, retry } = found;
  if (state === "error") {
    const words = error.code === "unreachable" ? t("search.failed") : error.message;
    return html`<div class="search-state" role="alert"><${Icon} name="alert" size="s" /><span>${words}</span>
      <button type="button" class="btn quiet small" onClick=${retry}>${t("action.retry")}</button></div>`;
  }
  const busy = state === "searching" || state === "more";
  return html`<div class="search-state" role="status">
    ${busy && html`<span class="spin late"></span><span class=${state === "more" ? "vh" : ""}>${t("search.searching")}</span>`}
    ${state === "held" && html`<${Icon} name="link-off" size="s" /><span>${t("search.held")}</span>`}
    ${state !== "idle" && !busy && !any && html`<span class="none">${t("list.no_match", { query: query.trim() })}</span>`}
    ${state === "done" && incomplete && html`<${Icon} name="info" size="s" /><span>${t("search.incomplete")}</span>`}
    ${state === "done" && hits.length > 0 && html`<span class="vh">${t("search.found_n", { n: hits.length })}</span>`}
  </div>`;
}

/** Below the hits: fetches what is older before one gets there. */
export function More({ found, scroller }) {
  const { more } = found;
  const end = useRef(null);
  const latest = useRef(more);
  latest.current = more;
  useEffect(() => {
    if (!more) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && latest.current?.(), {
      root: scroller.current,
      rootMargin: "0px 0px 400px",
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [Boolean(more)]);
  return html`<div ref=${end} class="search-end"></div>`;
}
