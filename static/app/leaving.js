import { wipeDatabase } from "./data/database.js";

/** The page that the service worker keeps is of this account. */
async function forgetPage() {
  for (const name of (await window.caches?.keys()) ?? []) {
    if (name.startsWith("im-page-")) await caches.delete(name);
  }
}

/** The session is over: what others said is not kept here; what was written and not sent is. */
export async function leave({ database }) {
  await Promise.allSettled([forgetPage(), database.forget()]);
  location.assign(`/?next=${encodeURIComponent("/toChat")}`);
}

/** The node has other logs than those known here: what one wrote stays, all else is fetched anew. */
export async function beginAnew({ client, database }) {
  await Promise.allSettled([forgetPage(), database.forget()]);
  client.drafts.leave();
  client.marks.forget();
  // Nothing of what this page still holds is written down when it goes.
  database.close();
  location.reload();
}

/** The session was ended by oneself: nothing of the account stays in this browser. */
export async function wipe({ client, tabs, database, storage }) {
  tabs.say({ type: "logout" });
  await forgetPage();
  client.connection.close();
  database.close();
  await wipeDatabase(client.me.id);
  storage.clear();
  location.assign("/");
}
