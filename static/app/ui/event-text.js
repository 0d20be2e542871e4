/** What happened to a conversation, in words: "Wang added Li". */
export function eventText({ t, client }, event) {
  const name = (id) => (id === client.me.id ? t("event.you") : client.people.name(id));
  const who = name(event.from);
  const names = (event.users ?? []).map(name).join(t("list.comma"));
  const onlyself = (event.users ?? []).length === 1 && event.users[0] === event.from;
  switch (event.kind) {
    case "created":
      return t("event.created", { who, name: event.text });
    case "joined":
      return onlyself || !names ? t("event.joined", { who }) : t("event.added", { who, names });
    case "left":
      return t("event.left", { who });
    case "removed":
      return t("event.removed", { who, names });
    case "renamed":
      return t("event.renamed", { who, name: event.text });
    case "role":
      return t(event.role === "admin" ? "event.made_admin" : "event.made_member", { who, names });
    case "owner":
      return t("event.owner", { who, names });
    case "announcement":
      return event.text ? t("event.announcement", { who, text: event.text }) : t("event.announcement_gone", { who });
    case "dissolved":
      return t("event.dissolved", { who });
    case "recall":
      return event.from === client.me.id ? t("recall.by_me") : t("recall.by", { name: who });
    case "edit":
      return event.from === client.me.id ? event.text : t("list.said", { name: who, text: event.text });
    default:
      return t("event.settings", { who });
  }
}
