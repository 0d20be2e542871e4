/** What happened to a conversation, in words: "Wang added Li". */
export function eventText({ t, client }, { kind, from, text, role, users = [], expired }) {
  const { me, people } = client;
  const name = (id) => (id === me.id ? t("event.you") : people.name(id));
  const who = name(from);
  const names = users.map(name).join(t("list.comma"));
  if (kind === "recall") return t(from === me.id ? "recall.by_me" : "recall.by", { name: who });
  if (kind === "edit") return from === me.id ? text : t("list.said", { name: who, text });
  let what = kind;
  if (kind === "joined" && names && String(users) !== String(from)) what = "added";
  if (kind === "role") what = role === "admin" ? "made_admin" : "made_member";
  if (kind === "announcement" && !text) what = expired ? "announcement_expired" : "announcement_gone";
  return t(`event.${what}`, { who, names, name: text, text });
}
