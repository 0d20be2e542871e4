import { Component, html, useRef, useState } from "../../../vendor/preact.js";
import { LinkifyIt } from "../../../vendor/linkify.js";
import { partOf } from "../../client/parts.js";
import { Said } from "../../client/said.js";
import { ALL } from "../../core/names.js";
import { FAILED, STORED, WAITING } from "../../core/outbox.js";
import { fewEmoji, tokens } from "../../core/text.js";
import { useApp } from "../context.js";
import { Avatar, colourOf, Icon, IconButton, isProgram } from "../elements.js";
import { isSticker, Sticker } from "../emoji/sticker-set.js";
import { eventText, NAMED } from "../event-text.js";
import { useFinger } from "../finger.js";
import { lazy } from "../lazy.js";
import { mediaText } from "../list/preview.js";
import { FileCard } from "../media/file.js";
import { Picture, QuotedPicture } from "../media/picture.js";
import { Voice } from "../media/voice.js";
import { messageActions, onMessageKey, openMessageMenu } from "./message-menu.js";

const PeopleDialog = lazy(() => import("./people-dialog.js"), "PeopleDialog", ["details"]);
const LINKS = new LinkifyIt();

/** A line about the conversation: who joined, who renamed it. Of many people it leads to all of them. */
export function EventRow({ entry }) {
  const app = useApp();
  const { t, layers } = app;
  const { seq, users } = entry;
  const text = eventText(app, entry);
  return html`<p class="sys" data-key="s${seq}" data-seq=${seq} tabindex="-1">${text}
    ${users?.length > NAMED &&
    html`<button type="button" aria-haspopup="dialog" onClick=${() => layers.open(PeopleDialog, { users, title: text })}>${t("event.all")}</button>`}
  </p>`;
}

/** The place of a recalled message; for a while the sender can take the text up again. */
export function RecalledRow({ entry, reedit }) {
  const { t, client } = useApp();
  const mine = entry.from === client.me.id;
  const text = mine && reedit ? partOf(client, Said).reeditText(entry) : null;
  return html`<p class="sys" data-key="s${entry.seq}" data-seq=${entry.seq} tabindex="-1">
    ${mine ? t("recall.by_me") : t("recall.by", { name: client.people.name(entry.from) })}
    ${text && html`<button type="button" onClick=${() => reedit(text)}>${t("recall.reedit")}</button>`}
  </p>`;
}

/** The place of messages whose content was removed after its time, however many follow each other. */
export function ExpiredRow({ entry }) {
  const { t, client } = useApp();
  const days = client.keptDays.value;
  return html`<p class="sys" data-key="s${entry.seq}" data-seq=${entry.seq} tabindex="-1">
    ${days ? t("chat.expired", { n: days }) : t("chat.expired_before")}
  </p>`;
}

/** A message; drawn anew only when something of it changed. */
export class MessageRow extends Component {
  shouldComponentUpdate(next) {
    const now = this.props;
    return (
      next.entry !== now.entry ||
      next.item?.state !== now.item?.state ||
      next.first !== now.first ||
      next.mark !== now.mark ||
      next.named !== now.named ||
      next.quoted?.seq !== now.quoted?.seq ||
      next.quoted?.text !== now.quoted?.text ||
      next.quoted?.recalled !== now.quoted?.recalled ||
      next.canWrite !== now.canWrite ||
      next.picked !== now.picked ||
      next.others !== now.others ||
      String(next.readers) !== String(now.readers)
    );
  }

  render(props) {
    return html`<${Message} ...${props} />`;
  }
}

