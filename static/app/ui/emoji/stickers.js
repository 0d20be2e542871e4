import { html, useRef } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { useRoving } from "../roving.js";
import { across } from "./across.js";
import { searchStickers, Sticker, STICKERS } from "./sticker-set.js";

/** Kept as recently used: one row. */
const MAX_RECENT = 4;

/** All stickers, the recent ones first; `onPick` gets the name of the one chosen. */
export function Stickers({ query, onPick }) {
  const { t, storage } = useApp();
  const grid = useRef(null);
  useRoving(grid, "button", { across });
  const recent = (storage.get("stickers") ?? []).filter((id) => STICKERS.some((sticker) => sticker.id === id));
  const found = query.trim() ? searchStickers(query) : null;
  const pick = (id) => {
    storage.set("stickers", [id, ...recent.filter((other) => other !== id)].slice(0, MAX_RECENT));
    onPick(id);
  };
  const sections = found
    ? [{ name: "found", title: t("emoji.found", { n: found.length }), ids: found.map(({ id }) => id) }]
    : [
        ...(recent.length ? [{ name: "recent", title: t("emoji.recent"), ids: recent }] : []),
        { name: "all", title: t("sticker.ours"), ids: STICKERS.map(({ id }) => id) },
      ];
  return html`<div class="es" ref=${grid}>
    ${sections.map(
      ({ name, title, ids }) => html`<section key=${name} aria-label=${title}>
        <h3 class="gh">${title}</h3>
        <div class="stk">
          ${ids.map(
            (id) => html`<button type="button" key=${id} tabindex="-1" onClick=${() => pick(id)}>
              <span aria-hidden="true"><${Sticker} id=${id} /></span>${t(`sticker.${id}`)}</button>`,
          )}
        </div>
      </section>`,
    )}
    ${found && !found.length && html`<p class="nothing">${t("emoji.none")}</p>`}
  </div>`;
}
