import { useLayoutEffect } from "../../vendor/preact.js";
import { listen } from "./listen.js";

/**
 * Makes one tab stop of the elements that match `selector` inside `ref`: arrows, Home and End move
 * between them; in two dimensions where `across(items, index, step)` finds the one in the next row. The
 * elements are rendered with `tabindex=-1`; exactly one of them gets 0, by default the first; with `last`
 * the last, whichever that is while the focus is elsewhere.
 */
export function useRoving(ref, selector, { focusFirst = false, last = false, across = null } = {}) {
  useLayoutEffect(() => {
    const items = [...ref.current.querySelectorAll(selector)];
    const held = items.filter((item) => item.tabIndex === 0);
    const away = last && !ref.current.contains(document.activeElement);
    if (held.length !== 1 || away) {
      for (const item of held) item.tabIndex = -1;
      const current = items.find((item) => item.matches("[aria-current]"));
      const first = (!away && held[0]) || current || items[last ? items.length - 1 : 0];
      if (first) first.tabIndex = 0;
    }
  });
  useLayoutEffect(() => {
    const container = ref.current;
    const list = () => [...container.querySelectorAll(selector)];
    const hold = (item) => {
      for (const other of list()) if (other.tabIndex === 0 && other !== item) other.tabIndex = -1;
      item.tabIndex = 0;
    };
    const onFocus = (event) => {
      const item = event.target.closest?.(selector);
      if (item) hold(item);
    };
    const onKey = (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
      const item = event.target.closest?.(selector);
      if (!item || (event.target !== item && event.target.matches("input, textarea"))) return;
      const items = list();
      const next = target(event.key, items, items.indexOf(item), across);
      if (!next) return;
      event.preventDefault();
      hold(next);
      next.focus();
    };
    const deaf = listen(container, { focusin: onFocus, keydown: onKey });
    if (focusFirst) list()[0]?.focus();
    return deaf;
  }, []);
}

function target(key, items, index, across) {
  if (key === "Home") return items[0];
  if (key === "End") return items[items.length - 1];
  if (across && key === "ArrowRight") return items[index + 1] ?? null;
  if (across && key === "ArrowLeft") return items[index - 1] ?? null;
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const step = key === "ArrowDown" ? 1 : -1;
  return across ? across(items, index, step) : (items[index + step] ?? null);
}
