import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { isComposing } from "../input-method.js";
import { useMatches } from "../palette/matches.js";
import { useRoving } from "../roving.js";
import { EVERYTHING, SearchFilters } from "./filters.js";
import { MessageHit, More, NameHit, SearchState } from "./hits.js";
import { useMessages } from "./use-search.js";

/** What a search in the list finds: names by kind, then messages. `field`: where the words are written. */
export function SearchResults({ query, field }) {
  const { t, router } = useApp();
  const sections = useMatches(query);
  const [filter, setFilter] = useState(EVERYTHING);
  const found = useMessages(query, null, filter);
  const scroller = useRef(null);
  /** The message that was opened last. */
  const [opened, setOpened] = useState(null);
  useRoving(scroller, "a.row");
  useEffect(() => {
    const input = field.current;
    const onKey = (event) => {
      if (isComposing(event) || (event.key !== "ArrowDown" && event.key !== "Enter")) return;
      const first = scroller.current.querySelector("a.row");
      if (!first) return;
      event.preventDefault();
      first.focus();
      if (event.key === "Enter") first.click();
    };
    input.addEventListener("keydown", onKey);
    return () => input.removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => {
    scroller.current.scrollTop = 0;
  }, [query]);
  /** Up from the first one leads back to the words. */
  const onKeyDown = (event) => {
    const first = scroller.current.querySelector("a.row");
    if (event.key !== "ArrowUp" || event.target !== first) return;
    event.preventDefault();
    event.stopPropagation();
    field.current.focus();
  };
  const open = (event, { conv, seq }) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    setOpened(`${conv} ${seq}`);
    router.go("chats", conv, { at: seq, replace: conv === router.place.value.id });
  };
  const current = router.place.value.id;
  return html`<div class="scroll found" ref=${scroller} onKeyDownCapture=${onKeyDown}>
    ${sections.map(
      ({ name, items }) => html`<section key=${name} role="group" aria-label=${t(`palette.${name}`)}>
        <h3 class="sec">${t(`palette.${name}`)}</h3>
        <ul class="rows">
          ${items.map(
            (item) => html`<li key=${item.conv}><a class="row" href=${router.href("chats", item.conv)} tabindex="-1"
              aria-current=${item.conv === current && !opened ? "true" : undefined} onClick=${() => setOpened(null)}>
              <${NameHit} item=${item} /></a></li>`,
          )}
        </ul>
      </section>`,
    )}
    <section role="group" aria-label=${t("search.messages")}>
      <h3 class="sec">${t("search.messages")}</h3>
      <${SearchFilters} conv=${null} filter=${filter} onChange=${setFilter} />
      ${found.hits.length > 0 &&
      html`<ul class="rows">
          ${found.hits.map(
            (hit) => html`<li key=${`${hit.conv} ${hit.seq}`}><a class="row" tabindex="-1"
              href=${router.href("chats", hit.conv, { at: hit.seq })}
              aria-current=${opened === `${hit.conv} ${hit.seq}` ? "true" : undefined}
              onClick=${(event) => open(event, hit)}><${MessageHit} hit=${hit} /></a></li>`,
          )}
        </ul>`}
      <${SearchState} found=${found} query=${query} any=${sections.length > 0 || found.hits.length > 0} />
      <${More} found=${found} scroller=${scroller} />
    </section>
  </div>`;
}
