import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_WAITING, Outbox } from "../../static/app/core/outbox.js";
import { RequestError } from "../../static/app/core/socket.js";
import { memoryTable } from "../../static/app/data/memory-table.js";
import { createClock, settle } from "./clock.mjs";

/** Locks as the browser has them: one holder a name, the others in their order. */
function createLocks() {
  const tails = new Map();
  return (name, work) => {
    const done = (tails.get(name) ?? Promise.resolve()).then(work);
    tails.set(name, done.catch(() => {}));
    return done;
  };
}

/** A node that stores by key; `answer(frame)` may throw what the node says instead. */
function createNode() {
  const node = { online: true, stored: [], received: [], answer: () => {} };
  node.request = async (frame) => {
    if (!node.online) throw new RequestError("disconnected");
    node.received.push(frame);
    await node.answer(frame);
    if (frame.op !== "send") return {};
    let index = node.stored.findIndex((entry) => entry.key === frame.key);
    if (index < 0) index = node.stored.push(frame) - 1;
    return { conv: "p:1:2", seq: index + 1, time: 5 };
  };
  return node;
}

const photo = (key) => ({ ...item(key), media: "picture", blob: { size: 9 }, file: { name: "a.jpg", size: 9 } });

function open({ node = createNode(), store = memoryTable("key"), lock = createLocks() } = {}) {
  const clock = createClock();
  const stored = [];
  const uploads = { count: 0 };
  const outbox = new Outbox({
    store,
    lock,
    clock,
    request: node.request,
    online: () => node.online,
    changed: () => {},
    stored: (item) => stored.push(item),
    upload: () => (uploads.count += 1),
  });
  return { outbox, node, store, clock, stored, lock, uploads };
}

const item = (key, conv = "p:1:2") => ({ key, conv, to: "u:2", media: "text", text: key });
const texts = (node) => node.stored.map((frame) => frame.text);

test("messages go out in the order in which they were written", async () => {
  const { outbox, node } = open();
  await Promise.all(["a", "b", "c", "d"].map((key) => outbox.add(item(key))));
  await settle();
  assert.deepEqual(texts(node), ["a", "b", "c", "d"]);
});

test("each is sent only after the ok of the one before", async () => {
  const { outbox, node } = open();
  let release;
  node.answer = () => new Promise((resolve) => (release = resolve));
  await outbox.add(item("a"));
  await outbox.add(item("b"));
  await settle();
  assert.equal(node.received.length, 1);
  release();
  await settle();
  assert.equal(node.received.length, 2);
  release();
});

test("waiting for the network is no failure; at its return everything goes out", async () => {
  const { outbox, node, clock } = open();
  node.online = false;
  await outbox.add(item("a"));
  await outbox.add(item("b"));
  await clock.pass(600_000);
  assert.equal(outbox.waiting, 2);
  assert.equal(outbox.failed, 0);
  node.online = true;
  await outbox.flush();
  assert.deepEqual(texts(node), ["a", "b"]);
});

test("what waits survives a reload and keeps its key and order", async () => {
  const before = open();
  before.node.online = false;
  await before.outbox.add(item("a"));
  await before.outbox.add(item("b"));
  const after = open({ store: before.store });
  await after.outbox.load();
  assert.deepEqual(after.outbox.items("p:1:2").map(({ key }) => key), ["a", "b"]);
  await after.outbox.flush();
  assert.deepEqual(after.node.stored.map(({ key }) => key), ["a", "b"]);
});

test("a link cut before the ok makes no second message", async () => {
  const { outbox, node } = open();
  node.answer = (frame) => {
    node.stored.push(frame);
    node.answer = () => {};
    throw new RequestError("disconnected");
  };
  await outbox.add(item("a"));
  await settle();
  assert.equal(outbox.waiting, 1);
  await outbox.flush();
  assert.deepEqual(texts(node), ["a"]);
  assert.equal(node.received.length, 2);
});

test("two tabs never send the same at the same time", async () => {
  const lock = createLocks();
  const node = createNode();
  const one = open({ node, lock });
  const two = open({ node, lock, store: one.store });
  node.online = false;
  for (const key of ["a", "b", "c"]) await one.outbox.add(item(key));
  await two.outbox.load();
  node.online = true;
  await Promise.all([one.outbox.flush(), two.outbox.flush()]);
  assert.deepEqual(node.received.map(({ key }) => key), ["a", "b", "c"]);
});

test("without locks two tabs still make one message of it", async () => {
  const node = createNode();
  const free = (name, work) => work();
  const one = open({ node, lock: free });
  const two = open({ node, lock: free, store: one.store });
  node.online = false;
  for (const key of ["a", "b"]) await one.outbox.add(item(key));
  await two.outbox.load();
  node.online = true;
  await Promise.all([one.outbox.flush(), two.outbox.flush()]);
  assert.deepEqual(texts(node), ["a", "b"]);
});

test("a refused message fails with its reason and does not hold up the next", async () => {
  const { outbox, node } = open();
  node.answer = ({ text }) => {
    if (text === "a") throw new RequestError("blocked", "no");
  };
  await outbox.add(item("a"));
  await outbox.add(item("b"));
  await settle();
  assert.deepEqual(texts(node), ["b"]);
  assert.equal(outbox.items("p:1:2")[0].code, "blocked");
  assert.equal(outbox.failed, 1);
});

test("one conversation does not wait for another", async () => {
  const { outbox, node } = open();
  node.answer = ({ text }) => (text === "slow" ? new Promise(() => {}) : undefined);
  await outbox.add(item("slow", "g:1"));
  await outbox.add(item("quick"));
  await settle();
  assert.deepEqual(texts(node), ["quick"]);
});

