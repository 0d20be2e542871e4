import { html, useEffect, useState } from "../../../vendor/preact.js";
import { mentionedIn } from "../../core/text.js";
import { Avatar } from "../elements.js";

/** Names offered at once. */
const MAX_OFFERED = 8;
/** An @ and the letters after it, up to the caret. */
const BEGUN = /(?:^|[\s\p{Script=Han}，。！？、：；])@([^\s@]{0,32})$/u;

/** Naming members of a group: after an @ their names are offered. */
export function useMentions({ app, summary, input, draft, text }) {
  const { t, client } = app;
  const group = summary.group?.id ?? null;
  const [chosen, setChosen] = useState(() => draft.mentions ?? []);
  const [begun, setBegun] = useState(null);
  const [at, setAt] = useState(0);
  const members = group ? (client.groups.members.value.get(group) ?? []).map(({ user }) => client.people.get(user.id)) : [];
  const query = begun?.toLowerCase() ?? "";
  const offered =
    begun === null
      ? []
      : members
          .filter((user) => user.id !== client.me.id && nameMatches(client, user, query))
          .slice(0, MAX_OFFERED);
  useEffect(() => setAt(0), [begun]);

  const look = () => {
    const area = input.current;
    const match = group && BEGUN.exec(area.value.slice(0, area.selectionStart));
    setBegun(match ? match[1] : null);
  };
  const choose = (user) => {
    const area = input.current;
    const caret = area.selectionStart;
    const start = caret - begun.length - 1;
    const value = `${area.value.slice(0, start)}@${user.name} ${area.value.slice(caret)}`;
    const after = start + user.name.length + 2;
    setChosen([...chosen.filter(({ id }) => id !== user.id), { id: user.id, name: user.name }]);
    setBegun(null);
    area.setRangeText(value, 0, area.value.length);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.setSelectionRange(after, after);
    area.focus();
  };
  const onKey = (event) => {
    if (!offered.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at + step + offered.length) % offered.length);
    else if (event.key === "Enter" || event.key === "Tab") choose(offered[at]);
    else if (event.key === "Escape") setBegun(null);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const open = offered.length > 0;
  return {
    t,
    chosen,
    offered,
    at,
    look,
    choose,
    onKey,
    close: () => setBegun(null),
    /** The text has left the box: nobody is named in it, or about to be. */
    reset() {
      setChosen([]);
      setBegun(null);
    },
    /** Ids of those who are named in a text, chosen or written out in full. */
    named: (value) => mentionedIn(value, [...chosen, ...members], client.me.id),
    attributes: open
      ? { "aria-controls": "mention-list", "aria-activedescendant": `mention-${offered[at]?.id}`, "aria-autocomplete": "list" }
      : {},
    text,
  };
}

function nameMatches(client, user, query) {
  const remark = client.people.remarks.value.get(user.id) ?? "";
  return user.name.toLowerCase().includes(query) || remark.toLowerCase().includes(query);
}

export function MentionList({ mentions }) {
  const { offered, at, choose, t } = mentions;
  if (!offered.length) return null;
  return html`<ul class="mentions pop" id="mention-list" role="listbox" aria-label=${t("chat.mention")}>
    ${offered.map(
      (user, index) => html`<li
        key=${user.id}
        id="mention-${user.id}"
        role="option"
        aria-selected=${index === at ? "true" : "false"}
        onMouseDown=${(event) => {
          event.preventDefault();
          choose(user);
        }}
      ><${Avatar} id=${user.id} name=${user.name} size="xs" />${user.name}</li>`,
    )}
  </ul>`;
}
