import { deleteDB, openDB } from "../../vendor/idb.js";
import { memoryTable } from "./memory-table.js";

const VERSION = 1;

/**
 * What this browser keeps for one account: the outbox and the drafts. Answers `{outbox, drafts,
 * close}`. Where the browser keeps nothing (some private windows), both live in memory only.
 */
export async function openDatabase(userId) {
  try {
    const database = await openDB(databaseName(userId), VERSION, {
      upgrade(db) {
        db.createObjectStore("outbox", { keyPath: "key" });
        db.createObjectStore("drafts", { keyPath: "conv" });
      },
      blocking: () => database.close(),
    });
    return {
      outbox: table(database, "outbox"),
      drafts: table(database, "drafts"),
      close: () => database.close(),
    };
  } catch {
    return { outbox: memoryTable("key"), drafts: memoryTable("conv"), close: () => {} };
  }
}

/** Forget everything of an account: on logging out. */
export function wipeDatabase(userId) {
  return deleteDB(databaseName(userId)).catch(() => {});
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
