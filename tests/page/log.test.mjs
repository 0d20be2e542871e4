import assert from "node:assert/strict";
import { test } from "node:test";
import { Log, MAX_AT_HAND, MAX_HELD } from "../../static/app/core/log.js";

const message = (seq, text = `m${seq}`) => ({ op: "message", conv: "g:1", seq, from: 2, time: seq, text });
const recall = (seq, target) => ({ op: "event", kind: "recall", conv: "g:1", seq, target, from: 2, time: seq });
const edit = (seq, target, text) => ({ op: "event", kind: "edit", conv: "g:1", seq, target, text, from: 2, time: seq });
const page = (entries, more = false) => ({
  entries,
  more,
  first: entries[0]?.seq,
  last: entries.at(-1)?.seq,
});
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const numbers = (log) => log.entries.map((entry) => entry.seq);

function loaded(from, to, more = from > 1) {
  const log = new Log("g:1");
  log.newest(page(range(from, to), more));
  return log;
}

test("live entries continue the newest page", () => {
  const log = loaded(1, 3);
  assert.equal(log.live(message(4)), "added");
  assert.deepEqual(numbers(log), [1, 2, 3, 4]);
  assert.equal(log.atEnd, true);
});

test("an entry that comes twice is shown once", () => {
  const log = loaded(1, 3);
  log.live(message(4));
  assert.equal(log.live(message(4)), "known");
  log.newer(3, page(range(4, 5)));
  assert.equal(log.live(message(5)), "known");
  assert.deepEqual(numbers(log), [1, 2, 3, 4, 5]);
});

test("a hole is asked for, and what came after it waits and then follows in order", () => {
  const log = loaded(1, 3);
  assert.equal(log.live(message(6)), "gap");
  assert.equal(log.live(message(5)), "gap");
  assert.deepEqual(numbers(log), [1, 2, 3]);
  log.newer(3, page([message(4)], true));
  assert.deepEqual(numbers(log), [1, 2, 3, 4, 5, 6]);
  assert.equal(log.atEnd, true);
});

test("random order, repeats and pages end in one ordered log without holes", () => {
  for (let round = 0; round < 200; round += 1) {
    const log = loaded(1, 5);
    const rest = range(6, 40);
    const arrivals = [...rest, ...rest.filter(() => Math.random() < 0.3)];
    arrivals.sort(() => Math.random() - 0.5);
    for (const entry of arrivals) {
      log.live(entry);
      if (Math.random() < 0.2) log.newer(log.to, page(range(log.to + 1, Math.min(40, log.to + 3)), true));
    }
    while (log.to < 40) log.newer(log.to, page(range(log.to + 1, Math.min(40, log.to + 7)), log.to + 7 < 40));
    assert.deepEqual(numbers(log), range(1, 40).map((entry) => entry.seq));
  }
});

test("older pages go before, down to the beginning", () => {
  const log = loaded(51, 100);
  assert.equal(log.start, false);
  log.older(51, page(range(1, 50)));
  assert.equal(log.start, true);
  assert.equal(log.entries.length, 100);
});

test("who comes back asks again for what was before, and keeps what they had", () => {
  const joined = (seq, user) => ({ op: "event", kind: "joined", conv: "g:1", seq, users: [user], from: 1, time: seq });
  const log = new Log("g:1", 7);
  log.newest(page([joined(20, 7), ...range(21, 30)]));
  assert.equal(log.start, true);
  log.live(joined(31, 8));
  assert.equal(log.start, true, "another joined");
  log.newer(31, page([joined(40, 7)]));
  assert.equal(log.start, false);
  log.older(20, page(range(1, 19)));
  assert.equal(log.start, true);
  assert.deepEqual(numbers(log), [...range(1, 19).map(({ seq }) => seq), 20, ...range(21, 30).map(({ seq }) => seq), 31, 40]);
  const hidden = new Log("g:1", 7);
  hidden.newest(page([joined(20, 7)]));
  hidden.live(joined(21, 7));
  hidden.older(20, page([]));
  assert.deepEqual([hidden.start, ...numbers(hidden)], [true, 20, 21]);
});

test("a page that no longer fits is not joined", () => {
  const log = loaded(51, 100);
  assert.equal(log.older(40, page(range(1, 39))), false);
  assert.equal(log.newer(10, page(range(11, 12), true)), false);
  assert.equal(log.entries.length, 50);
});

test("a recall erases its target, whatever came first, and shows nothing itself", () => {
  const log = loaded(1, 3);
  log.live(recall(4, 2));
  assert.equal(log.get(2).recalled, true);
  assert.equal(log.get(2).text, undefined);
  assert.deepEqual(numbers(log), [1, 2, 3]);
  assert.equal(log.to, 4);
});

test("a recall wins over an edit", () => {
  const log = loaded(1, 2);
  log.live(recall(3, 1));
  log.live(edit(4, 1, "again"));
  assert.equal(log.get(1).recalled, true);
  assert.equal(log.get(1).text, undefined);
});

