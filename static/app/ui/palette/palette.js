import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { isComposing } from "../input-method.js";
import { EVERYTHING, SearchFilters } from "../search/filters.js";
import { MessageHit, More, NameHit, SearchState } from "../search/hits.js";
import { useMessages } from "../search/use-search.js";
import { useMatches } from "./matches.js";

/** This close to the last one that was found, older ones are fetched. */
const AHEAD = 3;

/**
 * Jump to a conversation, a contact, a group, anyone on this server, or to a message. With `conv` only to
 * messages of that conversation; `memory` (`{query, filter}`) then keeps what was looked for, for the next time.
 */
export function Palette({ close, conv = null, memory = null }) {
  const { t, client, router } = useApp();
  const [query, setQuery] = useState(memory?.query ?? "");
  /** What is looked for: not what an input method is still composing. */
  const [wanted, setWanted] = useState(query);
  const [chosen, setChosen] = useState(null);
  const dialog = useRef(null);
  const input = useRef(null);
  const list = useRef(null);
  const names = useMatches(wanted);
  const sections = conv ? [] : names;
  const [filter, setFilter] = useState(memory?.filter ?? EVERYTHING);
  const found = useMessages(wanted, conv, filter);
  const flat = [...sections.flatMap(({ items }) => items), ...found.hits];
  const at = Math.max(0, flat.findIndex((item) => keyOf(item) === chosen));
  useLayoutEffect(() => {
    dialog.current.showModal();
    input.current.focus();
    input.current.select();
  }, []);
  useEffect(() => {
    dialog.current.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const write = (value, composing) => {
    setQuery(value);
    if (composing) return;
    setWanted(value);
    setChosen(null);
    list.current.scrollTop = 0;
    if (memory) memory.query = value;
  };
  const narrow = (value) => {
    setFilter(value);
    setChosen(null);
    if (memory) memory.filter = value;
  };
  /** What Enter opens, while the focus is where the words are written. */
  const [writing, setWriting] = useState(true);
  const current = writing ? (flat[at] ?? null) : null;
  const asks = wanted.trim() || (conv && filter.from);
  const open = (item) => {
    close();
    router.go("chats", item.conv, { at: item.seq ?? null, replace: item.conv === router.place.value.id });
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && flat.length) {
      const next = (at + step + flat.length) % flat.length;
      setChosen(keyOf(flat[next]));
      if (next >= flat.length - AHEAD) found.more?.();
    } else if (event.key === "Enter" && flat[at]) open(flat[at]);
    // A search field would only be emptied by it.
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  };
  const option = (item, content) => html`<div class="row" role="option" id="pal-${keyOf(item)}" key=${keyOf(item)}
    aria-selected=${item === current ? "true" : "false"} onClick=${() => open(item)}>${content}</div>`;
  const place = conv && client.conversations.get(conv);
  const title = place ? t("search.inside", { name: client.conversations.title(place) }) : t("palette.title");
  return html`<dialog class="pal pop" ref=${dialog} aria-label=${title} onClose=${close}
    onCancel=${(event) => (event.preventDefault(), close())}
    onFocusIn=${({ target }) => setWriting(target === input.current)}
    onClick=${(event) => event.target === dialog.current && close()}>
    <div class="ph">
      <${Icon} name="search" />
      <input ref=${input} type="search" value=${query} placeholder=${conv ? title : t("palette.placeholder")} autocomplete="off"
        role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label=${title}
        aria-activedescendant=${current ? `pal-${keyOf(current)}` : undefined}
        onInput=${(event) => write(event.currentTarget.value, event.isComposing)}
        onCompositionEnd=${(event) => write(event.currentTarget.value, false)} onKeyDown=${onKeyDown} />
      <${IconButton} icon="close" label=${t("action.close")} onClick=${close} />
    </div>
    ${(conv || asks) && html`<${SearchFilters} conv=${conv} filter=${filter} onChange=${narrow} />`}
    <div class="pl" ref=${list}>
      <div id="palette-list" role="listbox" aria-label=${title}>
        ${sections.map(
          ({ name, items }) => html`<div role="group" aria-label=${t(`palette.${name}`)} key=${name}>
            <div class="sec" aria-hidden="true">${t(`palette.${name}`)}</div>
            ${items.map((item) => option(item, html`<${NameHit} item=${item} />`))}
          </div>`,
        )}
        ${found.hits.length > 0 &&
        html`<div role="group" aria-label=${t("search.messages")}>
          <div class="sec" aria-hidden="true">${t("search.messages")}</div>
          ${found.hits.map((hit) => option(hit, html`<${MessageHit} hit=${hit} inside=${Boolean(conv)} />`))}
        </div>`}
      </div>
      ${asks
        ? html`<${SearchState} found=${found} query=${wanted} any=${flat.length > 0} />`
        : conv && html`<p class="nothing">${t("search.inside_text")}</p>`}
      <${More} found=${found} scroller=${list} />
    </div>
    <div class="pf keys" aria-hidden="true">
      <span><kbd>↑</kbd>${" "}<kbd>↓</kbd>${" "}${t("palette.move")}</span><span><kbd>Enter</kbd>${" "}${t("palette.open")}</span>
    </div>
  </dialog>`;
}

const keyOf = ({ conv, seq }) => (seq ? `${conv}-${seq}` : conv);
