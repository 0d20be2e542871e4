import assert from "node:assert/strict";
import { test } from "node:test";
import { hide, mute, pin } from "../../static/app/client/conversation-acts.js";
import { Conversations } from "../../static/app/client/conversations.js";

const CONV = "p:1:2";

/** A client with one conversation; the test answers what is asked for. */
function createClient() {
  const asked = [];
  const request = () => new Promise((resolve, reject) => asked.push({ resolve, reject }));
  const conversations = new Conversations({ request, people: { learn() {} }, me: { id: 1 }, t: (key) => key });
  conversations.show([{ conv: CONV, last_seq: 1, read_seq: 1, unread: 0, hidden: false, muted: false, pinned: false }]);
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