/** `picked`: whether it is chosen, where messages are being chosen; else undefined. */
function Message({ rowKey, entry, item, first, mine, mark, readers, others, named, quoted, actions, canWrite, jumpTo, picked }) {
  const app = useApp();
  const { t, client } = app;
  const body = useRef(null);
  const [active, setActive] = useState(false);
  const name = client.people.name(entry.from);
  const onWay = item !== null && item.state !== STORED;
  const mentionsMe = !mine && entry.mentions?.includes(client.me.id);
  const failed = item?.state === FAILED;
  const picks = picked !== undefined && !onWay;
  const context = { app, entry, mine, actions, canWrite, item: failed ? item : null };
  const open = (event, at) => openMessageMenu(context, event, at ?? body.current);
  // Not as the pointer enters: rows scroll by below a mouse that rests.
  const point = (event) => event.pointerType === "mouse" && setActive(true);
  useFinger(body, {
    press: picks || (onWay && !failed) ? null : open,
    swipe: canWrite && !onWay && !picks && entry.conv !== ALL ? () => actions.reply(entry) : null,
  });
  const pick = (event) => {
    event.stopPropagation();
    // The box shows what is chosen, not what was pressed: there may be no room for more.
    if (event.target.matches("input")) event.target.checked = picked;
    else event.preventDefault();
    event.currentTarget.focus({ preventScroll: true });
    actions.choose(entry, event.shiftKey);
  };
  const onKey = (event) => {
    if (onWay) return;
    if (!picks) onMessageKey(context, event, body.current);
    else if (event.target === event.currentTarget && (event.key === " " || event.key === "Enter")) pick(event);
  };
  const author = client.people.get(entry.from);
  const tag = isProgram(author) && html`${" "}<span class="tag">${t(`people.${author.kind}`)}</span>`;
  const showName = first && named && !mine;
  const label = [mine ? t("list.you") : name, mediaText(t, entry), app.times.clock(entry.time)].join(", ");
  return html`<article
    class="msg ${mine ? "me" : ""} ${first ? "" : "cont"} ${mentionsMe ? "hitme" : ""} ${showName ? "" : "no-name"} ${picks ? "picks" : ""} ${picks && picked ? "picked" : ""}"
    data-key=${rowKey}
    data-seq=${entry.seq || undefined}
    tabindex="-1"
    aria-label=${label}
    onPointerMove=${point}
    onPointerLeave=${() => setActive(false)}
    onFocusIn=${() => setActive(true)}
    onFocusOut=${(event) => event.currentTarget.contains(event.relatedTarget) || setActive(false)}
    onKeyDown=${onKey}
    onClickCapture=${picks ? pick : undefined}
    onContextMenu=${(event) => !picks && (!onWay || failed) && !event.target.closest("a") && open(event)}
  >
    ${picks && html`<input type="checkbox" class="pick-one" tabindex="-1" checked=${picked} aria-label=${label} />`}
    ${!mine &&
    (first
      ? html`<a class="face" href=${app.router.href("contacts", String(entry.from))} tabindex="-1" aria-hidden="true">
          <${Avatar} id=${entry.from} name=${name} size="s" /></a>`
      : html`<span></span>`)}
    <div class="body" ref=${body}>
      ${showName
        ? html`<span class="by n${colourOf(entry.from)}">${name}${tag}</span>`
        : html`<span class="vh">${mine ? t("list.you") : name}</span>`}
      <${Bubble} entry=${entry} item=${item} mark=${mark} quoted=${quoted} jumpTo=${jumpTo} active=${active} actions=${actions} />
      ${failed && html`<${FailedLine} item=${item} />`}
      ${readers?.length > 0 && html`<${SeenBy} readers=${readers} others=${others} onClick=${() => actions.readers(entry)} />`}
      ${active && !onWay && !picks && html`<${HoverBar} context=${context} open=${open} />`}
    </div>
  </article>`;
}

function Bubble({ entry, item, mark, quoted, jumpTo, active, actions }) {
  const app = useApp();
  const { t } = app;
  const meta = html`<${Meta} entry=${entry} mark=${mark} />`;
  const text = entry.text ?? "";
  if (entry.media === "text" && !quoted && !entry.forwarded_from && fewEmoji(text)) {
    return html`<div class="big"><span>${text}</span>${meta}</div>`;
  }
  if (entry.media === "sticker" && isSticker(entry.extra?.sticker)) {
    return html`<div class="big">
      ${quoted && html`<${Quote} quoted=${quoted} onClick=${() => jumpTo(quoted.seq)} />`}<${Sticker} id=${entry.extra.sticker} />${meta}</div>`;
  }
  const bad = item?.state === FAILED ? "bad" : "";
  const above = html`${entry.forwarded_from && html`<${ForwardedLine} from=${entry.forwarded_from} />`}
    ${quoted && html`<${Quote} quoted=${quoted} onClick=${() => jumpTo(quoted.seq)} />`}`;
  const words = html`<span class="tx"><${Text} entry=${entry} /></span>`;
  if (["picture", "sticker"].includes(entry.media) && entry.file) {
    const onOpen = entry.seq ? () => actions.view(entry) : null;
    return html`<div class="bub pic ${bad} ${text ? "said" : ""}">
      <div class="above">${above}</div>
      <${Picture} entry=${entry} item=${item} active=${active} onOpen=${onOpen} />
      <div class="cap">${text && words}${meta}</div>
    </div>`;
  }
  if (entry.media === "audio" && entry.file) {
    return html`<div class="bub ${bad}">${above}
      <${Voice} entry=${entry} item=${item} active=${active} voices=${actions.voices} meta=${meta} />
    </div>`;
  }
  if (entry.media !== "text" && entry.file) {
    return html`<div class="bub ${bad}">${above}
      <${FileCard} file=${entry.file} item=${item} active=${active} meta=${text ? null : meta} />
      ${text && html`${words}${meta}`}
    </div>`;
  }
  return html`<div class="bub ${bad}">
    ${above}
    ${entry.media && entry.media !== "text" ? html`<span class="tx">${mediaText(t, entry)}</span>` : words}
    ${meta}
  </div>`;
}

