import assert from "node:assert/strict";
import { test } from "node:test";
import { BARS, waveform } from "../../static/app/core/waveform.js";

test("a waveform has the same bars for any recording, the loudest of them full", () => {
  for (const count of [0, 1, 7, 42, 1200]) {
    const bars = waveform(Array.from({ length: count }, (_, index) => (index + 1) / (2 * count)));
    assert.equal(bars.length, BARS);
    assert.ok(bars.every((bar) => Number.isInteger(bar) && bar >= 0 && bar <= 100));
    if (count) assert.equal(Math.max(...bars), 100);
  }
});

test("silence stays flat", () => {
  assert.deepEqual(new Set(waveform(new Array(100).fill(0))), new Set([0]));
});

test("a short sound among silence is not averaged away", () => {
  const levels = new Array(1200).fill(0);
  levels[600] = 0.8;
  assert.equal(Math.max(...waveform(levels)), 100);
});
