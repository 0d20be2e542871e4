import assert from "node:assert/strict";
import { test } from "node:test";
import { createRouter } from "../../static/app/ui/router.js";

const at = (hash) => createRouter({ location: { hash }, history: {}, addEventListener() {} }).place.value;

test("an address leads to a place, and a broken one to the list", () => {
  assert.deepEqual(at("#/chats/p:1:2/17"), { area: "chats", id: "p:1:2", details: false, at: 17 });
  assert.deepEqual(at("#/chats/g%3A7/details"), { area: "chats", id: "g:7", details: true, at: null });
  const list = { area: "chats", id: null, details: false, at: null };
  for (const broken of ["", "#/nowhere/1", "#/chats/%E0%A4%A", "#/chats/%"]) assert.deepEqual(at(broken), list);
});
