import { rangesOf } from "../../core/matching.js";
import { groupName } from "../../core/names.js";
import { useApp } from "../context.js";
import { useNames } from "../search/use-search.js";

/** Found at once of each kind; more letters narrow it. */
const MAX_SHOWN = 8;

/**
 * Whom one could write to, by kind: `[{name, items: [{conv, id, title, kind, note, ranges}]}]`. What is known
 * here is there at once; the node adds those who are called so by others only, and everyone else.
 */
export function useMatches(query) {
  const { t, client } = useApp();
  const found = useNames(query);
  const wanted = query.trim();
  const seen = new Set();
  /** Those that fit, the ones that begin so first. */
  const take = (items) =>
    items
      .map((item) => ({ ...item, ranges: item.ranges ?? (wanted ? rangesOf(item.title, [wanted]) : []) }))
      .filter(({ conv, ranges }) => ranges && !seen.has(conv) && seen.add(conv))
      .sort((one, other) => begins(other) - begins(one))
      .slice(0, MAX_SHOWN);
  const person = (user, note) => ({
    conv: client.people.conversationWith(user.id),
    id: user.id,
    title: client.people.name(user.id),
    kind: "person",
    note,
  });
  const number = ({ id }) => t("people.number", { id: String(id) });
  const hit = ({ kind, conv, id, title, name, ranges }) => ({
    conv,
    id,
    title,
    kind: kind === "group" ? "group" : "person",
    note: kind === "person" ? number({ id }) : title === name ? "" : name,
    ranges,
  });
  return [
    {
      name: "conversations",
      items: take(
        client.conversations.listed.value.map((summary) => ({
          conv: summary.conv,
          id: summary.peer ?? summary.group?.id ?? "4",
          title: client.conversations.title(summary),
          kind: summary.peer ? "person" : "group",
          note: summary.group ? t("groups.members_n", { n: summary.group.members }) : "",
        })),
      ),
    },
    {
      name: "contacts",
      items: take([...client.contacts.accepted.value.map(({ user }) => person(user, "")), ...found.contacts.map(hit)]),
    },
    {
      name: "groups",
      items: take([
        ...client.groups.list.value.map((group) => ({
          conv: groupName(group.id),
          id: group.id,
          title: group.name,
          kind: "group",
          note: t("groups.members_n", { n: group.members }),
        })),
        ...found.groups.map(hit),
      ]),
    },
    { name: "people", items: take(found.people.map(hit)) },
  ].filter(({ items }) => items.length);
}

const begins = ({ ranges }) => Number(ranges[0]?.[0] === 0);
