import { groupName } from "../../core/names.js";
import { useUserSearch } from "../contacts/dialogs.js";
import { useApp } from "../context.js";

/** Found at once of each kind; more letters narrow it. */
const MAX_SHOWN = 8;

/** Whom one could write to, by kind: `[{name, items: [{conv, id, title, kind, note}]}]`. */
export function useMatches(query) {
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
          id: summary.peer ?? summary.group?.id ?? "4",
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
