import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";

const FAR_MS = 2 * 60_000;

/** A warning where this device's clock is far from the server's; nothing else. */
export function ClockCard() {
  const { t } = useApp();
  const [off, setOff] = useState(0);
  useEffect(() => {
    const asked = Date.now();
    fetch("/api/time")
      .then((answer) => answer.json())
      .then(({ data }) => setOff((asked + Date.now()) / 2 - data.time))
      .catch(() => {});
  }, []);
  if (Math.abs(off) < FAR_MS) return null;
  const minutes = String(Math.round(Math.abs(off) / 60_000));
  return html`<section class="card list" role="status">
    <div class="opt"><${Icon} name="clock" /><div>${t(off > 0 ? "clock.ahead" : "clock.behind", { minutes })}<small>${t("clock.text")}</small></div></div>
  </section>`;
}
