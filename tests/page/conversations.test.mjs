import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversations } from "../../static/app/client/conversations.js";

const ME = 1;
const CONV = "p:1:2";
const summary = (more = {}) => ({
  conv: CONV, last_seq: 1, read_seq: 1, unread: 0, peer_delivered_seq: 0, peer_read_seq: 0,
  last: { op: "message", conv: CONV, seq: 1, from: ME, time: 1, media: "text", text: "hello" }, ...more,
});

/** A list whose answers the test gives. */
function createList() {
  const asked = [];
  const request = () => new Promise((resolve) => asked.push(resolve));
  const list = new Conversations({ request, people: { learn() {} }, me: { id: ME }, t: (key) => key });
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
