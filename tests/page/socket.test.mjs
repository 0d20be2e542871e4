import assert from "node:assert/strict";
import { test } from "node:test";
import { CAP_MS, retryDelay } from "../../static/app/core/backoff.js";
import { Connection, DEAD_AFTER_MS, MAX_REQUESTS } from "../../static/app/core/socket.js";
import { createClock, settle } from "./clock.mjs";

class FakeSocket {
  sent = [];
  closed = false;
  send(data) {
    this.sent.push(JSON.parse(data));
  }
  close() {
    this.closed = true;
  }
  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  cut(code = 1006) {
    this.onclose?.({ code });
  }
}

function connect({ random = () => 1 } = {}) {
  const clock = createClock();
  const sockets = [];
  const states = [];
  const frames = [];
  const connection = new Connection({
    clock,
    random,
    open() {
      sockets.push(new FakeSocket());
      return sockets.at(-1);
    },
    onFrame: (frame) => frames.push(frame),
    onState: (state) => states.push(state),
  });
  connection.start();
  return { clock, sockets, states, frames, connection };
}

test("it is online only after the welcome", () => {
  const { sockets, connection } = connect();
  assert.equal(connection.online, false);
  sockets[0].say({ op: "welcome" });
  assert.equal(connection.online, true);
});

test("a request gets the answer with its id, whatever the order", async () => {
  const { sockets, connection } = connect();
  sockets[0].say({ op: "welcome" });
  const first = connection.request({ op: "send" });
  const second = connection.request({ op: "sync" });
  const [, one, two] = sockets[0].sent;
  sockets[0].say({ op: "error", id: two.id, code: "not_found", message: "no" });
  sockets[0].say({ op: "ok", id: one.id, seq: 7 });
  assert.equal((await first).seq, 7);
  await assert.rejects(second, { code: "not_found" });
});

test("what waits for an answer learns that the link was cut", async () => {
  const { sockets, connection } = connect();
  sockets[0].say({ op: "welcome" });
  const request = connection.request({ op: "send" });
  sockets[0].cut();
  await assert.rejects(request, { code: "disconnected" });
});

test("an unanswered request ends after its time", async () => {
  const { clock, sockets, connection } = connect();
  sockets[0].say({ op: "welcome" });
  const request = connection.request({ op: "send" }, 5_000);
  const rejected = assert.rejects(request, { code: "timeout" });
  await clock.pass(5_000);
  await rejected;
});

test("too many requests at once are refused, not kept without end", async () => {
  const { sockets, connection } = connect();
  sockets[0].say({ op: "welcome" });
  const waiting = Array.from({ length: MAX_REQUESTS }, () => connection.request({ op: "sync" }));
  await assert.rejects(connection.request({ op: "sync" }), { code: "busy" });
  const results = Promise.allSettled(waiting);
  connection.close();
  await results;
});

test("it comes back by itself, later with each failure, and soon again after a success", async () => {
  const { clock, sockets } = connect();
  for (const wait of [500, 1_000, 2_000, 4_000]) {
    sockets.at(-1).cut();
    const count = sockets.length;
    await clock.pass(wait - 1);
    assert.equal(sockets.length, count, `nothing before ${wait} ms`);
    await clock.pass(1);
    assert.equal(sockets.length, count + 1);
  }
  sockets.at(-1).say({ op: "welcome" });
  sockets.at(-1).cut();
  const count = sockets.length;
  await clock.pass(500);
  assert.equal(sockets.length, count + 1);
});

test("retries are spread over the whole span and never wait longer than its end", () => {
  assert.equal(retryDelay(3, () => 0), 0);
  assert.equal(retryDelay(100, () => 1), CAP_MS);
  const delays = Array.from({ length: 200 }, () => retryDelay(6));
  assert.ok(Math.min(...delays) < CAP_MS / 4 && Math.max(...delays) > CAP_MS / 2);
});

test("a node that says goodbye names the time to come back", async () => {
  const { clock, sockets } = connect();
  sockets[0].say({ op: "welcome" });
  sockets[0].say({ op: "bye", retry_after: 7_000 });
  sockets[0].cut(1001);
  await clock.pass(6_999);
  assert.equal(sockets.length, 1);
  await clock.pass(1);
  assert.equal(sockets.length, 2);
});

test("a node without room names a time too, and not all come back at the same moment", async () => {
  for (const [draw, wait] of [
    [0, 5_000],
    [1, 7_500],
  ]) {
    const { clock, sockets } = connect({ random: () => draw });
    sockets[0].say({ op: "error", code: "overloaded", retry_after: 5_000 });
    sockets[0].cut(1013);
    await clock.pass(wait - 1);
    assert.equal(sockets.length, 1);
    await clock.pass(1);
    assert.equal(sockets.length, 2);
  }
});

test("a time that is too far away is not waited for", async () => {
  const { clock, sockets } = connect({ random: () => 0 });
  sockets[0].say({ op: "error", code: "overloaded", retry_after: 86_400_000 });
  sockets[0].cut(1013);
  await clock.pass(60_000);
  assert.equal(sockets.length, 2);
});

test("“Now” does not wait for the next turn", async () => {
  const { sockets, connection } = connect();
  sockets[0].cut();
  connection.retryNow();
  assert.equal(sockets.length, 2);
});

test("a dead link is noticed though nothing closes it", async () => {
  const { clock, sockets, states } = connect();
  sockets[0].say({ op: "welcome" });
  await clock.pass(DEAD_AFTER_MS + 10_000);
  assert.ok(states.some((state) => state.name === "waiting"));
  assert.equal(sockets[0].closed, true);
});

test("a link that answers pings stays", async () => {
  const { clock, sockets, connection } = connect();
  sockets[0].say({ op: "welcome" });
  for (let round = 0; round < 10; round += 1) {
    for (const { op, id } of sockets[0].sent.splice(0)) {
      if (op === "ping") sockets[0].say({ op: "ok", id });
    }
    await clock.pass(10_000);
  }
  assert.equal(connection.online, true);
  assert.equal(sockets.length, 1);
});

test("a check finds within a moment that the link is gone", async () => {
  const { clock, sockets, connection, states } = connect();
  sockets[0].say({ op: "welcome" });
  connection.check();
  await clock.pass(2_000);
  assert.equal(states.at(-1).name === "online", false);
});

test("an ended session is told and not tried again", async () => {
  const { clock, sockets, states } = connect();
  sockets[0].say({ op: "welcome" });
  sockets[0].cut(4001);
  await clock.pass(60_000);
  assert.equal(states.at(-1).name, "ended");
  assert.equal(sockets.length, 1);
});

test("an old socket's words are not heard after a new one was opened", async () => {
  const { clock, sockets, frames } = connect();
  const old = sockets[0].onmessage;
  sockets[0].cut();
  await clock.pass(500);
  old({ data: JSON.stringify({ op: "message" }) });
  await settle();
  assert.deepEqual(frames, []);
});
