import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_SELECTED, Selection } from "../../static/app/core/selection.js";

const message = (seq, more = {}) => ({ op: "message", seq, ...more });
const numbers = (selection) => selection.entries.map(({ seq }) => seq);

test("what is chosen goes on in the order in which it was said, however it was chosen", () => {
  const chosen = [7, 3, 5].reduce((selection, seq) => selection.toggled(message(seq)), new Selection());
  assert.deepEqual(numbers(chosen), [3, 5, 7]);
  assert.deepEqual(numbers(chosen.toggled(message(5))), [3, 7]);
  assert.equal(chosen.has(5), true);
});

test("a range goes from the last one to this one, both ways, without what cannot be forwarded", () => {
  const log = [message(1), message(2, { recalled: true }), { op: "event", seq: 3 }, message(4, { expired: true }), message(5), message(6)];
  assert.deepEqual(numbers(new Selection().toggled(log[0]).extended(log[4], log)), [1, 5]);
  assert.deepEqual(numbers(new Selection().toggled(log[5]).extended(log[0], log)), [1, 5, 6]);
  assert.deepEqual(numbers(new Selection().extended(log[5], log)), [6]);
});

test("at the limit no more are chosen, and one that is left makes room", () => {
  const log = Array.from({ length: MAX_SELECTED + 9 }, (_, index) => message(index + 1));
  const down = new Selection().toggled(log[0]).extended(log.at(-1), log);
  assert.deepEqual([down.size, down.full, down.entries.at(-1).seq], [MAX_SELECTED, true, MAX_SELECTED]);
  const up = new Selection().toggled(log.at(-1)).extended(log[0], log);
  assert.deepEqual([up.size, up.entries[0].seq], [MAX_SELECTED, 10]);
  assert.equal(down.toggled(log.at(-1)), down);
  assert.equal(down.toggled(log[0]).toggled(log.at(-1)).has(MAX_SELECTED + 9), true);
});