test("an older edit never takes the place of a newer one", () => {
  const log = new Log("g:1");
  log.newest(page([{ ...message(1, "third"), edited: 9 }, edit(2, 1, "second")], false));
  assert.equal(log.get(1).text, "third");
  log.live({ ...edit(3, 1, "fourth"), time: 10 });
  assert.equal(log.get(1).text, "fourth");
});

test("a changed entry is a new object, and the others stay the same", () => {
  const log = loaded(1, 3);
  const [first, second] = log.entries;
  log.live(edit(4, 2, "new"));
  assert.equal(log.entries[0], first);
  assert.notEqual(log.entries[1], second);
});

test("deleted for me is gone and comes back on undo", () => {
  const log = loaded(1, 3);
  const entry = log.get(2);
  log.hide(2);
  assert.deepEqual(numbers(log), [1, 3]);
  log.unhide(entry);
  assert.deepEqual(numbers(log), [1, 2, 3]);
});

test("a page that lacks an entry of its range takes it away", () => {
  const log = loaded(1, 5);
  log.newest({ entries: [message(1), message(2), message(5)], first: 1, last: 5, more: false });
  assert.deepEqual(numbers(log), [1, 2, 5]);
});

test("a page of hidden entries only still moves on", () => {
  const log = loaded(1, 3);
  log.newer(3, { entries: [], first: 4, last: 53, more: true });
  assert.equal(log.to, 53);
  assert.equal(log.atEnd, false);
});

test("while further back, new entries do not make holes", () => {
  const log = loaded(901, 1000);
  log.around(page(range(100, 150)));
  assert.equal(log.live(message(1001)), "away");
  assert.deepEqual(numbers(log), range(100, 150).map((entry) => entry.seq));
  assert.equal(log.atEnd, false);
  assert.equal(log.head, 1001);
});

test("what an earlier page kept is taken up and goes on from there", () => {
  const log = new Log("p:1:2");
  log.restore({ entries: [message(3), message(4)], from: 3, to: 5, start: false });
  assert.deepEqual(log.entries.map((entry) => entry.seq), [3, 4]);
  assert.equal(log.atEnd, true);
  log.head = 7;
  assert.equal(log.atEnd, false);
  log.newer(5, { entries: [{ op: "event", kind: "recall", seq: 6, target: 4, time: 9 }, message(7)], last: 7, more: false });
  assert.equal(log.get(4).recalled, true);
  assert.equal(log.get(4).text, undefined);
  assert.equal(log.atEnd, true);
});

test("years of a conversation are gone through both ways, and what is held stays bounded", () => {
  const log = loaded(9_951, 10_000);
  log.reading = true;
  while (!log.start) {
    log.older(log.from, page(range(log.from - 50, log.from - 1), log.from > 51));
    log.readAt = log.from + 40;
    assert.ok(log.entries.length <= MAX_HELD);
    assert.equal(numbers(log).at(-1) - log.from, log.entries.length - 1);
  }
  assert.deepEqual([log.from, log.to, log.atEnd], [1, MAX_HELD, false]);
  while (!log.atEnd) {
    log.newer(log.to, page(range(log.to + 1, log.to + 50), log.to < 9_950));
    log.readAt = log.to - 90;
    assert.ok(log.entries.length <= MAX_HELD);
  }
  assert.deepEqual([log.from, log.to, log.start], [10_001 - MAX_HELD, 10_000, false]);
});

test("at the end the oldest go as new ones come, and who reads further back keeps the place", () => {
  const log = loaded(1, MAX_HELD);
  log.reading = true;
  log.live(message(MAX_HELD + 1));
  assert.deepEqual([log.from, log.to, log.start], [2, MAX_HELD + 1, false]);
  log.readAt = 100;
  assert.equal(log.live(message(MAX_HELD + 2)), "added");
  assert.deepEqual([log.from, log.to, log.atEnd], [2, MAX_HELD + 1, false]);
  assert.equal(log.live(message(MAX_HELD + 3)), "away");
});

test("what nobody reads and grows is let go, and what was left keeps what is at hand", () => {
  const log = loaded(1, MAX_HELD);
  log.live(message(MAX_HELD + 1));
  assert.equal(log.loaded, false);
  assert.equal(log.live(message(MAX_HELD + 2)), "unloaded");
  const left = loaded(1, 500);
  left.reading = true;
  left.leave();
  assert.deepEqual([left.entries.length, left.from, left.atEnd], [MAX_AT_HAND, 301, true]);
  left.older(301, page(range(251, 300), true));
  left.reading = true;
  left.around(page(range(1, 50), true));
  left.leave();
  assert.equal(left.loaded, false);
});

test("what is taken back while one reads further back is gone there too", () => {
  const log = loaded(51, 100);
  log.around(page(range(1, 50), true));
  assert.equal(log.live(recall(101, 20)), "away");
  assert.equal(log.get(20).recalled, true);
});
