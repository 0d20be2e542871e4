import assert from "node:assert/strict";
import { test } from "node:test";
import { Groups } from "../../static/app/client/groups.js";

/** Groups of a page on which 2 and 3 are seen as online; the node counts `counted`. */
function createGroups(size, counted) {
  const shown = Math.min(size, 100);
  const members = Array.from({ length: shown }, (_, index) => ({ user: { id: index + 1 }, role: "member" }));
  const people = { me: { id: 1 }, learn() {}, isOnline: (id) => id === 2 || id === 3 };
  return new Groups({ api: { get: async () => ({ members, online: counted }) }, people });
}

test("of a group whose members are all watched those online are the ones one sees", async () => {
  const groups = createGroups(100, 40);
  await groups.loadMembers(7);
  assert.equal(groups.online({ id: 7, members: 100 }), 3);
});

test("of a larger group as many are online as the node counted", async () => {
  const groups = createGroups(300, 250);
  await groups.loadMembers(7);
  assert.equal(groups.online({ id: 7, members: 300 }), 250);
});

test("before the members are known nobody is counted", () => {
  assert.equal(createGroups(3, 3).online({ id: 7, members: 3 }), 0);
});
