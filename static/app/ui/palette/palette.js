import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Avatar, Icon } from "../elements.js";
import { isComposing } from "../input-method.js";
import { useMatches } from "./matches.js";

/** Jump to a conversation, a contact, a group, or anyone on this server. */
export function Palette({ close }) {
  const { t, router } = useApp();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const dialog = useRef(null);
  const input = useRef(null);
  const sections = useMatches(query);
  const flat = sections.flatMap(({ items }) => items);
  useLayoutEffect(() => {
    dialog.current.showModal();
    input.current.focus();
  }, []);
  useEffect(() => setAt(0), [query]);
  useEffect(() => {
    dialog.current.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const open = (conv) => {
    close();
    router.go("chats", conv);
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && flat.length) setAt((at + step + flat.length) % flat.length);
    else if (event.key === "Enter" && flat[at]) open(flat[at].conv);
    else return;
    event.preventDefault();
  };
  let index = -1;
  return html`<dialog class="pal pop" ref=${dialog} aria-label=${t("palette.title")} onClose=${close}
    onCancel=${(event) => (event.preventDefault(), close())}
    onClick=${(event) => event.target === dialog.current && close()}>
    <div class="ph">
      <${Icon} name="search" />
      <input ref=${input} type="search" value=${query} placeholder=${t("palette.placeholder")} autocomplete="off"
        role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label=${t("palette.title")}
        aria-activedescendant=${flat[at] ? `pal-${flat[at].conv}` : undefined}
        onInput=${(event) => setQuery(event.currentTarget.value)} onKeyDown=${onKeyDown} />
      <kbd>Esc</kbd>
    </div>
    <div class="pl" id="palette-list" role="listbox" aria-label=${t("palette.title")}>
      ${sections.map(
        ({ name, items }) => html`<div role="group" aria-label=${t(`palette.${name}`)} key=${name}>
          <div class="sec" aria-hidden="true">${t(`palette.${name}`)}</div>
          ${items.map((item) => {
            index += 1;
            return html`<div class="row" role="option" id="pal-${item.conv}" key=${item.conv}
              aria-selected=${index === at ? "true" : "false"} onClick=${() => open(item.conv)}>
              <${Avatar} id=${item.id} name=${item.title} kind=${item.kind} size="s" />
              <div><div class="nm">${marked(item.title, query)}</div>${item.note && html`<div class="pv">${item.note}</div>`}</div>
            </div>`;
          })}
        </div>`,
      )}
    </div>
    ${!flat.length && html`<p class="nothing" role="status">${t("list.no_match", { query })}</p>`}
    <div class="pf" aria-hidden="true">
      <span><kbd>↑</kbd>${" "}<kbd>↓</kbd>${" "}${t("palette.move")}</span><span><kbd>Enter</kbd>${" "}${t("palette.open")}</span>
    </div>
  </dialog>`;
}

function marked(title, query) {
  const wanted = query.trim();
  const at = wanted ? title.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
  if (at < 0) return title;
  const end = at + wanted.length;
  return html`${title.slice(0, at)}<mark>${title.slice(at, end)}</mark>${title.slice(end)}`;
}
