import { html, useEffect, useMemo, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Avatar } from "../elements.js";
import { completeEmoji, loadEmoji, noteRecent } from "../emoji/data.js";
import { useFoundMembers } from "../groups/found-members.js";
import { useOffered } from "../offered.js";
import { membersOf } from "./mentions.js";

/** Offered at once. */
const MAX_OFFERED = 8;
const SOURCES = { "@": useNames, ":": useEmoji };

/**
 * What may be meant by `letters` after a `sign`, over the field `input`, which keeps the focus:
 * `handle.current(event)` answers whether a key was taken. Nothing is shown where nothing fits.
 */
export function CompletionList({ sign, letters, input, handle, close, ...rest }) {
  const { name, label, items } = SOURCES[sign](letters, rest);
  const { current, step } = useOffered({ items, field: () => input.current, name, since: letters });
  const choose = ({ text, chosen }) => {
    const area = input.current;
    const caret = area.selectionStart;
    area.setRangeText(text, caret - letters.length - 1, caret, "end");
    chosen();
    close();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  };
  handle.current = (event) => {
    if (!current) return false;
    if (step(event)) return true;
    const chooses = event.key === "Enter" || event.key === "Tab";
    if (event.key === "Escape") close();
    else if ((chooses && !event.shiftKey) || (event.key === ":" && current.whole)) choose(current);
    else return false;
    return true;
  };
  useEffect(() => () => (handle.current = null), []);
  if (!current) return null;
  return html`<ul class="completion offers pop" id="${name}-list" role="listbox" aria-label=${label}>
    ${items.map(
      (item) => html`<li
        key=${item.id}
        id="${name}-${item.id}"
        role="option"
        aria-selected=${item === current ? "true" : "false"}
        onMouseDown=${(event) => {
          event.preventDefault();
          choose(item);
        }}
      >${item.picture}${item.label}</li>`,
    )}
  </ul>`;
}

/** Members of the group, found by any part of their name or of one's own name for them. */
function useNames(letters, { summary, onNamed }) {
  const { t, client } = useApp();
  const wanted = letters.toLowerCase();
  const has = (name) => name?.toLowerCase().includes(wanted);
  const known = membersOf(client, summary);
  const others = useFoundMembers(letters, summary.group, MAX_OFFERED + 1) ?? [];
  const items = [...known, ...others.filter(({ id }) => !known.some((user) => user.id === id))]
    .filter(({ id, name }) => id !== client.me.id && (has(name) || has(client.people.remarks.value.get(id))))
    .slice(0, MAX_OFFERED)
    .map((user) => ({
      id: user.id,
      text: `@${user.name} `,
      label: user.name,
      picture: html`<${Avatar} id=${user.id} name=${user.name} size="xs" />`,
      chosen: () => onNamed(user),
    }));
  return { name: "mention", label: t("chat.mention"), items };
}

/** Emoji of which a word begins so, in either language. */
function useEmoji(letters) {
  const { t, lang, storage } = useApp();
  const [all, setAll] = useState([]);
  // Where they cannot be had, a colon is a colon.
  useEffect(() => void loadEmoji(lang).then(setAll, () => {}), []);
  const items = useMemo(
    () =>
      completeEmoji(all, letters, MAX_OFFERED).map(({ emoji, name, whole }) => ({
        id: emoji,
        text: emoji,
        label: name,
        picture: html`<b aria-hidden="true">${emoji}</b>`,
        whole,
        chosen: () => noteRecent(storage, emoji),
      })),
    [all, letters],
  );
  return { name: "emoji", label: t("emoji.title"), items };
}
