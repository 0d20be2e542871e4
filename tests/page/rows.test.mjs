import assert from "node:assert/strict";
import { test } from "node:test";
import { buildRows, GROUP_MS, pendingBelow } from "../../static/app/core/rows.js";

const ME = 1;
const message = (seq, from, time, more = {}) => ({ op: "message", seq, from, time, text: `m${seq}`, ...more });
const build = (entries, options = {}) =>
  buildRows(entries, {
    before: null,
    me: ME,
    dayOf: (time) => String(Math.floor(time / 86_400_000)),
    keyOf: () => undefined,
    ...options,
  });
const types = (rows) => rows.map((row) => row.type);

test("messages of one sender within three minutes stand under one name", () => {
  const rows = build([message(1, 2, 0), message(2, 2, GROUP_MS - 1), message(3, 2, 2 * GROUP_MS), message(4, 3, 2 * GROUP_MS)]);
  assert.deepEqual(rows.filter((row) => row.type === "message").map((row) => row.first), [true, false, true, true]);
});

test("each day begins with its name", () => {
  const rows = build([message(1, 2, 0), message(2, 2, 86_400_000)]);
  assert.deepEqual(types(rows), ["day", "message", "day", "message"]);
});

test("a day that began before what is shown is not named again", () => {
  const rows = build([message(2, 2, 10)], { before: message(1, 2, 5) });
  assert.deepEqual(types(rows), ["message"]);
  assert.equal(rows[0].first, false);
});

test("the line stands once, before the first new message of others", () => {
  const rows = build([message(1, 2, 0), message(2, ME, 1), message(3, 2, 2), message(4, 2, 3)], { newAfter: 1 });
  assert.deepEqual(types(rows), ["day", "message", "message", "new", "message", "message"]);
});

test("a sent message keeps the row it waited in", () => {
  const rows = build([message(9, ME, 0)], { keyOf: (seq) => (seq === 9 ? "key-of-9" : undefined) });
  assert.equal(rows[1].key, "key-of-9");
});

test("what waits stands below what is stored", () => {
  const pending = [{ key: "k", conv: "g:1", state: "waiting", created: 5, media: "text", text: "x" }];
  assert.equal(build([message(1, 2, 0)], { pending }).at(-1).item.key, "k");
});

test("an echo before its ok is not shown beside the waiting message", () => {
  const item = { key: "k", state: "waiting", inFlight: true, text: "m5", after: 4 };
  assert.deepEqual(pendingBelow([item], [message(5, ME, 1)], ME), []);
});

test("an earlier message with the same text hides nothing", () => {
  const item = { key: "k", state: "waiting", inFlight: true, text: "m3", after: 4 };
  assert.deepEqual(pendingBelow([item], [message(3, ME, 1)], ME), [item]);
});

test("of two equal messages on their way, one echo stands for one", () => {
  const items = ["a", "b"].map((key) => ({ key, state: "waiting", inFlight: true, text: "m5", after: 4 }));
  assert.deepEqual(pendingBelow(items, [message(5, ME, 1)], ME).map(({ key }) => key), ["b"]);
});

test("a stored message leaves when the log shows its number", () => {
  const item = { key: "k", state: "stored", seq: 5, text: "m5" };
  assert.deepEqual(pendingBelow([item], [message(5, ME, 1)], ME), []);
  assert.deepEqual(pendingBelow([item], [message(4, ME, 1)], ME), [item]);
});

test("messages that have expired stand as one line, whatever days they were", () => {
  const gone = (seq, time) => ({ op: "message", seq, from: 2, time, expired: true });
  const rows = build([gone(1, 0), gone(2, 86_400_000), gone(3, 86_400_001), message(4, 2, 86_400_002)], { newAfter: 1 });
  assert.deepEqual(types(rows), ["expired", "day", "new", "message"]);
  assert.equal(rows.at(-1).first, true);
});
