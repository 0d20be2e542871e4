import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";

const WIDTH = 200;
const HEIGHT = 40;

/**
 * A line over time from zero up, drawn as SVG. `label` names it; its text alternative also says the
 * lowest, the highest and the last value, each through `format`.
 */
export function Plot({ label, values, format = String, small = false, tone = "" }) {
  const { t } = useApp();
  if (values.length < 2) return html`<svg class="spark ${small ? "sm" : ""}" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"></svg>`;
  const top = Math.max(...values) || 1;
  const points = values.map((value, index) => {
    const x = (index * WIDTH) / (values.length - 1);
    const y = HEIGHT - 2 - (value / top) * (HEIGHT - 4);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  const words = {
    label,
    least: format(Math.min(...values)),
    most: format(Math.max(...values)),
    last: format(values[values.length - 1]),
  };
  return html`<svg class="spark ${small ? "sm" : ""} ${tone}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"
    role="img" aria-label=${t("admin.plot", words)}>
    <path class="area" d="M${points.join("L")}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z" />
    <path class="ln" d="M${points.join("L")}" />
  </svg>`;
}
