import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Dialog } from "../layer-views.js";
import { PeopleList } from "./people-list.js";

/** All people whom an event is about. */
export function PeopleDialog({ users, title, close }) {
  const { t } = useApp();
  return html`<${Dialog} title=${t("event.people", { n: users.length })} close=${close}>
    <div class="db readers"><p>${title}</p><${PeopleList} users=${users} close=${close} /></div>
  <//>`;
}
