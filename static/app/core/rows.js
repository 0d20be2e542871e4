import { FAILED, STORED } from "./outbox.js";

/** Messages of one sender within this time stand together under one name, in ms. */
export const GROUP_MS = 3 * 60_000;

/**
 * What stands one below the other in a conversation: day separators, the "new messages" line,
 * events, recalled lines, one line for what expired, messages, and after them what is still on its way.
 *
 * `entries` is a slice of a log, `before` the entry before the slice (or null), `pending` the
 * outbox items that follow it. `newAfter`: number after which the "new" line stands (or null).
 * `keyOf(seq)` gives a sent message the row key it had while it waited, so it stays one element.
 */
export function buildRows(entries, { before, pending = [], newAfter = null, me, dayOf, keyOf }) {
  const rows = [];
  let previous = before;
  let previousDay = before ? dayOf(before.time) : null;
  let lineDone = newAfter === null || (before !== null && before.seq > newAfter);
  for (const entry of entries) {
    if (entry.expired && entry.op === "message") {
      if (rows.at(-1)?.type !== "expired") rows.push({ type: "expired", key: `s${entry.seq}`, entry });
      previous = entry;
      previousDay = null;
      continue;
    }
    const day = dayOf(entry.time);
    let broken = false;
    if (day !== previousDay) {
      rows.push({ type: "day", key: `day:${day}`, time: entry.time });
      broken = true;
    }
    if (!lineDone && entry.seq > newAfter && entry.op === "message" && entry.from !== me && !entry.recalled) {
      rows.push({ type: "new", key: "new" });
      lineDone = true;
      broken = true;
    }
    const key = keyOf(entry.seq) ?? `s${entry.seq}`;
    if (entry.op === "event") rows.push({ type: "event", key, entry });
    else if (entry.recalled) rows.push({ type: "recalled", key, entry });
    else {
      const first = broken || !joins(previous, entry);
      rows.push({ type: "message", key, entry, first, mine: entry.from === me });
    }
    previous = entry;
    previousDay = day;
  }
  for (const item of pending) {
    const entry = pendingEntry(item, me);
    const day = dayOf(entry.time);
    if (day !== previousDay) rows.push({ type: "day", key: `day:${day}`, time: entry.time });
    const first = day !== previousDay || !joins(previous, entry);
    rows.push({ type: "message", key: item.key, entry, item, first, mine: true });
    previous = entry;
    previousDay = day;
  }
  return rows;
}

/** An outbox item in the shape of a message; `seq` is 0 until the node has given a number. */
function pendingEntry(item, me) {
  return {
    op: "message",
    conv: item.conv,
    seq: item.seq ?? 0,
    from: me,
    time: item.time ?? item.created,
    media: item.media,
    text: item.text,
    file: item.file,
    extra: item.extra,
    reply_to: item.replyTo,
    mentions: item.mentions ?? [],
    forwarded_from: item.forwardedFrom,
  };
}

/** How far back own messages are compared with what is on its way. */
const LOOK_BACK = 200;

/**
 * The items still to be shown below a log: not those it already shows under their number, nor one
 * whose own echo came before its `ok` (an own message with the same text and file that is younger than
 * the number the item was written after).
 */
export function pendingBelow(items, entries, me) {
  if (!items.length) return items;
  const own = entries.slice(-LOOK_BACK).filter((entry) => entry.op === "message" && entry.from === me);
  const shown = new Set(own.map((entry) => entry.seq));
  const claimed = new Set(items.filter((item) => item.state === STORED).map((item) => item.seq));
  const echoes = own.filter((entry) => !claimed.has(entry.seq));
  return items.filter((item) => {
    if (item.state === STORED) return !shown.has(item.seq);
    if (item.state === FAILED || !item.inFlight) return true;
    const index = echoes.findIndex(
      (entry) => entry.seq > item.after && entry.text === item.text && entry.file?.id === item.file?.id,
    );
    if (index < 0) return true;
    echoes.splice(index, 1);
    return false;
  });
}

function joins(previous, entry) {
  return (
    previous !== null &&
    previous.op === "message" &&
    !previous.recalled &&
    !previous.expired &&
    previous.from === entry.from &&
    entry.time - previous.time < GROUP_MS
  );
}
