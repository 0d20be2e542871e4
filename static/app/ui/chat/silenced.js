import { useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";

/** When somebody has to end it, the node says this. */
export const FOREVER = Number.MAX_SAFE_INTEGER;
/** A timer holds no more, in ms. */
const LONGEST = 2 ** 31 - 1;

/** Until when I may not write in a group; null when I may. What shows it is drawn anew when it ends. */
export function useSilenced(group) {
  const { client } = useApp();
  const [, redraw] = useState(0);
  const until = group?.silenced_until ?? 0;
  const left = until - client.now();
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => redraw((n) => n + 1), Math.min(left, LONGEST));
    return () => clearTimeout(timer);
  });
  return left > 0 ? until : null;
}

/** Why one cannot write to a person: `deleted`, `webhook`, `blocked` by oneself; null when one can, or nobody knows. */
export function unreachable({ people, contacts }, id) {
  const user = people.get(id);
  if (user?.deleted) return "deleted";
  if (user?.kind === "webhook") return "webhook";
  return contacts.get(id)?.blocked ? "blocked" : null;
}
