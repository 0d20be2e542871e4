import { useEffect, useLayoutEffect, useState } from "../../vendor/preact.js";

/**
 * Which of `items` (`[{id}]`) is offered first while the focus stays in the field that `field()` finds: the first,
 * or where its arrow keys led since `since` changed. The field tells it to those who hear the page; the elements are
 * `#name-list` and `#name-id`. `step(event)` answers whether a key was an arrow.
 */
export function useOffered({ items, field, name, since }) {
  const [chosen, setChosen] = useState(null);
  const at = Math.max(0, items.findIndex(({ id }) => id === chosen));
  const current = items[at] ?? null;
  useEffect(() => setChosen(null), [since]);
  useLayoutEffect(() => {
    if (!current) return undefined;
    const told = { "aria-controls": `${name}-list`, "aria-activedescendant": `${name}-${current.id}`, "aria-autocomplete": "list" };
    const element = field();
    for (const [attribute, value] of Object.entries(told)) element.setAttribute(attribute, value);
    document.getElementById(told["aria-activedescendant"]).scrollIntoView({ block: "nearest" });
    return () => {
      for (const attribute of Object.keys(told)) element.removeAttribute(attribute);
    };
  }, [current?.id]);
  return {
    current,
    step(event) {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by || !items.length) return false;
      setChosen(items[(at + by + items.length) % items.length].id);
      return true;
    },
  };
}
