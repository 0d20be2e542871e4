import assert from "node:assert/strict";
import { test } from "node:test";
import { Files, MAX_WAITING_BYTES } from "../../static/app/client/files.js";
import { FAILED, Outbox, PATIENCE_MS } from "../../static/app/core/outbox.js";
import { memoryTable } from "../../static/app/data/memory-table.js";
import { createClock, settle } from "./clock.mjs";

/** A client without a page, and uploads that `door` answers. */
function open(door) {
  const clock = createClock();
  const connection = { online: true };
  const frames = [];
  const client = {
    clock,
    connection,
    api: { token: () => "x", get: async () => ({}) },
    tabs: { say: () => {}, lock: (_, work) => work() },
    post: async (conv, content) => {
      const key = content.file.name;
      await client.outbox.add({ ...content, key, conv, to: "u:2" });
      return key;
    },
  };
  client.outbox = new Outbox({
    store: memoryTable("key"),
    lock: client.tabs.lock,
    request: async (frame) => ({ seq: frames.push(frame), time: 1 }),
    online: () => connection.online,
    clock,
    changed: () => {},
    stored: () => {},
    upload: () => void files.run(),
  });
  const files = new Files(client, door);
  const send = (name, size = 10) =>
    files.send("p:1:2", { blob: { size }, file: { name, type: "image/png" }, media: "picture" });
  return { client, files, frames, send, clock, connection };
}

const refusal = (code, fields = {}) => Object.assign(new Error(code), { code, ...fields });

test("files are uploaded one after the other and go out in that order", async () => {
  let open_ = 0;
  let most = 0;
  let id = 0;
  const { send, frames } = open(async () => {
    most = Math.max(most, (open_ += 1));
    await settle();
    open_ -= 1;
    return { id: (id += 1) };
  });
  for (const name of ["a", "b", "c"]) await send(name);
  await settle();
  await settle();
  await settle();
  assert.equal(most, 1);
  assert.deepEqual(frames.map(({ file }) => file), [1, 2, 3]);
});

test("a node that is busy for a moment is asked again; one that stays so fails the message", async () => {
  let tries = 0;
  const { send, client, clock, frames } = open(async () => {
    tries += 1;
    if (tries < 3) throw refusal("overloaded", { retryAfter: 2_000 });
    return { id: 5 };
  });
  await send("a");
  await clock.pass(5_000);
  assert.equal(frames[0].file, 5);

  const other = open(async () => {
    throw refusal("unreachable");
  });
  await other.send("b");
  await other.clock.pass(PATIENCE_MS + 5_000);
  const [item] = other.client.outbox.items("p:1:2");
  assert.equal(item.state, FAILED);
  assert.equal(item.code, "unavailable");
  assert.equal(client.outbox.failed, 0);
});

test("what the node will never take fails at once and says why", async () => {
  const { send, client } = open(async () => {
    throw Object.assign(refusal("type_refused"), { message: "No such files here" });
  });
  await send("a");
  await settle();
  assert.equal(client.outbox.items("p:1:2")[0].message, "No such files here");
});

test("a cut leaves the message waiting; giving it up leaves nothing", async () => {
  const { send, client, files, connection } = open(async () => {
    connection.online = false;
    throw refusal("unreachable");
  });
  await send("a");
  await settle();
  assert.equal(client.outbox.waiting, 1);
  await files.cancel("a");
  assert.deepEqual(await client.outbox.store.all(), []);
});

test("the bytes that may wait are bounded", async () => {
  const { send, connection } = open(async () => ({ id: 1 }));
  connection.online = false;
  await send("a", MAX_WAITING_BYTES - 5);
  await assert.rejects(send("b", 6), { code: "outbox_full" });
});
