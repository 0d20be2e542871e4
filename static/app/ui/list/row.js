import { html } from "../../../vendor/preact.js";
import { ALL } from "../../core/names.js";
import { useApp } from "../context.js";
import { Avatar, Badge, Icon } from "../elements.js";
import { preview } from "./preview.js";

/** A conversation in the list. */
export function ConversationRow({ summary, current }) {
  const app = useApp();
  const { t, client, times, router } = app;
  void client.typingVersion.value;
  void client.outboxVersion.value;
  const { conv, peer, muted, pinned, unread, mentioned, last } = summary;
  const title = client.conversations.title(summary);
  const kind = peer ? "person" : "group";
  const online = peer ? client.people.isOnline(peer) : false;
  return html`<li>
    <a
      class="row ${unread ? "unread" : ""}"
      href=${router.href("chats", conv)}
      tabindex="-1"
      data-conv=${conv}
      aria-current=${current ? "true" : undefined}
      onContextMenu=${(event) => openRowMenu(app, event, summary, title)}
      onKeyDown=${(event) => {
        if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) {
          openRowMenu(app, event, summary, title);
        }
      }}
    >
      <${Avatar} id=${peer ?? (conv === ALL ? "4" : Number(conv.slice(2)))} name=${title} kind=${kind} online=${online} />
      <div>
        <div class="top">
          <span class="nm">${title}</span>
          ${online && html`<span class="vh">${t("presence.online")}</span>`}
          ${pinned && html`<${Icon} name="pin" size="xs" /><span class="vh">${t("list.pinned")}</span>`}
          ${muted && html`<${Icon} name="bell-off" size="xs" /><span class="vh">${t("list.muted")}</span>`}
          ${last && html`<time class="tm num">${times.short(last.time)}</time>`}
        </div>
        <div class="bot">
          <span class="pv">${preview(app, summary)}</span>
          ${mentioned && html`<span class="badge at"><span aria-hidden="true">@</span>
            <span class="vh">${t("list.you_are_mentioned")}</span></span>`}
          <${Badge} n=${unread} kind=${muted ? "off" : ""} label=${t("list.unread", { n: unread })} />
        </div>
      </div>
    </a>
  </li>`;
}

/** Take a conversation out of the list until something new comes; it can be undone. */
export function hideConversation({ t, client, layers, router }, conv, title) {
  const failed = (error) => layers.say(error.code === "disconnected" ? t("link.needs") : error.message);
  client.hideConversation(conv, true).catch(failed);
  if (router.place.value.id === conv) router.go("chats", null, { replace: true });
  layers.offerUndo(t("list.hidden_done", { name: title }), () =>
    client.hideConversation(conv, false).catch(failed),
  );
}

/** What can be done with a conversation; also offered in its details. */
export function openRowMenu(app, event, summary, title) {
  event.preventDefault();
  const { t, client, layers } = app;
  const { conv, pinned, muted, unread, last_seq: lastSeq } = summary;
  const box = event.currentTarget.getBoundingClientRect();
  const at = event.clientX ? { x: event.clientX, y: event.clientY } : { x: box.left + 40, y: box.top + 40 };
  const failed = (error) => layers.say(error.code === "disconnected" ? t("link.needs") : error.message);
  const hide = () => hideConversation(app, conv, title);
  const items = [
    {
      icon: "pin",
      label: t(pinned ? "list.unpin" : "list.pin"),
      run: () => client.setPinned(conv, !pinned).catch(failed),
    },
    {
      icon: muted ? "bell" : "bell-off",
      label: t(muted ? "list.unmute" : "list.mute"),
      run() {
        client.setMuted(conv, !muted).catch(failed);
        if (!muted) {
          layers.offerUndo(t("list.muted_done", { name: title }), () => client.setMuted(conv, false).catch(failed));
        }
      },
    },
    unread > 0 && {
      icon: "checks",
      label: t("list.mark_read"),
      run: () => client.markRead(conv, lastSeq),
    },
    null,
    { icon: "close", label: t("list.hide"), run: hide },
  ];
  layers.openMenu({ items: items.filter((item) => item !== false), at, label: title });
}
