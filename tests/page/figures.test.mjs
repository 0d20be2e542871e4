import assert from "node:assert/strict";
import test from "node:test";
import { merged, summed } from "../../static/app/core/node-figures.js";

const series = (...points) => points.map(([at, people]) => ({ at, figures: { people } }));

test("nodes that beat at different moments are added up, each with what it said last", () => {
  const nodes = [
    { name: "a", series: series([5_000, 1], [10_000, 2], [15_000, 3]) },
    { name: "b", series: series([7_000, 10], [12_000, 20]) },
  ];
  assert.deepEqual(summed(nodes, "people", 60), [1, 12, 23]);
  assert.deepEqual(summed(nodes, "people", 2), [12, 23]);
});

test("a node that is silent counts no more", () => {
  const nodes = [
    { name: "a", series: series([5_000, 1], [10_000, 1], [15_000, 1], [20_000, 1]) },
    { name: "b", series: series([5_000, 10]) },
  ];
  assert.deepEqual(summed(nodes, "people", 4), [11, 11, 11, 1]);
});

test("without nodes there is nothing to add up", () => {
  assert.deepEqual(summed([], "people", 4), []);
  assert.deepEqual(summed([{ name: "a", series: [] }], "people", 4), []);
});

test("a node that is told no more stays as gone, from the moment it was missed", () => {
  const [one, two] = [
    { name: "a", alive: true, heartbeat_at: 1 },
    { name: "b", alive: true, heartbeat_at: 1 },
  ];
  const after = merged([one, two], [two], 9);
  assert.deepEqual(after, [{ name: "a", alive: false, heartbeat_at: 9 }, two]);
  assert.deepEqual(merged(after, [two], 14)[0], after[0]);
  assert.deepEqual(merged(after, [one, two], 14), [one, two]);
});
