import { html, useEffect, useState } from "../../../vendor/preact.js";
import { parseName } from "../../core/names.js";
import { marksIn } from "../../core/member-marks.js";
import { useApp } from "../context.js";
import { Skeleton } from "../elements.js";
import { Dialog } from "../layer-views.js";
import { reason } from "../reason.js";
import { PeopleList } from "./people-list.js";

/** Who has read an own message in a group, who has received it, and who has not. */
export function ReadersDialog({ entry, close }) {
  const { t, client } = useApp();
  const [error, setError] = useState(null);
  const { group } = parseName(entry.conv, client.me.id);
  useEffect(() => {
    client.groups.loadMembers(group).catch(setError);
  }, [entry.seq]);
  const members = client.groups.members.value.get(group);
  const marks = marksIn(client.conversations.get(entry.conv), members, client.me.id);
  const sections = { read: [], delivered: [], waiting: [] };
  for (const [user, { joined, read, delivered }] of marks) {
    if (joined > entry.seq) continue;
    sections[read >= entry.seq ? "read" : delivered >= entry.seq ? "delivered" : "waiting"].push(user);
  }
  return html`<${Dialog} title=${t("readers.title")} close=${close}>
    <div class="db readers">
      ${!members && (error
        ? html`<p class="err" role="alert">${reason(t, error)}</p>`
        : html`<${Skeleton} rows=${3} label=${t("state.loading")} />`)}
      ${Object.entries(sections)
        .filter(([, users]) => users.length)
        .map(
          ([name, users]) => html`<section key=${name} aria-label=${t(`readers.${name}`)}>
            <h3 class="sec">${t(`readers.${name}`)}${" "}<span class="num">${users.length}</span></h3>
            <${PeopleList} users=${users} close=${close} />
          </section>`,
        )}
    </div>
  <//>`;
}