/** Says that a text was said elsewhere; who may read it there is led there. */
function ForwardedLine({ from }) {
  const { t, client, router } = useApp();
  const words = html`<${Icon} name="forward" size="s" />${t("forward.forwarded")}`;
  if (!client.conversations.get(from.conv)) return html`<p class="fwd">${words}</p>`;
  return html`<p class="fwd"><button type="button" tabindex="-1" title=${t("forward.go")}
    onClick=${() => router.go("chats", from.conv, { at: from.seq })}>${words}</button></p>`;
}

/** Text with links, and mentions that lead to who was named; set as text. */
function Text({ entry }) {
  const { client, router } = useApp();
  const mentions = (entry.mentions ?? []).map((id) => ({ id, name: client.people.get(id)?.name ?? "" }));
  return tokens(entry.text ?? "", { mentions: mentions.filter(({ name }) => name), links: LINKS }).map((token) => {
    if (token.type === "link") {
      return html`<a href=${token.href} target="_blank" rel="noopener noreferrer">${token.text}</a>`;
    }
    if (token.type === "mention") {
      return html`<a class="at ${token.user === client.me.id ? "you" : ""}"
        href=${router.href("contacts", String(token.user))}>${token.text}</a>`;
    }
    return token.text;
  });
}

export function Quote({ quoted, onClick = null, title = null }) {
  const { t, client } = useApp();
  const gone = quoted.missing || quoted.recalled || quoted.expired;
  const who = quoted.missing ? t("chat.quote") : (title ?? client.people.name(quoted.from));
  const text = quoted.recalled ? t("chat.quote_recalled") : quoted.missing ? t("chat.quote_far") : mediaText(t, quoted);
  const inner = html`${!gone && quoted.media === "picture" && quoted.file?.id && html`<${QuotedPicture} file=${quoted.file} />`}
    <b>${who}</b><span class=${gone ? "gone" : ""}>${text}</span>`;
  if (!onClick) return html`<div class="quote">${inner}</div>`;
  return html`<button type="button" class="quote" tabindex="-1" onClick=${onClick}>${inner}</button>`;
}

const MARKS = {
  [WAITING]: ["clock", "send.waiting"],
  [STORED]: ["check", "send.stored"],
  delivered: ["checks", "send.delivered"],
};

/** Time and how far it has come. */
function Meta({ entry, mark }) {
  const { t, times } = useApp();
  const [icon, word] = MARKS[mark] ?? [];
  return html`<span class="meta">
    ${entry.edited ? html`<span>${t("chat.edited")} ·${" "}</span>` : null}
    <time dateTime=${new Date(entry.time).toISOString()}>${times.clock(entry.time)}</time>
    ${icon && html`<${Icon} name=${icon} /><span class="vh">${t(word)}</span>`}
    ${mark === "seen" && html`<span class="seen">${t("send.seen")}</span>`}
  </span>`;
}

function FailedLine({ item }) {
  const { t, client } = useApp();
  const known = { timeout: "send.failed", unavailable: "send.failed" }[item.code];
  return html`<p class="failed" role="alert">
    <span><${Icon} name="alert" size="s" />${known ? t(known) : t("send.refused", { reason: item.message })}</span>
    <button type="button" onClick=${() => client.retry(item.key)}>${t("action.retry")}</button>
    <button type="button" onClick=${() => client.discard(item.key)}>${t("action.delete")}</button>
  </p>`;
}

function SeenBy({ readers, others, onClick }) {
  const { t, client } = useApp();
  const unread = others - readers.length;
  return html`<button type="button" class="seenby" tabindex="-1" aria-haspopup="dialog" onClick=${onClick}>
    <span class="faces" aria-hidden="true">
      ${readers.slice(0, 3).map((id) => html`<${Avatar} key=${id} id=${id} name=${client.people.name(id)} size="xs" />`)}
    </span>${t("chat.read_n", { n: readers.length })}${unread > 0 && ` · ${t("chat.unread_n", { n: unread })}`}
  </button>`;
}

function HoverBar({ context, open }) {
  const { t } = context.app;
  const actions = messageActions(context);
  return html`<div class="hov">
    ${actions
      .filter((action) => action?.quick)
      .map((action) => html`<${IconButton} key=${action.icon} small tabindex="-1" icon=${action.icon} label=${action.label} onClick=${action.run} />`)}
    <${IconButton} small tabindex="-1" icon="dots" label=${t("message.more")} aria-haspopup="menu"
      onClick=${(event) => open(event, event.currentTarget)} />
  </div>`;
}
