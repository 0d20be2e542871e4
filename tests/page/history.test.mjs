import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../static/app/client/history.js";

const CONV = "p:1:2";
const message = (seq) => ({ op: "message", conv: CONV, seq, ordinal: seq, from: 2, time: seq, text: `${seq}` });

/** A history of which each page is answered by hand. */
function history() {
  const asked = [];
  const request = () => new Promise((resolve) => asked.push((...seqs) => resolve({
    entries: seqs.map(message), first: 1, last: 2, more: false,
  })));
  const nothing = () => {};
  const people = { me: { id: 1 }, learn: nothing };
  return { asked, history: new History({ request, people, onPage: nothing, onLost: nothing, onChange: nothing }) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what changed while a page was on its way is asked for again", async () => {
  const { asked, history: held } = history();
  const opened = held.load(CONV);
  asked[0](1, 2);
  await opened;
  const hidden = held.refresh(CONV);
  await turn();
  const shown = held.refresh(CONV);
  await turn();
  assert.equal(asked.length, 2);
  asked[1](2);
  await hidden;
  await turn();
  assert.equal(asked.length, 3);
  asked[2](1, 2);
  await shown;
  assert.deepEqual(held.log(CONV).log.entries.map(({ seq }) => seq), [1, 2]);
});
