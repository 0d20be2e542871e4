import { wipeDatabase } from "./database.js";
import { createStorage } from "./storage.js";

/** The page that the service worker keeps is of one account. */
export async function forgetPage() {
  for (const name of (await window.caches?.keys()) ?? []) {
    if (name.startsWith("im-page-")) await caches.delete(name);
  }
}

/** What the system shows of messages, and how many are unread, is of the account whose session ends. */
export async function forgetNotices() {
  navigator.clearAppBadge?.().catch(() => {});
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const notification of (await registration?.getNotifications()) ?? []) notification.close();
}

/** Nothing of an account stays in this browser. */
export async function forgetAccount(userId) {
  createStorage(window.localStorage, userId).clear();
  await Promise.allSettled([forgetPage(), forgetNotices(), wipeDatabase(userId)]);
}
