import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { LoadError, Skeleton } from "../elements.js";
import { SearchBox } from "../list/search-box.js";
import { useAdmin } from "./context.js";
import { RetentionCard } from "./retention.js";

/** Sections with limits and quotas stand first, the rest by name. */
const FIRST = ["limits", "media", "groups", "chat", "registration", "sessions"];

/** The settings of the node that answers, under the names by which they are changed. */
export function LimitsSection() {
  const { t, client } = useApp();
  const { administration } = useAdmin();
  const [sections, setSections] = useState(null);
  const [error, setError] = useState(null);
  const [query, setQuery] = useState("");
  const load = () =>
    administration.settings().then(({ settings }) => {
      setSections(Object.entries(settings).sort(([one], [other]) => rank(one) - rank(other) || (one < other ? -1 : 1)));
      setError(null);
    }, setError);
  useEffect(() => void load(), []);
  const wanted = query.trim().toLowerCase();
  const shown = sections
    ?.map(([section, values]) => [
      section,
      Object.entries(values).filter(([name]) => `${section}.${name}`.includes(wanted)),
    ])
    .filter(([, values]) => values.length);
  return html`
    <${RetentionCard} />
    <p class="muted">${t("admin.limits_text", { node: client.boot.node })}</p>
    <${SearchBox} value=${query} onInput=${setQuery} placeholder=${t("admin.limits_search")} />
    ${!sections &&
    (error
      ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`
      : html`<${Skeleton} rows=${5} label=${t("state.loading")} />`)}
    ${shown && !shown.length && html`<p class="nothing" role="status">${t("list.no_match", { query })}</p>`}
    <div class="alimits">
      ${shown?.map(
        ([section, values]) => html`<section class="card" key=${section} aria-label=${section}>
          <h3 class="mono">${section}</h3>
          <dl class="settings">
            ${values.map(([name, value]) => html`<div key=${name}>
              <dt class="mono">${section}.${name}</dt><dd>${shownValue(t, value)}</dd></div>`)}
          </dl>
        </section>`,
      )}
    </div>
  `;
}

const rank = (section) => {
  const place = FIRST.indexOf(section);
  return place < 0 ? FIRST.length : place;
};

function shownValue(t, value) {
  if (value === true) return t("admin.yes");
  if (value === false) return t("admin.no");
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) return t("admin.none");
  return Array.isArray(value) ? value.join(", ") : String(value);
}
