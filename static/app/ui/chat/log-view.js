import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { marksIn } from "../../core/member-marks.js";
import { buildRows, pendingBelow } from "../../core/rows.js";
import { useApp } from "../context.js";
import { Empty, Icon, LoadError } from "../elements.js";
import { useRoving } from "../roving.js";
import { EventRow, ExpiredRow, MessageRow, RecalledRow } from "./row.js";
import { ScrollKeeper } from "./scroll-keeper.js";
import { useReading } from "./reading.js";

/** Messages on their way that are shown at most; all others still go out. */
const MAX_PENDING_SHOWN = 80;

/** The messages of a conversation. */
export function LogView({ conv, summary, actions, canWrite, selection }) {
  const app = useApp();
  const { t, client, times } = app;
  const held = client.history.log(conv);
  const { log } = held;
  void held.version.value;
  void client.outboxVersion.value;
  const [, redraw] = useState(0);
  const scroller = useRef(null);
  const content = useRef(null);
  const keeper = useRef(null);
  keeper.current ??= new ScrollKeeper({
    log,
    history: client.history,
    conv,
    redraw: () => redraw((n) => n + 1),
  });
  const keep = keeper.current;
  const line = useRef(undefined);
  // What an earlier page kept is shown once the node has confirmed it, or while there is none to ask.
  const shown = useRef(false);
  shown.current = log.loaded && (shown.current || held.confirmed.value || client.offline.value);
  const loaded = shown.current;
  if (line.current === undefined && loaded) {
    line.current = summary.unread > 0 ? summary.read_seq : null;
    keep.open(line.current);
  }
  // Before that there is no place to keep: what is held, and not shown, says nothing of where one reads.
  const opened = line.current !== undefined;
  useRoving(content, "[data-seq]", { last: true });
  const { at } = app.router.place.value;
  useEffect(() => {
    if (!at || !loaded) return;
    app.router.go("chats", conv, { replace: true });
    jumpTo(at);
  }, [at, loaded]);
  useReading({ app, conv, summary, log, scroller, content, line, redraw });
  useEffect(() => (opened ? keep.attach(scroller.current, content.current) : undefined), [opened]);
  useLayoutEffect(() => {
    if (opened) keep.settle(scroller.current, content.current);
  });

  const [start, end] = loaded ? keep.slice() : [0, 0];
  const pending = keep.following
    ? pendingBelow(client.pending(conv), log.entries, client.me.id)
    : [];
  const rows = buildRows(log.entries.slice(start, end), {
    before: log.entries[start - 1] ?? null,
    pending: pending.slice(-MAX_PENDING_SHOWN),
    newAfter: line.current ?? null,
    me: client.me.id,
    dayOf: times.dayOf,
    keyOf: (seq) => client.sentKeys.get(`${conv} ${seq}`),
  });
  const marks = marksOf(client, summary, rows);
  const jump = () => keep.toEnd();
  const jumpTo = (seq) => keep.toMessage(seq).then((found) => found || app.layers.say(t("chat.quote_gone")));
  const error = held.error.value;

  return html`<div class="log-place">
    <div class="log" ref=${scroller} onScroll=${() => keep.scrolled()}>
      <section class="log-in" aria-label=${t("chat.messages", { name: client.conversations.title(summary) })}>
        ${loaded && !log.start && html`<${Older} error=${error} retry=${() => client.history.older(conv)} />`}
        ${loaded && log.start && rows[0]?.type !== "expired" && html`<${KeptFor} />`}
        <div ref=${content} class="rows-in">
          ${rows.map((row) => {
            if (row.type === "day") {
              return html`<div class="day" key=${row.key}><span>${times.day(row.time)}</span></div>`;
            }
            if (row.type === "new") return html`<div class="new" key="new">${t("chat.new_messages")}</div>`;
            if (row.type === "expired") return html`<${ExpiredRow} key=${row.key} entry=${row.entry} />`;
            if (row.type === "event") return html`<${EventRow} key=${row.key} entry=${row.entry} />`;
            if (row.type === "recalled") {
              return html`<${RecalledRow} key=${row.key} entry=${row.entry} reedit=${canWrite && actions.reedit} />`;
            }
            return html`<${MessageRow}
              key=${row.key}
              rowKey=${row.key}
              entry=${row.entry}
              item=${row.item ?? null}
              first=${row.first}
              mine=${row.mine}
              mark=${marks.of(row)}
              readers=${marks.readersOf(row)}
              others=${marks.others}
              named=${!summary.peer}
              quoted=${quotedOf(log, row.entry)}
              actions=${actions}
              canWrite=${canWrite}
              jumpTo=${jumpTo}
              picked=${selection.value?.has(row.entry.seq)}
            />`;
          })}
        </div>
        ${!loaded && client.offline.value &&
        html`<${Empty} icon="link-off" title=${t("chat.not_kept")} text=${t("chat.not_kept_text")} />`}
        ${!loaded && !client.offline.value && (!error || error.code === "disconnected") && html`<${LogSkeleton} />`}
        ${!loaded && !client.offline.value && error && error.code !== "disconnected" &&
        html`<${LoadError} title=${t("chat.error")} error=${error}
          onRetry=${() => client.openConversation(conv)} />`}
        ${loaded && !rows.length && html`<${Empty} icon="chat" title=${t("chat.empty")}
          text=${canWrite ? t("chat.empty_text") : t("broadcast.none")} />`}
      </section>
    </div>
    <${JumpButtons} keep=${keep} summary=${summary} jump=${jump} jumpTo=${jumpTo} />
  </div>`;
}

