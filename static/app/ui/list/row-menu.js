import { hide, mute, pin } from "../../client/conversation-acts.js";
import { isUnread } from "../../core/summaries.js";
import { failing } from "../reason.js";

/** Take a conversation out of the list until something new comes; it can be undone. */
export async function hideConversation(app, conv, title) {
  const { t, client, layers, router } = app;
  const failed = failing(app);
  try {
    await hide(client, conv, true);
  } catch (error) {
    failed(error);
    return;
  }
  if (router.place.value.id === conv) router.go("chats", null, { replace: true });
  layers.offerUndo(t("list.hidden_done", { name: title }), () => hide(client, conv, false).catch(failed));
}

/** What can be done with a conversation; also offered in its details. */
export function openRowMenu(app, at, summary, title) {
  const { t, client, layers } = app;
  const { conv, pinned, muted, marked_unread: marked, last_seq: lastSeq } = summary;
  const failed = failing(app);
  const mutedNow = () => {
    if (muted) return;
    layers.offerUndo(t("list.muted_done", { name: title }), () => mute(client, conv, false).catch(failed));
  };
  const read = () => {
    client.markRead(conv, lastSeq);
    if (marked) client.markUnread(conv, false).catch(failed);
  };
  const items = [
    {
      icon: "pin",
      label: t(pinned ? "list.unpin" : "list.pin"),
      run: () => pin(client, conv, !pinned).catch(failed),
    },
    {
      icon: muted ? "bell" : "bell-off",
      label: t(muted ? "list.unmute" : "list.mute"),
      run: () => mute(client, conv, !muted).then(mutedNow, failed),
    },
    isUnread(summary)
      ? { icon: "checks", label: t("list.mark_read"), run: read }
      : { icon: "chat", label: t("list.mark_unread"), run: () => client.markUnread(conv, true).catch(failed) },
    null,
    { icon: "close", label: t("list.hide"), run: () => hideConversation(app, conv, title) },
  ];
  layers.openMenu({ items, at, label: title, preview: title });
}
