import { html } from "../../../vendor/preact.js";
import { blockContact } from "../../client/contact-acts.js";
import { useApp } from "../context.js";
import { useFormats } from "../formats.js";
import { failing } from "../reason.js";
import { FOREVER } from "./silenced.js";

/** What stands in the place of the composer for whoever is silenced in a group. */
export function Silenced({ until }) {
  const { t } = useApp();
  const formats = useFormats();
  const words = until === FOREVER ? t("groups.you_silenced") : t("groups.you_silenced_until", { time: formats.stamp(until) });
  return html`<p class="read-only" role="status">${words}</p>`;
}

/** The same where a person cannot be written to; `why`: see `unreachable`. */
export function Unreachable({ id, why }) {
  const app = useApp();
  const { t, client } = app;
  if (why !== "blocked") return html`<p class="read-only">${t(`people.${why}_text`)}</p>`;
  return html`<p class="read-only">${t("people.you_blocked", { name: client.people.name(id) })}
    <button type="button" class="btn quiet small" onClick=${() => blockContact(client, id, false).catch(failing(app))}>${t("people.unblock")}</button></p>`;
}
