import { deleteDB, openDB } from "../../vendor/idb.js";
import { again } from "../core/again.js";

const VERSION = 2;

/** Tables and their keys, in the order of the versions that brought them. */
const TABLES = [
  [["outbox", "key"], ["drafts", "conv"]],
  [["lists", "name"], ["logs", "conv"]],
];

/**
 * What this browser keeps for one account: the outbox, the drafts, and what was last seen of lists and
 * conversations. Answers a table for each and `{lasting, close, forget}`; `forget` leaves only what one wrote
 * oneself. Where the browser keeps nothing (some private windows), all live in memory only: not `lasting`.
 */
export async function openDatabase(userId) {
  try {
    const database = await openDB(databaseName(userId), VERSION, {
      upgrade(db, before) {
        for (const [name, keyPath] of TABLES.slice(before).flat()) db.createObjectStore(name, { keyPath });
      },
      blocking: () => database.close(),
    });
    return {
      ...each((name) => table(database, name)),
      lasting: true,
      close: () => database.close(),
      forget: () => Promise.all([database.clear("lists"), database.clear("logs")]),
    };
  } catch {
    const { memoryTable } = await again(() => import("./memory-table.js"));
    return { ...each((_, key) => memoryTable(key)), lasting: false, close: () => {}, forget: async () => {} };
  }
}

/** Forget everything of an account: on logging out. */
export function wipeDatabase(userId) {
  return deleteDB(databaseName(userId)).catch(() => {});
}

function each(make) {
  return Object.fromEntries(TABLES.flat().map(([name, key]) => [name, make(name, key)]));
}

function databaseName(userId) {
  return `im-${userId}`;
}

function table(database, name) {
  return {
    all: () => database.getAll(name),
    put: (item) => database.put(name, item),
    remove: (key) => database.delete(name, key),
  };
}
