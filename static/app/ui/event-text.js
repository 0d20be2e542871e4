/** So many people are named; of more the first are, and how many others there are. */
export const NAMED = 4;
const FIRST = 3;

/** What happened to a conversation, in words: "Wang added Li". */
export function eventText({ t, client }, { kind, from, text, role, users = [], expired }) {
  const { me, people } = client;
  const name = (id, own) => (id === me.id ? t(own) : people.name(id));
  const who = name(from, "event.you");
  const names = namesOf(t, users, (id) => name(id, "event.you_too"), me.id);
  if (kind === "recall") return t(from === me.id ? "recall.by_me" : "recall.by", { name: who });
  if (kind === "edit") return from === me.id ? text : t("list.said", { name: who, text });
  let what = kind;
  if (kind === "joined" && names && String(users) !== String(from)) what = "added";
  if (kind === "role") what = role === "admin" ? "made_admin" : "made_member";
  if (kind === "announcement" && !text) what = expired ? "announcement_expired" : "announcement_gone";
  return t(`event.${what}`, { who, names, name: text, text });
}

/** All of a few names; of many the first ones, oneself among them, and the number of the others. */
function namesOf(t, users, name, me) {
  if (users.length <= NAMED) return users.map(name).join(t("list.comma"));
  const first = [...users.filter((id) => id === me), ...users.filter((id) => id !== me)].slice(0, FIRST);
  return t("event.and_others", { names: first.map(name).join(t("list.comma")), n: users.length - FIRST });
}
