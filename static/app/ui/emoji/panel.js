import { html, useEffect, useMemo, useRef, useState } from "../../../vendor/preact.js";
import { useCloseRequest } from "../close-request.js";
import { useApp } from "../context.js";
import { Icon, LoadError } from "../elements.js";
import { Segments } from "../form-elements.js";
import { isComposing } from "../input-method.js";
import { useRoving } from "../roving.js";
import { across } from "./across.js";
import { GROUPS, loadEmoji, noteRecent, recentEmoji, searchEmoji } from "./data.js";
import { Stickers } from "./stickers.js";

/**
 * All emoji, the recent ones first, and stickers beside them, with a search in both languages. `onPick`
 * gets an emoji, `onSticker` the name of a sticker.
 */
export function EmojiPanel({ onPick, onSticker, close, within }) {
  const { t, lang, storage } = useApp();
  const [tab, setTab] = useState(storage.get("emoji_tab") ?? "emoji");
  const [all, setAll] = useState(null);
  const [error, setError] = useState(null);
  const [query, setQuery] = useState("");
  const [group, setGroup] = useState(0);
  const search = useRef(null);
  const recent = recentEmoji(storage);

  const load = () => {
    setError(null);
    loadEmoji(lang).then(setAll, setError);
  };
  useEffect(load, []);
  useCloseRequest(close);
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) search.current.focus();
    const onPointer = (event) => within.current?.contains(event.target) || close();
    addEventListener("pointerdown", onPointer);
    return () => removeEventListener("pointerdown", onPointer);
  }, []);
  const stickers = tab === "stickers";

  const byEmoji = useMemo(() => new Map((all ?? []).map((item) => [item.emoji, item])), [all]);
  const found = query.trim() ? searchEmoji(all ?? [], query) : null;
  const sections = found
    ? [{ id: "found", title: t("emoji.found", { n: found.length }), items: found }]
    : [
        { id: "recent", title: t("emoji.recent"), items: recent.map((emoji) => byEmoji.get(emoji) ?? { emoji, name: "" }) },
        ...GROUPS.filter(({ id }) => id === group).map(({ id, name }) => ({
          id,
          title: t(`emoji.${name}`),
          items: (all ?? []).filter((item) => item.group === id),
        })),
      ];
  const pick = (emoji, event) => {
    noteRecent(storage, emoji);
    onPick(emoji);
    if (!event.shiftKey && event.detail === 0) close();
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.target === search.current && (event.key === "ArrowDown" || event.key === "Enter")) {
      event.preventDefault();
      const first = event.currentTarget.querySelector(".es button");
      if (event.key === "Enter") first?.click();
      else first?.focus();
    }
  };
  const placeholder = t(stickers ? "sticker.search" : "emoji.search");
  const show = (name) => {
    storage.set("emoji_tab", name);
    setTab(name);
  };
  const kinds = [
    { value: "emoji", label: t("emoji.open") },
    { value: "stickers", label: t("sticker.title") },
  ];
  return html`<div class="emo pop" role="dialog" aria-label=${t("emoji.title")} onKeyDown=${onKeyDown}>
    <div class="eh">
      <${Segments} full label=${t("emoji.kind")} value=${tab} options=${kinds} onChange=${show} />
      <label class="search">
        <${Icon} name="search" size="s" /><span class="vh">${placeholder}</span>
        <input ref=${search} type="search" value=${query} placeholder=${placeholder} autocomplete="off"
          onInput=${(event) => setQuery(event.currentTarget.value)} />
      </label>
      ${!stickers && html`<div class="cats" role="group" aria-label=${t("emoji.groups")}>
        ${GROUPS.map(
          ({ id, name, icon }) => html`<button type="button" key=${id} aria-pressed=${!found && id === group ? "true" : "false"}
            aria-label=${t(`emoji.${name}`)} title=${t(`emoji.${name}`)}
            onClick=${() => {
              setQuery("");
              setGroup(id);
            }}><${Icon} name=${icon} /></button>`,
        )}
      </div>`}
    </div>
    ${stickers ? html`<${Stickers} query=${query} onPick=${onSticker} />` : html`<${Emojis} ...${{ error, load, sections, found, byEmoji, pick }} />`}
  </div>`;
}

function Emojis({ error, load, sections, found, byEmoji, pick }) {
  const { t } = useApp();
  const [shown, setShown] = useState(null);
  const grid = useRef(null);
  useRoving(grid, "button", { across });
  return html`
    <div class="es" ref=${grid} onFocusIn=${(event) => setShown(byEmoji.get(event.target.textContent) ?? null)}
      onPointerOver=${(event) => event.target.tagName === "BUTTON" && setShown(byEmoji.get(event.target.textContent) ?? null)}>
      ${error && html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`}
      ${sections.map(
        ({ id, title, items }) => html`<section key=${id} aria-label=${title}>
          <h3 class="gh">${title}</h3>
          <div class="grid">
            ${items.map(
              ({ emoji, name }) => html`<button type="button" key=${emoji} tabindex="-1" aria-label=${name || undefined}
                title=${name} onClick=${(event) => pick(emoji, event)}>${emoji}</button>`,
            )}
          </div>
        </section>`,
      )}
      ${found && !found.length && html`<p class="nothing">${t("emoji.none")}</p>`}
    </div>
    <div class="ef keys" aria-hidden="true">
      ${shown ? html`<b>${shown.emoji}</b><span>${shown.name}</span>` : html`<span class="muted">${t("emoji.hint")}</span>`}
    </div>
  `;
}
