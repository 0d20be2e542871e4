import assert from "node:assert/strict";
import { test } from "node:test";
import { LogWindow, MAX_SHOWN, OPENED } from "../../static/app/core/window.js";

const entries = (count) => Array.from({ length: count }, (_, index) => ({ seq: index + 1 }));

test("10,000 messages open with the last few", () => {
  const window = new LogWindow();
  assert.deepEqual(window.slice(entries(10_000), { stuck: true }), [10_000 - OPENED, 10_000]);
});

test("never more than the limit is shown, whichever way one scrolls", () => {
  const all = entries(10_000);
  const window = new LogWindow();
  let shown;
  for (let step = 0; step < 2_000; step += 1) {
    if (step % 7 < 5) window.up(all);
    else window.down(all, { atEnd: true });
    shown = window.slice(all, { stuck: false });
    assert.ok(shown[1] - shown[0] <= MAX_SHOWN);
  }
  assert.ok(shown[0] < 5_000);
});

test("scrolling back reaches the first message and then the last again", () => {
  const all = entries(1_000);
  const window = new LogWindow();
  while (window.up(all)) assert.ok(true);
  assert.equal(window.slice(all, { stuck: false })[0], 0);
  while (!window.following) window.down(all, { atEnd: true });
  assert.equal(window.slice(all, { stuck: true })[1], 1_000);
});

test("what is being read stays while new messages come", () => {
  const window = new LogWindow();
  window.slice(entries(300), { stuck: true });
  window.up(entries(300));
  const [start] = window.slice(entries(300), { stuck: false });
  const later = window.slice(entries(900), { stuck: false });
  assert.equal(later[0], start);
  assert.ok(later[1] - later[0] <= MAX_SHOWN);
});

test("at the end the far side goes as new ones come", () => {
  const window = new LogWindow();
  for (let count = 100; count < 1_000; count += 37) {
    const [start, end] = window.slice(entries(count), { stuck: true });
    assert.equal(end, count);
    assert.ok(end - start <= MAX_SHOWN);
  }
});

test("a jump shows what is around the message", () => {
  const all = entries(5_000);
  const window = new LogWindow();
  window.around(all, 2_000, { atEnd: true });
  const [start, end] = window.slice(all, { stuck: false });
  assert.ok(start < 1_999 && end > 2_000);
  assert.equal(window.following, false);
});
