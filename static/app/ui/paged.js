import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { useApp } from "./context.js";
import { LoadError, Skeleton } from "./elements.js";

/**
 * A list that the node gives page by page: `fetchPage(cursor)` answers `[rows, next]`, `next` null
 * at the end. It begins anew when `key` changes. Answers `{rows, end, error, busy, more, begin, set}`.
 */
export function usePages(fetchPage, key) {
  const [state, setState] = useState({ rows: null, next: null, error: null, busy: false });
  const turn = useRef(0);
  const load = async (cursor) => {
    const mine = cursor === null ? ++turn.current : turn.current;
    setState((before) => ({ ...before, busy: true, error: null }));
    try {
      const [rows, next] = await fetchPage(cursor);
      if (mine !== turn.current) return;
      setState((before) => ({
        rows: cursor === null ? rows : [...before.rows, ...rows],
        next,
        error: null,
        busy: false,
      }));
    } catch (error) {
      if (mine === turn.current) setState((before) => ({ ...before, error, busy: false }));
    }
  };
  useEffect(() => void load(null), [key]);
  return {
    ...state,
    end: state.next === null,
    begin: () => load(null),
    more: () => !state.busy && state.next !== null && load(state.next),
    /** Change one row where it stands; null takes it out. */
    set: (matches, change) =>
      setState((before) => ({
        ...before,
        rows: before.rows?.flatMap((row) => (matches(row) ? (change === null ? [] : [{ ...row, ...change }]) : [row])) ?? null,
      })),
  };
}

/** The end of such a list: more comes on scrolling, or by the button; errors can be tried again. */
export function PagesEnd({ pages, label }) {
  const { t } = useApp();
  const ref = useRef(null);
  useEffect(() => {
    if (!ref.current || pages.error) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && pages.more(), { rootMargin: "200px" });
    observer.observe(ref.current);
    return () => observer.disconnect();
  });
  if (pages.error) return html`<${LoadError} title=${t("state.error")} error=${pages.error} onRetry=${pages.rows ? pages.more : pages.begin} />`;
  if (!pages.rows) return html`<${Skeleton} rows=${5} label=${t("state.loading")} />`;
  if (pages.end) return null;
  return html`<button type="button" class="btn quiet wide" ref=${ref} disabled=${pages.busy} onClick=${pages.more}>${label}</button>`;
}
