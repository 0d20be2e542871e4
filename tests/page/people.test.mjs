import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_WATCH, People } from "../../static/app/client/people.js";

const ME = 1;
const range = (from, count) => Array.from({ length: count }, (_, index) => from + index);

/** People, and the lists of those whose presence was asked for. */
function createPeople() {
  const asked = [];
  const request = async ({ users }) => {
    asked.push(users);
    return { presence: users.map((user) => ({ user, online: true })) };
  };
  return { people: new People({ api: null, me: { id: ME }, request }), asked };
}

test("whoever is on the screen is asked for, however many one knows", async () => {
  const { people, asked } = createPeople();
  await people.watch([9001, 9002], range(2, MAX_WATCH + 50));
  assert.equal(asked[0].length, MAX_WATCH);
  assert.ok(people.isOnline(9001) && people.isOnline(9002));
  assert.ok(people.isOnline(2), "the first of the list too");
});

test("a large group on the screen leaves room for the list beside it", async () => {
  const { people } = createPeople();
  await people.watch(range(9001, 500), range(2, 90));
  assert.ok(range(2, 90).every((id) => people.isOnline(id)));
  assert.ok(range(9001, MAX_WATCH - 90).every((id) => people.isOnline(id)));
});

test("nobody is asked for twice, nor oneself, nor anew when only the order is another", async () => {
  const { people, asked } = createPeople();
  await people.watch([3, ME], [2, 3, ME]);
  await people.watch([2], [2, 3]);
  assert.deepEqual(asked, [[3, 2]]);
  await people.watch([4], [2, 3]);
  assert.deepEqual(asked[1], [4, 2, 3]);
});

test("whose account was deleted is not here, even where the node still waits for their return", async () => {
  const { people } = createPeople();
  await people.watch([3], [2]);
  people.learn([{ id: 3, name: "", deleted: true }]);
  assert.equal(people.standing(3), "");
  assert.equal(people.standing(2), "online");
});
