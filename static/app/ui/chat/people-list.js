import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Avatar } from "../elements.js";

/** People in a dialog; each leads to their profile, and `close` ends the dialog. */
export function PeopleList({ users, close }) {
  const { client, router } = useApp();
  return html`<ul class="picks">
    ${users.map(
      (id) => html`<li key=${id}><button type="button" class="mem" onClick=${() => {
        close();
        router.go("contacts", String(id));
      }}>
        <${Avatar} id=${id} name=${client.people.name(id)} size="s" presence=${client.people.standing(id)} />
        <span class="nm">${client.people.name(id)}</span></button></li>`,
    )}
  </ul>`;
}
