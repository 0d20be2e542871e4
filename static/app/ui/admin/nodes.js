import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Empty, LoadError, Skeleton } from "../elements.js";
import { useFormats } from "../formats.js";
import { useAdmin } from "./context.js";
import { Plot } from "./plot.js";

/** A heartbeat older than this is late, in ms; after 15 s a node counts as gone. */
const LATE_MS = 8_000;

/** Whether a node is well, in a word and a colour. */
function NodeState({ node, now }) {
  const { t, times } = useApp();
  const late = now - node.heartbeat_at > LATE_MS;
  if (!node.alive) return html`<span class="st d">${t("admin.gone", { time: times.ago(node.heartbeat_at) })}</span>`;
  return html`<span class="st ${late ? "w" : "ok"}">${t(late ? "admin.late" : "admin.healthy")}</span>`;
}

/** What stands instead of the nodes: while they are on their way, or cannot be had. */
function NodesMissing() {
  const { t } = useApp();
  const { live } = useAdmin();
  if (live.error) return html`<${LoadError} title=${t("state.error")} error=${live.error} onRetry=${live.reload} />`;
  return html`<${Skeleton} rows=${3} label=${t("state.loading")} />`;
}

/** All nodes in a few columns. */
export function NodesTable() {
  const { t } = useApp();
  const formats = useFormats();
  const { live } = useAdmin();
  if (!live.nodes) return html`<${NodesMissing} />`;
  // On phones each row is a card of its own: the names of the columns stand in it, and the roles say
  // what the layout hides.
  const columns = ["node", "state", "people", "messages_short", "memory", "up", "last_minutes"].map((name) => t(`admin.${name}`));
  const [, , people, messages, memory, up, minutes] = columns;
  return html`<div class="tw" tabindex="0" role="region" aria-label=${t("admin.nodes")}>
    <table role="table">
      <thead role="rowgroup"><tr role="row">
        ${columns.map((name, index) => html`<th scope="col" role="columnheader" class=${index > 1 && index < 6 ? "n" : ""}>${name}</th>`)}
      </tr></thead>
      <tbody role="rowgroup">
        ${live.nodes.map((node) => {
          const { figures, alive } = node;
          const figure = (of, value) => html`<td role="cell" class="n" data-of=${of}>${alive ? value : "–"}</td>`;
          return html`<tr role="row" key=${node.name} class=${alive ? "" : "gone"}>
            <th scope="row" role="rowheader"><b>${node.name}</b><small class="mono">${addressOf(node)}</small></th>
            <td role="cell"><${NodeState} node=${node} now=${live.now} /></td>
            ${figure(people, formats.count(figures.people))}
            ${figure(messages, formats.rate(figures.messages))}
            ${figure(memory, formats.megabytes(figures.memory))}
            ${figure(up, formats.span(live.now - node.started_at))}
            <td role="cell" data-of=${minutes}><${Plot} small label=${t("admin.messages")} format=${formats.rate}
              tone=${alive ? "" : "off"} values=${node.series.map((point) => point.figures.messages)} /></td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** Each node with all it tells. */
export function NodesSection() {
  const { t } = useApp();
  const { live } = useAdmin();
  if (!live.nodes) return html`<section class="card"><${NodesMissing} /></section>`;
  const gone = live.nodes.filter((node) => !node.alive).length;
  return html`
    <p class="muted" role="status">${gone ? t("admin.nodes_gone", { n: gone }) : t("admin.nodes_n", { n: live.nodes.length })}
      ${live.error && html` <span class="st w">${t("admin.stale")}</span>`}</p>
    ${!live.nodes.length && html`<${Empty} icon="server" title=${t("admin.no_nodes")} />`}
    <div class="anodes">${live.nodes.map((node) => html`<${NodeCard} key=${node.name} node=${node} now=${live.now} />`)}</div>
    <p class="muted">${t("admin.nodes_text")}</p>
  `;
}

function NodeCard({ node, now }) {
  const { t } = useApp();
  const formats = useFormats();
  const { figures, alive } = node;
  const plots = [
    ["connections", formats.count],
    ["messages", formats.rate],
    ["deliveries", formats.rate],
    ["processor", formats.percent],
    ["memory", formats.megabytes],
    ["waiting", formats.count],
  ];
  const facts = [
    [t("admin.address"), html`<span class="mono">${addressOf(node)}</span>`],
    [t("admin.version"), node.version],
    [t("admin.started"), formats.stamp(node.started_at)],
    [t("admin.people"), alive ? formats.count(figures.people) : "–"],
    [t("admin.relay_gaps"), formats.count(figures.relay_gaps)],
  ];
  return html`<section class="card anode ${alive ? "" : "gone"}" aria-label=${node.name}>
    <h3><span>${node.name}</span><${NodeState} node=${node} now=${now} /></h3>
    <dl class="afigures">
      ${plots.map(
        ([name, format]) => html`<div key=${name}>
          <dt>${t(`admin.${name}`)}</dt>
          <dd><b class="num">${alive ? format(figures[name]) : "–"}</b>
            <${Plot} label=${t(`admin.${name}`)} format=${format} tone=${alive ? "" : "off"}
              values=${node.series.map((point) => point.figures[name])} /></dd>
        </div>`,
      )}
    </dl>
    <dl class="kv">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
  </section>`;
}

/** Host and port as an address line has them. */
function addressOf({ address, port }) {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
