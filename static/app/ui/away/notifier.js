import { effect } from "../../../vendor/preact.js";
import { Bids } from "../../core/bids.js";
import { newKey } from "../../core/keys.js";
import { bidOf, isTold, preferences } from "../../core/telling.js";
import { mediaText } from "../list/preview.js";
import { createChime } from "./chime.js";

/** Longest text of a notification, in UTF-16 units; systems cut it anyway. */
const MAX_TEXT = 200;
const ICON = new URL("../../../icons/icon-192.png", import.meta.url).pathname;
const FAVICONS = ["favicon.svg", "favicon-unread.svg"].map(
  (name) => new URL(`../../../${name}`, import.meta.url).pathname,
);

/** Whether this browser can show notifications here: `yes`, `ask`, `blocked`, `insecure`, `none`. */
export function permission() {
  if (!window.isSecureContext) return "insecure";
  if (!window.Notification || !navigator.serviceWorker) return "none";
  return { granted: "yes", denied: "blocked", default: "ask" }[Notification.permission];
}

/**
 * Tells of new messages while one is elsewhere: a notification for each conversation, a sound, the
 * number on the icon of the app and a dot on that of the tab.
 */
export function createNotifier({ client, t, times, tabs, storage, router, clock, hint }) {
  const bids = new Bids({ tab: newKey(), say: tabs.say, clock });
  const chime = createChime({ clock });
  const chosen = () => preferences(storage.get("notices"));

  function attention() {
    if (document.visibilityState !== "visible") return "hidden";
    return document.hasFocus() ? "looking" : "aside";
  }

  /** Called for each entry that comes, and for the last of each conversation after an absence. */
  function entry(entry) {
    const { conv, seq } = entry;
    if (entry.kind === "recall") withdraw(conv, (data) => data.seq === entry.target);
    const summary = client.conversations.get(conv);
    if (!isTold(entry, summary, client.me.id)) return;
    const { area, id } = router.place.value;
    const mine = bidOf(attention(), area === "chats" && id === conv);
    bids.offer(`${conv} ${seq}`, { ...mine, able: chime.able }, ({ show, sound }) => {
      if (!isTold(entry, client.conversations.get(conv), client.me.id)) return;
      if (sound && chosen().sound) chime.play();
      if (show && chosen().on && permission() === "yes") notify(entry);
    });
  }

  async function notify(entry) {
    const { conv, seq } = entry;
    const summary = client.conversations.get(conv);
    const name = summary ? client.conversations.title(summary) : client.people.name(entry.from);
    const text = mediaText(t, entry).slice(0, MAX_TEXT);
    const said = summary?.peer ? text : t("list.said", { name: client.people.name(entry.from), text });
    const registration = await navigator.serviceWorker.ready;
    const title = summary?.unread > 1 ? `${name} (${summary.unread})` : name;
    const about = {
      body: chosen().text ? said : t("notices.hidden_text", { time: times.clock(entry.time) }),
      tag: tagOf(conv),
      renotify: true,
      silent: true,
      icon: ICON,
      timestamp: entry.time,
      data: { conv, seq },
    };
    await alone(() => registration.showNotification(title, about));
  }

  /**
   * One after the other over all tabs: what is on its way to the screen while Chromium is asked what is there, it
   * forgets (`PlatformNotificationContextImpl`): a press on it leads nowhere, and nothing takes it away.
   */
  const alone = (work) => tabs.lock("notices", work);

  const tagOf = (conv) => `${client.me.id} ${conv}`;

  /** Take the notification of a conversation away when it holds no more. */
  async function withdraw(conv, holdsNoMore) {
    if (permission() !== "yes") return;
    const registration = await navigator.serviceWorker.getRegistration();
    await alone(async () => {
      const shown = (await registration?.getNotifications({ tag: tagOf(conv) })) ?? [];
      for (const notification of shown) if (holdsNoMore(notification.data)) notification.close();
    });
  }

  // Read here or on another device.
  const reached = new Map();
  effect(() => {
    for (const { conv, read_seq: read } of client.conversations.map.value.values()) {
      if (reached.has(conv) && reached.get(conv) < read) withdraw(conv, (data) => data.seq <= read);
      reached.set(conv, read);
    }
  });
  effect(() => {
    const unread = client.conversations.unread.value;
    document.querySelector('link[rel="icon"]').href = FAVICONS[unread ? 1 : 0];
    if (unread) navigator.setAppBadge?.(unread).catch(() => {});
    else navigator.clearAppBadge?.().catch(() => {});
  });
  addEventListener("keydown", ({ target }) => target.matches?.("textarea, input") && chime.writing());
  navigator.serviceWorker?.addEventListener("message", ({ data }) => {
    if (data.type === "open") router.go("chats", data.conv);
  });

  return {
    entry,
    heard: (message) => bids.heard(message),
    chime,
    /** Something of one's own went out: the moment to offer notifications, once. */
    sent() {
      if (permission() === "ask" && !storage.get("notices-hint")) hint.value = true;
    },
    /** The hint was answered, either way. */
    hintDone() {
      hint.value = false;
      storage.set("notices-hint", true);
    },
  };
}
