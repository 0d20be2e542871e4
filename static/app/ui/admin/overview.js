import { html, useEffect, useState } from "../../../vendor/preact.js";
import { summed } from "../../core/node-figures.js";
import { useApp } from "../context.js";
import { LoadError, Skeleton } from "../elements.js";
import { useFormats } from "../formats.js";
import { ActList } from "./acts.js";
import { BroadcastCard } from "./broadcast.js";
import { useAdmin } from "./context.js";
import { POINTS } from "./live.js";
import { NodesTable } from "./nodes.js";
import { Plot } from "./plot.js";

/** The newest acts that the overview shows. */
const ACTS = 6;

/** How all is, at a glance. */
export function Overview() {
  const { t, router } = useApp();
  const { live } = useAdmin();
  return html`
    <${Tiles} />
    <div class="cols">
      <div>
        <section class="card">
          <h3><span>${t("admin.nodes")}</span>
            ${live.error && live.nodes && html`<span class="st w">${t("admin.stale")}</span>`}
            <a class="btn quiet small" href=${router.href("admin", "nodes")}>${t("admin.more")}<span class="vh">${t("admin.nodes")}</span></a></h3>
          <${NodesTable} />
        </section>
        <${NewestActs} />
      </div>
      <div><${BroadcastCard} /></div>
    </div>
  `;
}

function Tiles() {
  const { t } = useApp();
  const formats = useFormats();
  const { live } = useAdmin();
  const alive = (live.nodes ?? []).filter((node) => node.alive);
  const series = (name) => summed(alive, name, POINTS);
  const total = (name) => alive.reduce((sum, node) => sum + node.figures[name], 0);
  const peak = (value, values, format) => t("admin.peak", { value: format(Math.max(value, ...values)) });
  const people = series("people");
  const tiles = [
    ["online", live.online, people, formats.count],
    ["messages", total("messages"), series("messages"), formats.rate],
    ["deliveries", total("deliveries"), series("deliveries"), formats.rate],
    ["waiting", total("waiting"), series("waiting"), formats.count],
  ];
  return html`<dl class="tiles">
    ${tiles.map(
      ([name, value, values, format]) => html`<div class="tile" key=${name}>
        <dt>${t(`admin.${name}`)}</dt>
        <dd><span data-figure=${name}>${live.nodes ? format(value) : "–"}</span>
          <small>${live.nodes ? peak(value, values, format) : ""}</small></dd>
        <dd class="plot"><${Plot} label=${t(`admin.${name}`)} values=${values} format=${format}
          tone=${name === "waiting" ? "w" : ""} /></dd>
      </div>`,
    )}
  </dl>`;
}

function NewestActs() {
  const { t, router } = useApp();
  const { administration } = useAdmin();
  const [acts, setActs] = useState(null);
  const [error, setError] = useState(null);
  const load = () =>
    administration.acts({}, null, ACTS).then((page) => {
      setActs(page.acts);
      setError(null);
    }, setError);
  useEffect(() => void load(), []);
  return html`<section class="card" aria-label=${t("admin.audit")}>
    <h3><span>${t("admin.audit")}</span>
      <a class="btn quiet small" href=${router.href("admin", "audit")}>${t("admin.more")}<span class="vh">${t("admin.audit")}</span></a></h3>
    ${acts
      ? html`<${ActList} acts=${acts} />`
      : error
        ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`
        : html`<${Skeleton} rows=${3} label=${t("state.loading")} />`}
  </section>`;
}
