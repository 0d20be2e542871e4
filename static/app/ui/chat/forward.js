import { html, useState } from "../../../vendor/preact.js";
import { partOf } from "../../client/parts.js";
import { Said } from "../../client/said.js";
import { ALL } from "../../core/names.js";
import { useApp } from "../context.js";
import { Avatar } from "../elements.js";
import { Dialog } from "../layer-views.js";
import { mediaText } from "../list/preview.js";
import { SearchBox } from "../list/search-box.js";
import { useMatches } from "../palette/matches.js";
import { toFirstFound } from "../picker-search.js";
import { reason } from "../reason.js";

/** Conversations that one message is forwarded to at once. */
const MAX_TARGETS = 10;
/** Of many messages it is said each time how far they are. */
const TELL_EVERY = 25;

/** Choose where messages go on to, in their order: one's conversations, or anyone found by name. */
export function ForwardDialog({ entries, done = () => {}, close }) {
  const { t, client, layers } = useApp();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState([]);
  const sections = useMatches(query)
    .map(({ name, items }) => ({ name, items: items.filter(({ conv }) => conv !== ALL || client.canBroadcast.value) }))
    .filter(({ items }) => items.length);
  const [entry] = entries;
  const full = chosen.length >= MAX_TARGETS;
  const isChosen = (item) => chosen.some(({ conv }) => conv === item.conv);
  const toggle = (item) =>
    setChosen(isChosen(item) ? chosen.filter(({ conv }) => conv !== item.conv) : [...chosen, item]);
  const send = async (event) => {
    event.preventDefault();
    close();
    const names = chosen.map(({ title }) => title).join(t("list.comma"));
    const all = chosen.flatMap(({ conv }) => entries.map((entry) => ({ conv, entry })));
    let kept = 0;
    try {
      for (const { conv, entry } of all) {
        await partOf(client, Said).forward(entry, conv);
        kept += 1;
        if (kept % TELL_EVERY === 0) layers.say(t("forward.progress", { done: kept, n: all.length }));
      }
      layers.say(t("forward.done", { names }));
      done();
    } catch (error) {
      const why = reason(t, error);
      layers.say(kept ? t("forward.partly", { done: kept, n: all.length, reason: why }) : why);
    }
  };
  return html`<${Dialog} title=${t("forward.title")} close=${close}>
    <form class="db" onSubmit=${send}>
      <blockquote class="quote"><b>${client.people.name(entry.from)}</b><span>${mediaText(t, entry)}</span>
        ${entries.length > 1 && html`<span>${t("forward.more", { n: entries.length - 1 })}</span>`}</blockquote>
      <fieldset class="picker" onKeyDown=${toFirstFound}>
        <legend class="lab">${t("forward.to")}</legend>
        ${chosen.length > 0 &&
        html`<ul class="chosen">
          ${chosen.map(
            (item) => html`<li key=${item.conv}><button type="button" class="chip" onClick=${() => toggle(item)}
              aria-label=${t("groups.unpick", { name: item.title })}>
              <${Avatar} id=${item.id} name=${item.title} kind=${item.kind} size="xs" />${item.title}<span aria-hidden="true">×</span></button></li>`,
          )}
        </ul>`}
        <${SearchBox} value=${query} onInput=${setQuery} placeholder=${t("forward.search")} />
        <div class="picks">
          ${sections.map(
            ({ name, items }) => html`<section key=${name} aria-label=${t(`palette.${name}`)}>
              <h3 class="sec">${t(`palette.${name}`)}</h3>
              <ul>
                ${items.map(
                  (item) => html`<li key=${item.conv}><label class="mem">
                    <input type="checkbox" checked=${isChosen(item)} disabled=${full && !isChosen(item)} onChange=${() => toggle(item)} />
                    <${Avatar} id=${item.id} name=${item.title} kind=${item.kind} size="s" />
                    <span class="nm">${item.title}</span></label></li>`,
                )}
              </ul>
            </section>`,
          )}
        </div>
        ${!sections.length && html`<p class="nothing" role="status">${t("list.no_match", { query })}</p>`}
        ${full && html`<p class="hint" role="status">${t("forward.full", { n: MAX_TARGETS })}</p>`}
      </fieldset>
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${!chosen.length}>${t("forward.send", { n: chosen.length })}</button>
      </footer>
    </form>
  <//>`;
}
