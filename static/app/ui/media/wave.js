import { html } from "../../../vendor/preact.js";
import { BARS, waveform } from "../../core/waveform.js";

const STEP = 4;
const WIDTH = 2.4;
const HEIGHT = 30;
const LOWEST = 0.1;

/**
 * Bars as loud as a recording along its way; those before `share` (0 to 1) have been played. `live`
 * levels (0 to 1) are drawn as they are.
 */
export function Wave({ levels, share = 0, live = false }) {
  const bars = live ? levels.map((level) => level * 100) : waveform(levels ?? []);
  return html`<svg class="wave" viewBox="0 0 ${BARS * STEP} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    ${bars.map((level, index) => {
      const height = Math.max(LOWEST, level / 100) * HEIGHT;
      return html`<rect key=${index} class=${index < share * BARS ? "on" : ""} x=${index * STEP} y=${(HEIGHT - height) / 2}
        width=${WIDTH} height=${height} rx="1.2" />`;
    })}
  </svg>`;
}
