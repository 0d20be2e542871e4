import { html, useEffect, useLayoutEffect, useRef } from "../../vendor/preact.js";
import { useCloseRequest } from "./close-request.js";
import { useApp } from "./context.js";
import { Icon } from "./elements.js";
import { useRoving } from "./roving.js";

/** A menu at a point; on a phone a sheet from below. */
export function Menu({ items, at, label, preview }) {
  const { layers } = useApp();
  const ref = useRef(null);
  useRoving(ref, "[role=menuitem]", { focusFirst: true });
  useLayoutEffect(() => {
    const menu = ref.current;
    const { width, height } = menu.getBoundingClientRect();
    if (matchMedia("(max-width: 719px)").matches) return;
    const { left, top } = placeMenu(at, width, height);
    menu.style.left = `${left}px`;
    menu.style.top = `${top}px`;
  }, [at]);
  useEffect(() => {
    const away = () => layers.closeMenu();
    addEventListener("resize", away);
    return () => removeEventListener("resize", away);
  }, []);
  useCloseRequest(layers.closeMenu);
  const run = (item) => {
    layers.closeMenu();
    item.run();
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      layers.closeMenu();
    }
  };
  return html`<div class="menu-layer">
    <div class="menu-away" onClick=${() => layers.closeMenu()}
      onContextMenu=${(event) => {
        event.preventDefault();
        // A finger that rests has opened the menu, and the browser's own press comes a moment later.
        if (event.pointerType !== "touch") layers.closeMenu();
      }}></div>
    <div ref=${ref} class="menu pop" role="menu" aria-label=${label} onKeyDown=${onKeyDown}>
      ${preview && html`<p class="prev" role="presentation">${preview}</p>`}
      ${items.map((item, index) =>
        item === null
          ? html`<hr key=${index} />`
          : html`<button
              type="button"
              role="menuitem"
              tabindex="-1"
              class="mi ${item.danger ? "dg" : ""}"
              key=${item.label}
              onClick=${() => run(item)}
            ><${Icon} name=${item.icon} /><span>${item.label}</span>${item.hint
              ? html`<small class=${typeof item.hint === "function" ? "num" : "keys"}>
                    ${typeof item.hint === "function" ? html`<${item.hint} />` : item.hint}</small>`
              : null}</button>`,
      )}
    </div>
  </div>`;
}

/** Below what it belongs to; where there is no room, beside it. */
function placeMenu(at, width, height) {
  const within = (value, most) => Math.min(Math.max(8, value), most - 8);
  const fits = at.y + height + 8 <= innerHeight;
  let left = at.right === undefined ? at.x : at.right - width;
  if (!fits && at.beside) {
    left = at.right === undefined ? at.beside.right + 8 : at.beside.left - width - 8;
  }
  return { left: within(left, innerWidth - width), top: within(at.y, innerHeight - height) };
}
