import assert from "node:assert/strict";
import { test } from "node:test";
import { heldHits, ledIn, partsOf, rangesOf, wordsOf } from "../../static/app/core/matching.js";

const marked = (text, ranges) =>
  partsOf(text, ranges).map(({ text: part, hit }) => (hit ? `[${part}]` : part)).join("");

test("one and two Chinese characters are found inside a text", () => {
  assert.deepEqual(rangesOf("我们是中国人", ["国"]), [[4, 5]]);
  assert.deepEqual(rangesOf("我们是中国人", ["中国"]), [[3, 5]]);
  assert.equal(rangesOf("我们是中国人", ["国中"]), null);
});

test("case and width do not tell", () => {
  assert.equal(marked("ＨＥＬＬＯ world", rangesOf("ＨＥＬＬＯ world", ["hello"])), "[ＨＥＬＬＯ] world");
});

test("what is marked is what was found, also behind emoji", () => {
  assert.equal(marked("👍🏽 泵 2 👍", rangesOf("👍🏽 泵 2 👍", ["泵"])), "👍🏽 [泵] 2 👍");
  assert.equal(marked("😀😀ab", [[2, 4]]), "😀😀[ab]");
});

test("all words must be there, in any order", () => {
  assert.equal(marked("pump 2 of dock 2", rangesOf("pump 2 of dock 2", wordsOf(" dock  pump "))), "[pump] 2 of [dock] 2");
  assert.equal(rangesOf("pump", ["pump", "dock"]), null);
});

test("a long text is shown from shortly before what was found", () => {
  const text = `${"a".repeat(80)}pump${"b".repeat(200)}`;
  const led = ledIn({ text, ranges: [[80, 84]] });
  assert.equal(led.text.indexOf("pump"), 16);
  assert.deepEqual(led.ranges, [[16, 20]]);
  assert.ok(led.cutStart && led.cutEnd);
  assert.deepEqual(ledIn({ text: "a pump", ranges: [[2, 6]] }), {
    text: "a pump", ranges: [[2, 6]], cutStart: false, cutEnd: false,
  });
});

test("what is held is searched newest first, without what was recalled", () => {
  const entry = (seq, text, more = {}) => ({ op: "message", conv: "g:1", seq, from: 1, time: seq, text, ...more });
  const log = [entry(1, "pump"), entry(2, "", { recalled: true }), entry(3, "Pump 2"), { op: "event", seq: 4, kind: "left" }];
  assert.deepEqual(heldHits([log], ["pump"], 9).map(({ seq }) => seq), [3, 1]);
  assert.deepEqual(heldHits([log], ["pump"], 1).map(({ seq }) => seq), [3]);
});
