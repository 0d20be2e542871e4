import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Avatar } from "../elements.js";
import { useFoundMembers } from "../groups/found-members.js";
import { isComposing } from "../input-method.js";
import { useOffered } from "../offered.js";

/** Offered at once. */
const MAX_OFFERED = 8;

/** Somebody of a large group, found by a part of their name; `choose(id)`. */
export function MemberSearch({ group, choose, close }) {
  const { t, client } = useApp();
  const [text, setText] = useState("");
  const field = useRef(null);
  const letters = text.trim();
  const found = useFoundMembers(letters, group, MAX_OFFERED);
  const items = found ?? [];
  const { current, step } = useOffered({ items, field: () => field.current, name: "member", since: letters });
  useEffect(() => field.current.focus(), []);
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter") current && choose(current.id);
    else if (!step(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<input ref=${field} type="search" class="chip" role="combobox" aria-expanded=${current ? "true" : "false"}
      aria-label=${t("groups.find_member")} placeholder=${t("groups.find_member")} value=${text} autocomplete="off" maxlength="32"
      onInput=${(event) => event.isComposing || setText(event.currentTarget.value)}
      onCompositionEnd=${(event) => setText(event.currentTarget.value)} onKeyDown=${onKeyDown} />
    ${current &&
    html`<ul class="offers" id="member-list" role="listbox" aria-label=${t("groups.members")}>
      ${items.map(
        (user) => html`<li key=${user.id} id="member-${user.id}" role="option" aria-selected=${user === current ? "true" : "false"}
          onMouseDown=${(event) => (event.preventDefault(), choose(user.id))}>
          <${Avatar} id=${user.id} name=${client.people.name(user.id)} size="xs" />${client.people.name(user.id)}</li>`,
      )}
    </ul>`}
    ${found && !found.length && html`<p class="muted" role="status">${t("list.no_match", { query: letters })}</p>`}`;
}
