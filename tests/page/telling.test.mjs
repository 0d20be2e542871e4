// Which tab tells of a message, and of which messages.

import assert from "node:assert/strict";
import test from "node:test";
import { Bids, GATHER_MS } from "../../static/app/core/bids.js";
import { bidOf, isTold, preferences } from "../../static/app/core/telling.js";
import { createClock } from "./clock.mjs";

/** Tabs that hear each other at once. */
function tabs(names, clock) {
  const all = new Map();
  for (const tab of names) {
    const say = (message) => {
      for (const [name, other] of all) if (name !== tab) other.heard(message);
    };
    all.set(tab, new Bids({ tab, say, clock }));
  }
  return all;
}

const ALL = { able: true, show: true, sound: true };

test("of several tabs one acts, and does what no tab speaks against", async () => {
  const clock = createClock();
  const all = tabs(["c", "a", "b"], clock);
  const done = [];
  for (const [name, bids] of all) {
    bids.offer("p:1:2 7", { ...ALL, show: name !== "b" }, (what) => done.push([name, what]));
  }
  await clock.pass(GATHER_MS);
  assert.deepEqual(done, [["a", { show: false, sound: true }]]);
});

test("a tab that may sound goes before one that may not", async () => {
  const clock = createClock();
  const all = tabs(["a", "b"], clock);
  const done = [];
  all.get("a").offer("x 1", { ...ALL, able: false }, () => done.push("a"));
  all.get("b").offer("x 1", ALL, () => done.push("b"));
  await clock.pass(GATHER_MS);
  assert.deepEqual(done, ["b"]);
});

test("a tab that hears late stays silent", async () => {
  const clock = createClock();
  const all = tabs(["a", "b"], clock);
  const done = [];
  all.get("b").offer("x 1", ALL, () => done.push("b"));
  await clock.pass(GATHER_MS + 1);
  all.get("a").offer("x 1", ALL, () => done.push("a"));
  await clock.pass(GATHER_MS);
  assert.deepEqual(done, ["b"]);
});

test("one is told of others' unread messages, in muted conversations only when named", () => {
  const entry = { op: "message", from: 2, seq: 5, mentions: [] };
  const summary = { read_seq: 4, muted: false };
  assert.equal(isTold(entry, summary, 1), true);
  assert.equal(isTold({ ...entry, from: 1 }, summary, 1), false);
  assert.equal(isTold({ ...entry, recalled: true }, summary, 1), false);
  assert.equal(isTold({ ...entry, op: "event" }, summary, 1), false);
  assert.equal(isTold(entry, { ...summary, read_seq: 5 }, 1), false);
  assert.equal(isTold(entry, { ...summary, muted: true }, 1), false);
  assert.equal(isTold({ ...entry, mentions: [1] }, { ...summary, muted: true }, 1), true);
  assert.equal(isTold(entry, null, 1), true);
});

test("who looks needs no notification, and no sound for what is on the screen", () => {
  assert.deepEqual(bidOf("looking", true), { show: false, sound: false });
  assert.deepEqual(bidOf("looking", false), { show: false, sound: true });
  assert.deepEqual(bidOf("aside", true), { show: false, sound: true });
  assert.deepEqual(bidOf("hidden", true), { show: true, sound: true });
});

test("what was not chosen is on", () => {
  assert.deepEqual(preferences(null), { on: true, text: true, sound: true });
  assert.equal(preferences({ sound: false }).sound, false);
});