function JumpButtons({ keep, summary, jump, jumpTo }) {
  const { t } = useApp();
  if (keep.atBottom.value) return null;
  const { unread, mention_seq: mention } = summary;
  return html`<div class="jumps">
    ${mention && html`<button type="button" class="jump at" onClick=${() => jumpTo(mention)}
      aria-label=${t("chat.jump_mention")}><${Icon} name="at" /></button>`}
    <button type="button" class="jump" onClick=${jump}
      aria-label=${unread ? t("chat.jump_n", { n: unread }) : t("chat.jump")}>
      <${Icon} name="arrow-down" />
      ${unread > 0 && html`<span class="badge" aria-hidden="true">${unread > 99 ? "99+" : unread}</span>`}
    </button>
  </div>`;
}

/** Above what is shown there is more: on its way, or not to be had now. */
function Older({ error, retry }) {
  const { t, client } = useApp();
  const away = client.offline.value;
  const cut = error?.code === "disconnected";
  useEffect(() => {
    if (cut && !away) retry();
  }, [cut, away]);
  if (away) return html`<p class="more">${t("chat.older_offline")}</p>`;
  if (!error || cut) return html`<div class="more" aria-hidden="true"><span class="spin"></span></div>`;
  return html`<p class="more" role="alert">${t("chat.older_failed")}
    <button type="button" class="btn quiet small" onClick=${retry}>${t("action.retry")}</button></p>`;
}

/** For how long what is written here can be read. */
function KeptFor() {
  const { t, client } = useApp();
  const days = client.keptDays.value;
  return days > 0 && html`<p class="sys kept-for">${t("chat.kept_for", { n: days })}</p>`;
}

function LogSkeleton() {
  const { t } = useApp();
  return html`<div class="skeleton" role="status">
    <span class="vh">${t("state.loading")}</span>
    <span class="sk skb w40"></span><span class="sk skb w55"></span>
    <span class="sk skb m w30"></span><span class="sk skb w70"></span><span class="sk skb m w40"></span>
  </div>`;
}

function quotedOf(log, entry) {
  if (!entry?.reply_to) return null;
  return log.get(entry.reply_to) ?? { seq: entry.reply_to, missing: true };
}

/** The mark of each own message, and beside which message the readers of a group are named. */
function marksOf(client, summary, rows) {
  const members = client.groups.members.value.get(summary.group?.id);
  const others = [...marksIn(summary, members, client.me.id)];
  // In a group two ticks mean that everyone has it.
  const reachedAll = others.length ? Math.min(...others.map(([, mark]) => mark.delivered)) : 0;
  const delivered = summary.group ? reachedAll : (summary.peer_delivered_seq ?? 0);
  const read = summary.peer_read_seq ?? 0;
  const readersOf = (seq) => others.filter(([, mark]) => mark.joined <= seq && mark.read >= seq).map(([user]) => user);
  const shownAt = rows.findLast(
    ({ type, mine, item, entry }) => type === "message" && mine && !item && readersOf(entry.seq).length,
  )?.entry.seq;
  return {
    of({ mine, item, entry }) {
      if (!mine) return null;
      if (item && item.state !== "stored") return item.state;
      if (summary.peer && entry.seq <= read) return "seen";
      return entry.seq <= delivered ? "delivered" : "stored";
    },
    readersOf({ entry, item }) {
      if (item || shownAt === undefined || entry.seq !== shownAt) return null;
      return readersOf(shownAt);
    },
    others: others.filter(([, mark]) => mark.joined <= shownAt).length,
  };
}
