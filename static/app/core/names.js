// Names of conversations (`p:1:2`, `g:7`, `all`) and of those one writes to (`u:2`, `g:7`, `all`).

export const ALL = "all";

const CONVERSATION = /^(?:p:([1-9]\d{0,15}):([1-9]\d{0,15})|g:([1-9]\d{0,15})|all)$/;

/** The conversation of two people, the same whoever asks. */
export function privateName(one, other) {
  return one < other ? `p:${one}:${other}` : `p:${other}:${one}`;
}

export function groupName(id) {
  return `g:${id}`;
}

/** `{kind: "private" | "group" | "all", peer?, group?}`, or null when `name` is none of mine. */
export function parseName(name, me) {
  const match = CONVERSATION.exec(name ?? "");
  if (!match) return null;
  const [low, high, group] = match.slice(1).map((id) => (id ? Number(id) : null));
  if (group) return { kind: "group", group };
  if (!low) return { kind: "all" };
  if (low !== me && high !== me) return null;
  return { kind: "private", peer: low === me ? high : low };
}

/** Whom to address to write into `name`; null when it is none of mine. */
export function targetOf(name, me) {
  const parsed = parseName(name, me);
  if (!parsed) return null;
  return parsed.kind === "private" ? `u:${parsed.peer}` : name;
}
