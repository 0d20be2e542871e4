import assert from "node:assert/strict";
import { test } from "node:test";
import { hide, mute, pin } from "../../static/app/client/conversation-acts.js";
import { OwnMarks } from "../../static/app/client/own-marks.js";
import { QuickReplies } from "../../static/app/client/quick-replies.js";
import { Said } from "../../static/app/client/said.js";
import { Log } from "../../static/app/core/log.js";
import { signal } from "../../static/vendor/preact.js";
import { Conversations } from "../../static/app/client/conversations.js";

const CONV = "p:1:2";

/** A client with one conversation; the test answers what is asked for. */
function createClient() {
  const asked = [];
  const request = () => new Promise((resolve, reject) => asked.push({ resolve, reject }));
  const conversations = new Conversations({ request, people: { learn() {} }, me: { id: 1 }, t: (key) => key });
  conversations.show([{ conv: CONV, last_seq: 1, read_seq: 1, unread: 0, hidden: false, muted: false, pinned: false, marked_unread: false }]);
  const { get } = conversations;
  return { client: { conversations, connection: { request } }, asked, get: () => get.call(conversations, CONV) };
}

const refused = (promise) => assert.rejects(promise, { code: "disconnected" });
const refusal = { code: "disconnected" };

for (const [name, act, field] of [["hiding", hide, "hidden"], ["muting", mute, "muted"], ["pinning", pin, "pinned"]]) {
  test(`${name} is shown at once, and taken back when it is refused`, async () => {
    const { client, asked, get } = createClient();
    const done = act(client, CONV, true);
    assert.equal(get()[field], true);
    asked[0].reject(refusal);
    await refused(done);
    assert.equal(get()[field], false);
  });
}

const createMarks = (client, kept = null) => {
  const storage = { get: () => kept, set: (_, value) => (kept = value) };
  return { marks: new OwnMarks({ conversations: client.conversations, request: client.connection.request, storage }), kept: () => kept };
};

test("marking is shown at once, and taken back when the node refuses", async () => {
  const { client, asked, get } = createClient();
  const { marks, kept } = createMarks(client);
  const done = marks.set(CONV, true);
  assert.equal(get().marked_unread, true);
  asked[0].reject({ code: "not_found" });
  await assert.rejects(done, { code: "not_found" });
  assert.equal(get().marked_unread, false);
  assert.deepEqual(kept(), []);
});

test("a mark that finds no node is told with the next connection, also by the next page", async () => {
  const { client, asked, get } = createClient();
  const { marks, kept } = createMarks(client);
  for (const marked of [true, false, true]) {
    const done = marks.set(CONV, marked);
    asked.pop().reject(refusal);
    await done;
    assert.equal(get().marked_unread, marked);
  }
  const { marks: next, kept: left } = createMarks(client, kept());
  const flushed = next.flush();
  assert.equal(asked.length, 1);
  asked[0].resolve({});
  await flushed;
  assert.deepEqual(left(), []);
  await next.flush();
  assert.equal(asked.length, 1);
});

test("so many marks wait, and the oldest give way", async () => {
  const { client, asked } = createClient();
  const { marks, kept } = createMarks(client);
  for (let number = 1; number <= 201; number += 1) {
    const done = marks.set(`g:${number}`, true);
    asked.pop().reject(refusal);
    await done;
  }
  assert.equal(kept().length, 200);
  assert.deepEqual([kept()[0], kept()[199]], [["g:2", true], ["g:201", true]]);
});

test("what came meanwhile holds when an act is taken back", async () => {
  const { client, asked, get } = createClient();
  const done = pin(client, CONV, true);
  client.conversations.entry({ op: "message", conv: CONV, seq: 2, from: 2, time: 2, text: "new" });
  asked[0].reject(refusal);
  await refused(done);
  const { pinned, last_seq: lastSeq, unread } = get();
  assert.deepEqual({ pinned, lastSeq, unread }, { pinned: false, lastSeq: 2, unread: 1 });
});

test("the last of two acts holds, whichever is refused", async () => {
  const { client, asked, get } = createClient();
  const first = mute(client, CONV, true);
  const second = mute(client, CONV, false);
  asked[0].reject(refusal);
  await refused(first);
  assert.equal(get().muted, false);
  asked[1].resolve({});
  await second;
  assert.equal(get().muted, false);
});

test("deleting a message for me is shown at once, and taken back when it is refused", async () => {
  const { client, asked } = createClient();
  const log = new Log(CONV, 1);
  const entry = { op: "message", conv: CONV, seq: 1, from: 2, time: 1, text: "hello" };
  log.newest({ entries: [entry], first: 1, last: 1, more: false });
  const said = new Said({ ...client, history: { log: () => ({ log }), touched() {} } });
  const done = said.hide(entry, true);
  assert.equal(log.entries.length, 0);
  asked[0].reject(refusal);
  await refused(done);
  assert.deepEqual(log.entries, [entry]);
  const undone = said.hide(entry, false);
  asked[1].reject(refusal);
  await refused(undone);
  assert.equal(log.entries.length, 0);
});

test("an order of quick replies that is refused does not take back a later one", async () => {
  const asked = [];
  const api = { put: () => new Promise((resolve, reject) => asked.push({ resolve, reject })) };
  const kept = { version: 1, replies: [{ id: 1 }, { id: 2 }, { id: 3 }] };
  const replies = new QuickReplies({ api, storage: { get: () => kept, set() {} }, state: signal(null) });
  const order = () => replies.list.value.map(({ id }) => id);
  const first = replies.putInOrder([2, 1, 3]);
  const second = replies.putInOrder([3, 2, 1]);
  asked[0].reject(refusal);
  await refused(first);
  assert.deepEqual(order(), [3, 2, 1]);
  asked[1].reject(refusal);
  await refused(second);
  assert.deepEqual(order(), [1, 2, 3]);
});
