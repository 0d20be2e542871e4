import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversations } from "../../static/app/client/conversations.js";
import { signal } from "../../static/vendor/preact.js";

const ME = 1;
const CONV = "p:1:2";
const summary = (more = {}) => ({
  conv: CONV, last_seq: 1, read_seq: 1, unread: 0, peer_delivered_seq: 0, peer_read_seq: 0,
  last: { op: "message", conv: CONV, seq: 1, from: ME, time: 1, media: "text", text: "hello" }, ...more,
});

/** A list whose answers the test gives. */
function createList(unsent = () => [], groups = { get: () => null, state: signal("loading") }) {
  const asked = [];
  const request = () => new Promise((resolve) => asked.push(resolve));
  const list = new Conversations({ request, people: { learn() {} }, groups, me: { id: ME }, t: (key) => key, unsent });
  const answer = async (...conversations) => {
    while (!asked.length) await new Promise(setImmediate);
    asked.shift()({ conversations, users: [] });
    await new Promise(setImmediate);
  };
  return { list, answer };
}

test("a mark of a conversation that is not in the list yet is not lost", async () => {
  const { list, answer } = createList();
  list.refresh();
  list.delivered(CONV, 2, 1);
  await answer(summary());
  await answer(summary({ peer_delivered_seq: 1 }));
  assert.equal(list.get(CONV).peer_delivered_seq, 1);
});

test("what was told while the list was on its way holds", async () => {
  const { list, answer } = createList();
  list.refresh();
  await answer(summary({ last_seq: 3, read_seq: 1, unread: 2 }));
  list.refresh();
  list.delivered(CONV, 2, 1);
  list.read(CONV, ME, 3, 0);
  await answer(summary({ last_seq: 3, read_seq: 1, unread: 2 }));
  const { peer_delivered_seq: delivered, read_seq: read, unread } = list.get(CONV);
  assert.deepEqual({ delivered, read, unread }, { delivered: 1, read: 3, unread: 0 });
});

const named = (seq) => ({
  op: "message", conv: "g:1", seq, from: 2, time: seq, media: "text", text: "you", mentions: [ME],
});
const group = (more = {}) => summary({ conv: "g:1", muted: false, ...more });

test("who was away is mentioned where the node says so, whatever was said last", async () => {
  const { list, answer } = createList();
  list.refresh();
  await answer(group({ last_seq: 9, unread: 8, mention_seq: 4 }));
  assert.equal(list.get("g:1").mention_seq, 4);
  list.read("g:1", ME, 3, 6);
  assert.equal(list.get("g:1").mention_seq, 4);
  list.read("g:1", ME, 4, 5);
  assert.equal(list.get("g:1").mention_seq, null);
});

test("a list that was on its way neither loses a mention nor brings one back that was read", async () => {
  const { list, answer } = createList();
  list.refresh();
  await answer(group());
  list.refresh();
  list.entry(named(2));
  await answer(group());
  assert.equal(list.get("g:1").mention_seq, 2);
  list.refresh();
  list.read("g:1", ME, 2, 0);
  await answer(group({ last_seq: 2, unread: 1, mention_seq: 2 }));
  assert.equal(list.get("g:1").mention_seq, null);
});

test("a mention that is taken back makes room for the one before it", async () => {
  const { list, answer } = createList();
  list.refresh();
  await answer(group({ last_seq: 9, unread: 8, mention_seq: 8 }));
  list.entry({ op: "event", kind: "recall", conv: "g:1", seq: 10, from: 2, time: 10, target: 8 });
  assert.equal(list.get("g:1").mention_seq, null);
  await answer(group({ last_seq: 10, unread: 8, mention_seq: 4 }));
  assert.equal(list.get("g:1").mention_seq, 4);
});

test("after an absence a muted conversation tells what mentions one", async () => {
  const asked = [];
  const lists = [
    [group({ muted: true })],
    [group({ muted: true, last_seq: 3, unread: 2, mention_seq: 2, last: { ...named(3), mentions: [] } })],
  ];
  const request = async (frame) => {
    if (frame.op === "conversations") return { conversations: lists.shift(), users: [] };
    asked.push(frame);
    return { entries: [named(2)], users: [] };
  };
  const list = new Conversations({ request, people: { learn() {} }, me: { id: ME }, t: (key) => key });
  assert.deepEqual(await list.refresh(), []);
  assert.deepEqual((await list.refresh()).map(({ seq }) => seq), [2]);
  assert.deepEqual(asked, [{ op: "sync", conv: "g:1", after: 1, limit: 1 }]);
});

test("what came while the list had no such conversation yet is counted", async () => {
  const { list, answer } = createList();
  const said = (seq) => ({ op: "message", conv: CONV, seq, from: 2, time: seq, media: "text", text: "" });
  list.refresh();
  assert.equal(list.entry(said(2)), false);
  list.refresh();
  await answer(summary({ last_seq: 1, read_seq: 0, unread: 1 }));
  assert.equal(list.entry(said(3)), true);
  await answer(summary({ last_seq: 3, read_seq: 0, unread: 3 }));
  assert.equal(list.get(CONV).unread, 3);
});

test("a message that follows on one which was not told asks for the list anew", async () => {
  const { list, answer } = createList();
  list.refresh();
  await answer(summary({ last_seq: 1, read_seq: 1, unread: 0 }));
  list.entry({ op: "message", conv: CONV, seq: 3, from: 2, time: 3, media: "text", text: "" });
  await answer(summary({ last_seq: 3, read_seq: 1, unread: 2 }));
  assert.equal(list.get(CONV).unread, 2);
});

test("whom nothing has been sent to yet is in the list as long as something waits or has failed", async () => {
  const items = signal([]);
  const { list, answer } = createList(() => items.value);
  const names = () => list.listed.value.map(({ conv }) => conv);
  list.refresh();
  await answer(group({ last: null, touched: 0 }), summary());
  items.value = [
    { conv: "p:1:3", created: 9 },
    { conv: "p:1:3", created: 10 },
    { conv: CONV, created: 11 },
    { conv: "g:7", created: 12 },
  ];
  assert.deepEqual(names(), ["p:1:3", CONV, "g:1"]);
  assert.equal(list.listed.value[0].peer, 3);
  // What was kept of the node's list is not mixed with it.
  assert.equal(list.ordered.value.length, 2);
  list.refresh();
  await answer(summary({ conv: "p:1:3", last_seq: 1 }), summary());
  assert.deepEqual(names().filter((conv) => conv === "p:1:3"), ["p:1:3"]);
  items.value = [];
  list.refresh();
  await answer(summary());
  assert.deepEqual(names(), [CONV]);
});

test("what failed where one has hidden the conversation or left the group is in the list", async () => {
  const items = signal([{ conv: "g:7", created: 9 }, { conv: "g:8", created: 10 }, { conv: "all", created: 11 }]);
  const groups = { get: (id) => (id === 7 ? { id, name: "Crew" } : null), state: signal("loading") };
  const { list, answer } = createList(() => items.value, groups);
  const names = () => list.listed.value.map(({ conv }) => conv);
  list.refresh();
  await answer(summary());
  assert.deepEqual(names(), ["all", "g:7", CONV]);
  groups.state.value = "ready";
  assert.deepEqual(names(), ["all", "g:8", "g:7", CONV]);
  assert.deepEqual(list.listed.value.map((line) => line.former ?? false), [false, true, false, false]);
  items.value = [{ conv: CONV, created: 12 }];
  list.update(CONV, (line) => ({ ...line, hidden: true }));
  assert.deepEqual(names(), [CONV]);
  items.value = [];
  assert.deepEqual(names(), []);
});
