import { forgetAccount, forgetNotices, forgetPage } from "./data/forgetting.js";

/**
 * The session is over: what others said is not kept here; what was written and not sent is. The log-in page
 * forgets that too where the account was deleted.
 */
export async function leave({ database }) {
  await Promise.allSettled([forgetPage(), forgetNotices(), database.forget()]);
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
export async function wipe({ client, tabs, database }) {
  tabs.say({ type: "logout" });
  client.connection.close();
  database.close();
  await forgetAccount(client.me.id);
  location.assign("/");
}
