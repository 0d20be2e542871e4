import { html, useRef, useState } from "../../../vendor/preact.js";
import { parseName } from "../../core/names.js";
import { useApp } from "../context.js";
import { MemberSearch } from "./member-search.js";

/** Nothing is narrowed. */
export const EVERYTHING = { from: "", when: "", first: "", last: "" };

/** What is chosen to type whom one looks for. */
const OTHER = "other";
const DAYS = { today: 1, week: 7, month: 30, year: 365 };

/** From whom and when: `filter` as fields of a search. Days are this device's; `now` in ms since 1970. */
export function fieldsOf({ from, when, first, last }, now) {
  const fields = from ? { from } : {};
  const begin = when === "between" ? dayOf(first) : when && daysAgo(now, DAYS[when] - 1);
  const end = when === "between" && dayOf(last);
  if (begin) fields.after = String(begin.getTime());
  if (end) fields.before = String(end.setDate(end.getDate() + 1));
  return fields;
}

function daysAgo(now, days) {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - days);
  return day;
}

/** The beginning of `2026-11-28` here, or null. */
const dayOf = (value) => (value ? new Date(`${value}T00:00`) : null);

/** Chips that narrow a search in messages, of one conversation or of all. */
export function SearchFilters({ conv, filter, onChange }) {
  const { t, client } = useApp();
  const set = (name) => (event) => onChange({ ...filter, [name]: event.currentTarget.value });
  const select = useRef(null);
  const [looking, setLooking] = useState(false);
  const group = client.groups.get(parseName(conv, client.me.id)?.group);
  const many = group && !client.groups.whole(group);
  const endLooking = () => {
    setLooking(false);
    select.current.focus();
  };
  const choose = (id) => {
    endLooking();
    onChange({ ...filter, from: String(id) });
  };
  const onPerson = (event) => {
    const other = event.currentTarget.value === OTHER;
    setLooking(other);
    if (!other) set("from")(event);
  };
  const people = [...peopleOf(client, conv).add(Number(filter.from) || client.me.id)]
    .filter((id) => id !== client.me.id)
    .map((id) => ({ id, name: client.people.name(id) }))
    .sort((one, other) => one.name.localeCompare(other.name));
  const option = (value, label) => html`<option key=${value} value=${value}>${label}</option>`;
  return html`<div class="narrow" role="group" aria-label=${t("search.narrow")}>
    <select class="chip ${filter.from ? "on" : ""}" aria-label=${t("search.from")} ref=${select}
      value=${looking ? OTHER : filter.from} onChange=${onPerson}>
      ${option("", t("search.anyone"))}${option(String(client.me.id), t("list.you"))}
      ${people.map(({ id, name }) => option(String(id), name))}
      ${many && option(OTHER, t("search.other_member"))}
    </select>
    <select class="chip ${filter.when ? "on" : ""}" aria-label=${t("search.when")} value=${filter.when} onChange=${set("when")}>
      ${["", ...Object.keys(DAYS), "between"].map((when) => option(when, t(`search.when_${when || "any"}`)))}
    </select>
    ${filter.when === "between" &&
    html`<input type="date" class="chip" aria-label=${t("search.first")} value=${filter.first} max=${filter.last} onInput=${set("first")} />
      <input type="date" class="chip" aria-label=${t("search.last")} value=${filter.last} min=${filter.first} onInput=${set("last")} />`}
    ${looking && html`<${MemberSearch} group=${group} choose=${choose} close=${endLooking} />`}
  </div>`;
}

/** Whose messages there may be: members, the other one, or whom one knows. */
function peopleOf(client, conv) {
  const place = parseName(conv, client.me.id);
  if (place?.group) return new Set((client.groups.members.value.get(place.group) ?? []).map(({ user }) => user.id));
  if (place?.peer) return new Set([place.peer]);
  const peers = client.conversations.ordered.value.map(({ peer }) => peer).filter(Boolean);
  return new Set([...client.contacts.accepted.value.map(({ user }) => user.id), ...peers]);
}
