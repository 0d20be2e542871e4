import { changesTarget } from "./log.js";

// Changes to a conversation's line in the list. Every function answers a new summary, or the same
// one when nothing changed.

/** The line of a conversation before its first message. */
export const blank = (conv, peer = null) => ({
  ...{ conv, title: "", last: null, last_seq: 0, read_seq: 0, unread: 0 },
  ...{ muted: false, pinned: false, peer, group: null },
});

/** A new entry of the log. `unread` counts messages of others after the own mark. */
export function withEntry(summary, entry, me) {
  const events = changesTarget(entry);
  let { last, unread, mention_seq: mention } = summary;
  if (entry.seq > summary.last_seq) last = entry;
  if (events && summary.last?.seq === entry.target) last = withChange(summary.last, entry);
  if (entry.seq <= summary.last_seq) {
    return last === summary.last ? summary : { ...summary, last };
  }
  const mine = entry.from === me && entry.op === "message";
  let readSeq = summary.read_seq;
  if (mine) {
    readSeq = entry.seq;
    unread = 0;
    mention = null;
  } else if (entry.op === "message" && !entry.recalled) {
    unread += 1;
    if (entry.mentions?.includes(me)) mention = entry.seq;
  }
  if (entry.kind === "recall" && entry.target === mention) mention = null;
  return { ...summary, last, unread, mention_seq: mention, read_seq: readSeq, last_seq: entry.seq, hidden: false };
}

/** What a recall or edit makes of the entry that the list shows. */
function withChange(last, event) {
  if (event.kind === "recall") return { ...last, recalled: true, text: "" };
  return { ...last, text: event.text, edited: event.time };
}

/** My mark moved, here or on another device; `unread` is what the node says, if it does. */
export function withRead(summary, seq, unread) {
  if (seq < summary.read_seq) return summary;
  const left = unread ?? (seq >= summary.last_seq ? 0 : summary.unread);
  return { ...summary, read_seq: seq, unread: left, mention_seq: after(seq, summary.mention_seq) };
}

const after = (seq, mention) => (mention > seq ? mention : null);

/** The other person's marks. */
export function withPeerMark(summary, op, seq) {
  const field = op === "read" ? "peer_read_seq" : "peer_delivered_seq";
  const changed = { ...summary, [field]: Math.max(summary[field] ?? 0, seq) };
  if (op === "read") {
    changed.peer_delivered_seq = Math.max(changed.peer_delivered_seq ?? 0, seq);
  }
  return changed;
}

/** What the list says, moved on by what was told while it was on its way. */
export function movedOn(fresh, { last, last_seq, read_seq, unread, mention_seq: mention, ...known }) {
  const moved = { ...fresh };
  if (last_seq > fresh.last_seq) Object.assign(moved, { last, last_seq });
  // Where both know the same the list is believed: a message that came before it was not counted here.
  const further = last_seq > fresh.last_seq || (last_seq === fresh.last_seq && read_seq > fresh.read_seq);
  if (further && read_seq >= fresh.read_seq) Object.assign(moved, { read_seq, unread });
  if (mention > fresh.last_seq) moved.mention_seq = mention;
  moved.mention_seq = after(moved.read_seq, moved.mention_seq);
  for (const field of ["peer_read_seq", "peer_delivered_seq"]) {
    if (known[field] > (fresh[field] ?? 0)) moved[field] = known[field];
  }
  return moved;
}

/** In groups the marks of members are known as far as they were told while this page was open. */
export function withMemberMark(summary, user, op, seq) {
  if (!summary.group) return summary;
  const before = summary.memberMarks?.get(user) ?? {};
  if ((before[op] ?? 0) >= seq) return summary;
  const memberMarks = new Map(summary.memberMarks).set(user, { ...before, [op]: seq });
  return { ...summary, memberMarks };
}

/** Pinned ones first, then the newest. */
export function inListOrder(one, other) {
  if (one.pinned !== other.pinned) return one.pinned ? -1 : 1;
  return activity(other) - activity(one) || (one.conv < other.conv ? -1 : 1);
}

function activity(summary) {
  return Math.max(summary.last?.time ?? 0, summary.touched ?? 0);
}

/** Whether there is something to come back to: unread messages, or a mark of one's own. */
export const isUnread = ({ unread, marked_unread: marked }) => unread > 0 || !!marked;

/** Unread messages for the title and the rail, a mark as one; muted conversations do not count. */
export function totalUnread(summaries) {
  let total = 0;
  for (const summary of summaries) if (!summary.muted) total += summary.unread || Number(isUnread(summary));
  return total;
}