test("an unavailable node is asked again, for 30 s", async () => {
  const { outbox, node, clock } = open();
  node.answer = () => {
    throw new RequestError("unavailable");
  };
  await outbox.add(item("a"));
  await clock.pass(29_000);
  assert.equal(outbox.failed, 0);
  await clock.pass(3_000);
  assert.equal(outbox.failed, 1);
  node.answer = () => {};
  await outbox.retry("a");
  await settle();
  assert.deepEqual(texts(node), ["a"]);
});

test("a limit is waited for as long as the node says", async () => {
  const { outbox, node, clock } = open();
  node.answer = () => {
    node.answer = () => {};
    throw new RequestError("rate_limited", "later", { retryAfter: 4_000 });
  };
  await outbox.add(item("a"));
  await clock.pass(3_900);
  assert.deepEqual(texts(node), []);
  await clock.pass(200);
  assert.deepEqual(texts(node), ["a"]);
});

test("deleting a refused message forgets it", async () => {
  const { outbox, node, store } = open();
  node.answer = () => {
    throw new RequestError("blocked");
  };
  await outbox.add(item("a"));
  await settle();
  await outbox.discard("a");
  assert.deepEqual(await store.all(), []);
  assert.deepEqual(outbox.items("p:1:2"), []);
});

test("deleting a message of unknown fate sends it once more and takes it back", async () => {
  const { outbox, node } = open();
  node.answer = (frame) => {
    node.stored.push(frame);
    node.answer = () => {};
    throw new RequestError("timeout");
  };
  await outbox.add(item("a"));
  await settle();
  assert.equal(outbox.failed, 1);
  await outbox.discard("a");
  await settle();
  assert.deepEqual(outbox.items("p:1:2"), []);
  assert.deepEqual(node.received.at(-1), { op: "recall", conv: "p:1:2", seq: 1 });
  assert.equal(node.stored.length, 1);
});

test("a deleted message of unknown fate is tried until it is known, and forgotten when it is refused", async () => {
  const { outbox, node, store } = open();
  const codes = ["timeout", "timeout", "blocked"];
  node.answer = () => {
    throw new RequestError(codes.shift());
  };
  await outbox.add(item("a"));
  await settle();
  await outbox.discard("a");
  await settle();
  assert.deepEqual([outbox.failedBeside(null), outbox.items("p:1:2")], [[], []]);
  assert.equal((await store.all()).length, 1);
  await outbox.flush();
  assert.deepEqual([codes, await store.all()], [[], []]);
});

test("a stored message stays in sight until the log shows its number", async () => {
  const { outbox, stored } = open();
  await outbox.add(item("a"));
  await settle();
  assert.equal(outbox.items("p:1:2")[0].seq, 1);
  assert.equal(stored.length, 1);
  outbox.settle("p:1:2", 1);
  assert.deepEqual(outbox.items("p:1:2"), []);
});

test("what another tab sent or gave up disappears here too", async () => {
  const node = createNode();
  const one = open({ node });
  const two = open({ node, store: one.store });
  node.online = false;
  await one.outbox.add(item("a"));
  await one.outbox.add(item("b"));
  await two.outbox.load();
  assert.equal(two.outbox.waiting, 2);
  node.online = true;
  await one.outbox.flush();
  two.outbox.storedElsewhere("a", 1, 5);
  await two.outbox.load();
  assert.deepEqual(two.outbox.items("p:1:2").map(({ key, state }) => [key, state]), [["a", "stored"]]);
});

test("what the browser cannot keep is not shown as waiting", async () => {
  const full = { ...memoryTable("key"), put: () => Promise.reject(new Error("full")) };
  const { outbox } = open({ store: full });
  await assert.rejects(outbox.add(item("a")), /full/);
  assert.deepEqual(outbox.items("p:1:2"), []);
});

test("the outbox is bounded and says so", async () => {
  const { outbox, node } = open();
  node.online = false;
  for (let count = 0; count < MAX_WAITING; count += 1) await outbox.add(item(`k${count}`));
  await assert.rejects(outbox.add(item("one more")), { code: "outbox_full" });
});

test("a message whose file is still to be uploaded holds nobody back", async () => {
  const { outbox, node, uploads } = open();
  await outbox.add(photo("a"));
  await outbox.add(item("b"));
  await settle();
  assert.deepEqual(texts(node), ["b"]);
  assert.ok(uploads.count > 0);
  await outbox.change("a", { file: { id: 7, name: "a.jpg", size: 9 } });
  await settle();
  assert.deepEqual(texts(node), ["b", "a"]);
  assert.equal(node.stored[1].file, 7);
});

test("an upload that is given up leaves nothing; what was sent stays", async () => {
  const { outbox, node, store } = open();
  await outbox.add(photo("a"));
  await outbox.cancel("a");
  await outbox.change("a", { file: { id: 7 } });
  await settle();
  assert.deepEqual(await store.all(), []);
  assert.deepEqual(node.received, []);
});

test("a file that the node has removed meanwhile is uploaded once more, and only once", async () => {
  const { outbox, node, uploads } = open();
  node.answer = () => {
    throw new RequestError("not_found", "gone", { field: "file" });
  };
  await outbox.add(photo("a"));
  await outbox.change("a", { file: { id: 7 } });
  await settle();
  const before = uploads.count;
  assert.equal(outbox.failed, 0);
  assert.equal(outbox.items("p:1:2")[0].file.id, undefined);
  assert.ok(before >= 2);
  await outbox.change("a", { file: { id: 8 } });
  await settle();
  assert.equal(outbox.failed, 1);
});
