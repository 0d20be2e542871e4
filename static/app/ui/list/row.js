import { html } from "../../../vendor/preact.js";
import { ALL } from "../../core/names.js";
import { isUnread } from "../../core/summaries.js";
import { useApp } from "../context.js";
import { Avatar, Badge, Icon } from "../elements.js";
import { call } from "../lazy.js";
import { preview } from "./preview.js";

/** Who comes back to a conversation has done what the mark was for. */
export const unmark = ({ client }, conv) => client.markUnread(conv, false).catch(() => {});

/** A conversation in the list. */
export function ConversationRow({ summary, current }) {
  const app = useApp();
  const { t, client, times, router } = app;
  void client.typingVersion.value;
  void client.outboxVersion.value;
  const { conv, peer, muted, pinned, unread, mention_seq: mention, last } = summary;
  const title = client.conversations.title(summary);
  const kind = peer ? "person" : "group";
  const presence = peer ? client.people.standing(peer) : "";
  const openMenu = (event) => {
    // The node's list does not have it.
    if (!client.conversations.get(conv)) return;
    event.preventDefault();
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const at = event.clientX ? { x: event.clientX, y: event.clientY } : { x: left + 40, y: top + 40 };
    call(app, () => import("./row-menu.js"), "openRowMenu", app, at, summary, title);
  };
  return html`<li>
    <a
      class="row ${isUnread(summary) ? "unread" : ""}"
      href=${router.href("chats", conv)}
      tabindex="-1"
      data-conv=${conv}
      aria-current=${current ? "true" : undefined}
      onClick=${() => current && summary.marked_unread && unmark(app, conv)}
      onContextMenu=${openMenu}
      onKeyDown=${(event) => {
        if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) openMenu(event);
      }}
    >
      <${Avatar} id=${peer ?? (conv === ALL ? "4" : Number(conv.slice(2)))} name=${title} kind=${kind} presence=${presence} />
      <div>
        <div class="top">
          <span class="nm">${title}</span>
          ${presence && html`<span class="vh">${t(`presence.${presence}`)}</span>`}
          ${pinned && html`<${Icon} name="pin" size="xs" /><span class="vh">${t("list.pinned")}</span>`}
          ${muted && html`<${Icon} name="bell-off" size="xs" /><span class="vh">${t("list.muted")}</span>`}
          ${last && html`<time class="tm num">${times.short(last.time)}</time>`}
        </div>
        <div class="bot">
          <span class="pv">${preview(app, summary)}</span>
          ${mention && html`<span class="badge at"><span aria-hidden="true">@</span>
            <span class="vh">${t("list.you_are_mentioned")}</span></span>`}
          ${!unread && isUnread(summary) && html`<span class="badge sole ${muted ? "off" : ""}"><span class="vh">${t("list.filter_unread")}</span></span>`}
          <${Badge} n=${unread} kind=${muted ? "off" : ""} label=${t("list.unread", { n: unread })} />
        </div>
      </div>
    </a>
  </li>`;
}
