import { html } from "../../../vendor/preact.js";
import { useClockError } from "../clock.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";

/** A warning where this device's clock is far from the server's; nothing else. */
export function ClockCard() {
  const { t } = useApp();
  const error = useClockError();
  return (
    error &&
    html`<section class="card list">
      <div class="opt"><${Icon} name="clock" /><div>${error}<small>${t("clock.text")}</small></div></div>
    </section>`
  );
}
