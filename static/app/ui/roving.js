import { useLayoutEffect } from "../../vendor/preact.js";

/**
 * Makes one tab stop of the elements that match `selector` inside `ref`: arrows (with `grid`
 * also in two dimensions), Home and End move between them. The elements are rendered with
 * `tabindex=-1`; exactly one of them gets 0, by default the first, or the last with `last`.
 */
export function useRoving(ref, selector, { focusFirst = false, last = false, grid = false } = {}) {
  useLayoutEffect(() => {
    const items = [...ref.current.querySelectorAll(selector)];
    const held = items.filter((item) => item.tabIndex === 0);
    if (held.length !== 1) {
      for (const item of held) item.tabIndex = -1;
      const current = items.find((item) => item.matches("[aria-current]"));
      const first = held[0] ?? current ?? items[last ? items.length - 1 : 0];
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
      const next = target(event.key, items, items.indexOf(item), grid);
      if (!next) return;
      event.preventDefault();
      hold(next);
      next.focus();
    };
    container.addEventListener("focusin", onFocus);
    container.addEventListener("keydown", onKey);
    if (focusFirst) list()[0]?.focus();
    return () => {
      container.removeEventListener("focusin", onFocus);
      container.removeEventListener("keydown", onKey);
    };
  }, []);
}

function target(key, items, index, grid) {
  if (key === "Home") return items[0];
  if (key === "End") return items[items.length - 1];
  if (grid && key === "ArrowRight") return items[index + 1] ?? null;
  if (grid && key === "ArrowLeft") return items[index - 1] ?? null;
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const step = key === "ArrowDown" ? 1 : -1;
  return grid ? across(items, index, step) : (items[index + step] ?? null);
}

/** In a grid: of the next row up or down, the one that stands nearest. */
function across(items, index, step) {
  const from = items[index].getBoundingClientRect();
  let row = null;
  let best = null;
  for (let at = index + step; items[at]; at += step) {
    const box = items[at].getBoundingClientRect();
    if (Math.abs(box.top - from.top) < 2) continue;
    row ??= box.top;
    if (Math.abs(box.top - row) >= 2) break;
    const distance = Math.abs(box.left - from.left);
    if (!best || distance < best.distance) best = { item: items[at], distance };
  }
  return best?.item ?? null;
}
