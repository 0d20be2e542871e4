import { html } from "../../../vendor/preact.js";
import { blockContact } from "../../client/contact-acts.js";
import { useApp } from "../context.js";
import { failing } from "../reason.js";

/** Why one cannot write to a person: `deleted`, `webhook`, `blocked` by oneself; null when one can, or nobody knows. */
export function unreachable({ people, contacts }, id) {
  const user = people.get(id);
  if (user?.deleted) return "deleted";
  if (user?.kind === "webhook") return "webhook";
  return contacts.get(id)?.blocked ? "blocked" : null;
}

/** What stands in the place of the composer then. */
export function Unreachable({ id, why }) {
  const app = useApp();
  const { t, client } = app;
  if (why !== "blocked") return html`<p class="read-only">${t(`people.${why}_text`)}</p>`;
  return html`<p class="read-only">${t("people.you_blocked", { name: client.people.name(id) })}
    <button type="button" class="btn quiet small" onClick=${() => blockContact(client, id, false).catch(failing(app))}>${t("people.unblock")}</button></p>`;
}
