import assert from "node:assert/strict";
import { test } from "node:test";
import { Marks } from "../../static/app/core/marks.js";
import { inListOrder, totalUnread, withEntry, withPeerMark, withRead } from "../../static/app/core/summaries.js";
import { Typing } from "../../static/app/core/typing.js";
import { createClock } from "./clock.mjs";

const ME = 1;
const forgetful = { get: () => null, set() {} };
const summary = (more = {}) => ({
  conv: "g:1", last_seq: 5, read_seq: 5, unread: 0, muted: false, pinned: false, mention_seq: null,
  last: { op: "message", seq: 5, from: 2, time: 5, text: "old" }, ...more,
});
const message = (seq, from, more = {}) => ({ op: "message", conv: "g:1", seq, from, time: seq, text: "new", ...more });

test("a message of others is unread; one of my own reads all before it", () => {
  const unread = withEntry(summary(), message(6, 2), ME);
  assert.equal(unread.unread, 1);
  const sent = withEntry(unread, message(7, ME), ME);
  assert.equal(sent.unread, 0);
  assert.equal(sent.read_seq, 7);
});

test("events and entries that came before are not counted", () => {
  assert.equal(withEntry(summary(), { op: "event", kind: "joined", seq: 6, from: 2, time: 6 }, ME).unread, 0);
  assert.equal(withEntry(summary({ unread: 2 }), message(4, 2), ME).unread, 2);
});

test("a mention is remembered until it is read", () => {
  const mentioned = withEntry(summary(), message(6, 2, { mentions: [ME] }), ME);
  assert.equal(mentioned.mention_seq, 6);
  const later = withEntry(mentioned, message(7, 2), ME);
  assert.equal(withRead(later, 5).mention_seq, 6);
  assert.equal(withRead(later, 6, 1).mention_seq, null);
  assert.equal(withEntry(later, message(8, ME), ME).mention_seq, null);
  const recall = { op: "event", kind: "recall", seq: 8, from: 2, time: 8, target: 6 };
  assert.equal(withEntry(later, recall, ME).mention_seq, null);
  assert.equal(withEntry(later, { ...recall, target: 7 }, ME).mention_seq, 6);
});

test("a recall and an edit change what the list shows", () => {
  const event = { op: "event", seq: 6, from: 2, time: 6, target: 5 };
  assert.equal(withEntry(summary(), { ...event, kind: "recall" }, ME).last.text, "");
  const edited = withEntry(summary(), { ...event, kind: "edit", text: "better" }, ME);
  assert.equal(edited.last.text, "better");
  assert.equal(edited.last_seq, 6);
});

test("the node's own count of unread messages is believed", () => {
  assert.equal(withRead(summary({ read_seq: 1, unread: 4 }), 3, 2).unread, 2);
  assert.equal(withRead(summary({ read_seq: 4, unread: 1 }), 2).read_seq, 4);
});

test("what was read was delivered", () => {
  const read = withPeerMark(summary({ peer_read_seq: 1, peer_delivered_seq: 2 }), "read", 4);
  assert.deepEqual([read.peer_read_seq, read.peer_delivered_seq], [4, 4]);
});

test("pinned conversations come first, then the newest; muted ones are not counted", () => {
  const list = [
    summary({ conv: "a", last: { time: 1 } }),
    summary({ conv: "b", last: { time: 2 }, muted: true, unread: 9 }),
    summary({ conv: "c", last: { time: 0 }, pinned: true, unread: 3 }),
  ];
  assert.deepEqual(list.sort(inListOrder).map(({ conv }) => conv), ["c", "b", "a"]);
  assert.equal(totalUnread(list), 3);
  const marked = { marked_unread: true };
  assert.equal(totalUnread([...list, summary(marked), summary({ ...marked, unread: 2 }), summary({ ...marked, muted: true })]), 6);
});

test("marks go out at most once a second, as the highest, and never backwards", async () => {
  const clock = createClock();
  const sent = [];
  const marks = new Marks({ clock, storage: forgetful, send: (frame) => sent.push(frame) });
  for (const seq of [3, 5, 4, 9]) marks.raise("read", "g:1", seq);
  await clock.pass(999);
  assert.deepEqual(sent.map(({ seq }) => seq), [3]);
  await clock.pass(1);
  assert.deepEqual(sent.map(({ seq }) => seq), [3, 9]);
  marks.raise("read", "g:1", 8);
  await clock.pass(5_000);
  assert.equal(sent.length, 2);
});

test("a mark without a link is sent when there is one again", () => {
  const clock = createClock();
  const sent = [];
  let online = false;
  const marks = new Marks({ clock, storage: forgetful, send: (frame) => online && sent.push(frame) > 0 });
  marks.raise("read", "g:1", 4);
  assert.deepEqual(sent, []);
  online = true;
  marks.flush();
  assert.equal(sent[0].seq, 4);
});

test("how far was read without a connection is told by the next page", () => {
  let kept = null;
  const storage = { get: () => kept, set: (_, value) => (kept = value) };
  const page = (online, sent = []) => {
    const marks = new Marks({ clock: createClock(), storage, send: (frame) => online && sent.push(frame) > 0 });
    return { marks, sent };
  };
  const { marks } = page(false);
  for (const [op, conv, seq] of [["read", "g:1", 4], ["delivered", "g:1", 9], ["read", "p:1:2", 2], ["read", "g:1", 5]]) marks.raise(op, conv, seq);
  assert.deepEqual(kept, [["g:1", 5], ["p:1:2", 2]]);
  const { marks: next, sent } = page(true);
  next.flush();
  assert.deepEqual(sent, [{ op: "read", conv: "g:1", seq: 5 }, { op: "read", conv: "p:1:2", seq: 2 }]);
  assert.equal(next.known("read", "g:1", 4), 5);
  assert.deepEqual(kept, []);
});

test("typing is told every three seconds and forgotten after six", async () => {
  const clock = createClock();
  const sent = [];
  const typing = new Typing({ clock, send: (frame) => sent.push(frame), changed: () => {} });
  typing.tell("u:2");
  typing.tell("u:2");
  await clock.pass(3_000);
  typing.tell("u:2");
  assert.equal(sent.length, 2);
  typing.receive("p:1:2", 2);
  await clock.pass(5_999);
  assert.deepEqual(typing.users("p:1:2"), [2]);
  await clock.pass(1);
  assert.deepEqual(typing.users("p:1:2"), []);
});

test("typing ends when the message comes", () => {
  const typing = new Typing({ clock: createClock(), send: () => true, changed: () => {} });
  typing.receive("g:1", 2);
  typing.receive("g:1", 3);
  typing.stop("g:1", 2);
  assert.deepEqual(typing.users("g:1"), [3]);
});
