import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Avatar } from "../elements.js";

/** So many are shown before one asks for the others. */
const FIRST = 5;

/** The groups that I am in together with someone; nothing while there are none, or they cannot be had. */
export function CommonGroups({ id }) {
  const { t, client, router } = useApp();
  const [groups, setGroups] = useState([]);
  const [all, setAll] = useState(false);
  const mine = client.groups.list.value;
  useEffect(() => {
    let current = true;
    client.api.get(`/groups?member=${id}`).then((found) => current && setGroups(found.groups), () => {});
    return () => (current = false);
  }, [id, mine]);
  if (!groups.length) return null;
  const shown = all ? groups : groups.slice(0, FIRST);
  return html`<div class="block">
    <h3><span>${t("people.common_groups")} · ${groups.length}</span></h3>
    ${shown.map(
      (group) => html`<a class="mem" key=${group.id} href=${router.href("groups", String(group.id))}>
        <${Avatar} id=${group.id} name=${group.name} kind="group" size="s" />
        <div><div class="nm">${group.name}</div><small>${t("groups.members_n", { n: group.members })}</small></div>
      </a>`,
    )}
    ${groups.length > shown.length &&
    html`<button type="button" class="btn quiet wide" onClick=${() => setAll(true)}>${t("people.common_groups_all")}</button>`}
  </div>`;
}
