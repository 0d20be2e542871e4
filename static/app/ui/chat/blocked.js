import { html } from "../../../vendor/preact.js";
import { blockContact } from "../../client/contact-acts.js";
import { useApp } from "../context.js";
import { failing } from "../reason.js";

/** What stands in the place of the composer for somebody whom I have blocked. */
export function Blocked({ id }) {
  const app = useApp();
  const { t, client } = app;
  return html`<p class="read-only">${t("people.you_blocked", { name: client.people.name(id) })}
    <button type="button" class="btn quiet small" onClick=${() => blockContact(client, id, false).catch(failing(app))}>${t("people.unblock")}</button></p>`;
}
