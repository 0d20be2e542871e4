import { html, useEffect, useState } from "../../../vendor/preact.js";
import { partOf } from "../../client/parts.js";
import { Said } from "../../client/said.js";
import { ALL } from "../../core/names.js";
import { later } from "../idle.js";
import { mediaText } from "../list/preview.js";
import { save } from "../media/sizes.js";
import { failing } from "../reason.js";

const clipboard = later(() => import("./clipboard.js"));

function copy({ t, layers }, text) {
  const say = (done) => layers.say(t(done ? "message.copied" : "message.copy_failed"));
  clipboard().then(({ copyText }) => copyText(text)).then(say, () => say(false));
}

/** What can be done with a message now: `[{icon, label, hint, key, quick, run}]`, null for a line. */
export function messageActions({ app, entry, mine, actions, canWrite }) {
  const { t, client, layers } = app;
  const said = partOf(client, Said);
  const age = client.now() - entry.time;
  const failed = failing(app);
  const list = [];
  if (canWrite && entry.conv !== ALL) {
    list.push({ icon: "reply", key: "r", label: t("message.reply"), hint: "R", quick: true, run: () => actions.reply(entry) });
  }
  if (entry.text) {
    list.push({
      icon: "copy",
      key: "c",
      label: t("message.copy"),
      hint: "C",
      run: () => copy(app, entry.text),
    });
  }
  if (entry.media === "picture" && entry.file) {
    list.push({ icon: "image", key: "o", label: t("picture.view"), hint: "O", run: () => actions.view(entry) });
  }
  if (entry.media === "audio" && entry.file) {
    const { player, track } = actions.voices;
    list.push({ icon: "play", key: "p", label: t("voice.play"), hint: "P", run: () => player.toggle(track(entry)) });
  }
  if (entry.file) {
    const told = (failure) => failure && layers.say(t(failure === "gone" ? "file.gone" : "file.failed"));
    list.push({ icon: "download", key: "s", label: t("message.save_file"), hint: "S", run: () => save(entry.file).then(told) });
  }
  list.push({ icon: "forward", key: "f", label: t("message.forward"), hint: "F", run: () => actions.forward(entry) });
  list.push({ icon: "check", key: "x", label: t("message.select"), hint: "X", run: () => actions.select(entry) });
  if (mine && canWrite && entry.media === "text" && age < client.limits.edit_ms) {
    list.push({ icon: "edit", key: "e", label: t("message.edit"), hint: "E", quick: true, run: () => actions.edit(entry) });
  }
  if (mine && age < client.limits.recall_ms) {
    const until = entry.time + client.limits.recall_ms;
    list.push({
      icon: "recall",
      label: t("message.recall"),
      hint: () => html`<${Countdown} app=${app} until=${until} />`,
      run: () => said.recall(entry).catch(failed),
    });
  }
  if (mine && client.conversations.get(entry.conv)?.group) {
    list.push({ icon: "eye", label: t("readers.title"), run: () => actions.readers(entry) });
  }
  list.push(null, {
    icon: "trash",
    key: "delete",
    label: t("message.delete"),
    hint: "Del",
    danger: true,
    run: () =>
      said.hide(entry, true).then(
        () => layers.offerUndo(t("message.deleted"), () => said.hide(entry, false).catch(failed)),
        failed,
      ),
  });
  return list;
}

/** What can be done with a message that was not sent. */
function failedActions({ app, item, actions, canWrite }) {
  const { t, client } = app;
  return [
    { icon: "retry", label: t("action.retry"), run: () => client.retry(item.key) },
    item.text && {
      icon: "copy",
      label: t("message.copy"),
      run: () => copy(app, item.text),
    },
    canWrite && item.media === "text" && {
      icon: "edit",
      label: t("message.write_anew"),
      run: () => client.discard(item.key).then(() => actions.reedit(item.text)),
    },
    null,
    { icon: "trash", label: t("action.delete"), danger: true, run: () => client.discard(item.key) },
  ].filter((action) => action !== false && action !== "");
}

/** Time left to recall; at zero the menu closes, since its entry no longer holds. */
function Countdown({ app, until }) {
  const { client, times, layers, t } = app;
  const [left, setLeft] = useState(until - client.now());
  useEffect(() => {
    const timer = setInterval(() => {
      const rest = until - client.now();
      if (rest <= 0) layers.closeMenu();
      else setLeft(rest);
    }, 250);
    return () => clearInterval(timer);
  }, [until]);
  return t("message.left", { time: times.left(left) });
}

/** Open the menu of a message at the pointer, or beside the message. */
export function openMessageMenu(context, event, element) {
  event.preventDefault();
  const { app, entry, mine } = context;
  const { t, client, layers } = app;
  const box = element.getBoundingClientRect();
  const bubble = (element.querySelector?.(".bub, .big") ?? element).getBoundingClientRect();
  const pointed = event.type === "contextmenu" && event.clientX > 0;
  const at = pointed
    ? { x: event.clientX, y: event.clientY }
    : { x: bubble.left, right: mine ? bubble.right : undefined, y: box.bottom + 6, beside: bubble };
  layers.openMenu({
    items: context.item ? failedActions(context) : messageActions(context),
    at,
    label: t("message.menu"),
    preview: `${mine ? t("list.you") : client.people.name(entry.from)}  ${mediaText(t, entry)}`,
  });
}

/** Keys on a focused message. */
export function onMessageKey(context, event, element) {
  if (event.target !== event.currentTarget || event.isComposing) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10") || event.key === "Enter") {
    openMessageMenu(context, event, element);
    return;
  }
  const action = messageActions(context).find((item) => item?.key === event.key.toLowerCase());
  if (!action) return;
  event.preventDefault();
  action.run();
}
