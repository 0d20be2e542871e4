import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";

/** All of one's data in one file; the browser saves it while the server makes it. */
export function OwnDataCard() {
  const { t } = useApp();
  return html`<section class="card list">
    <a class="opt" href="/api/me/export" download>
      <${Icon} name="download" /><div>${t("settings.export")}<small>${t("settings.export_text")}</small></div></a>
  </section>`;
}
