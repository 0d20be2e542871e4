import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { useFormats } from "../formats.js";

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

/** What stands in the place of the composer. */
export function Silenced({ until }) {
  const { t } = useApp();
  const formats = useFormats();
  const words = until === FOREVER ? t("groups.you_silenced") : t("groups.you_silenced_until", { time: formats.stamp(until) });
  return html`<p class="read-only" role="status">${words}</p>`;
}
