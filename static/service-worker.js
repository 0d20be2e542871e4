/**
 * Lets the page open without its server, and shows notifications.
 *
 * The node puts VERSION, FILES and START before this text: the version of the page's files, their names, and
 * the address of the page. A page and its files always come from one version: the kept page is one
 * whose files this worker holds. With a network the page is always the server's. A new worker takes over
 * at once; the files of the version before stay while a page may still be running on them.
 */
/* global VERSION, FILES, START */

const VERSIONED = "/static/v-";
const BASE = `${VERSIONED}${VERSION}/`;
const FILE_CACHE = `im-files-${VERSION}`;
const PAGE_CACHE = `im-page-${VERSION}`;
/** A server that says nothing for this long is as good as none, if a page is kept; in ms. */
const PATIENCE_MS = 5_000;
/** What a proxy says when there is no server behind it. */
const AWAY = [502, 503, 504];
/** Ways to the page that are open without a server. */
const ENTRANCES = ["/", "/index"];

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith(VERSIONED)) event.respondWith(file(request, pathname));
  else if (request.mode !== "navigate") return;
  else if (pathname === START) event.respondWith(page(event));
  else if (ENTRANCES.includes(pathname)) event.respondWith(entrance(request));
});
addEventListener("message", (event) => {
  const { data } = event;
  if (data.type === "begun" && data.version === VERSION) event.waitUntil(tidy());
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});

async function install() {
  const cache = await caches.open(FILE_CACHE);
  await cache.addAll(FILES.map((name) => BASE + name));
  const response = await fetch(START, { redirect: "manual" });
  if (response.ok) await keep(response);
  await skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith("im-page-") && name !== PAGE_CACHE) await caches.delete(name);
  }
  await clients.claim();
  if (!(await clients.matchAll({ type: "window" })).length) await tidy();
}

/** Forget the files of other versions, unless another page is open that may run on them. */
async function tidy() {
  if ((await clients.matchAll({ type: "window" })).length > 1) return;
  for (const name of await caches.keys()) {
    if (name.startsWith("im-files-") && name !== FILE_CACHE) await caches.delete(name);
  }
}

async function file(request, pathname) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200 && pathname.startsWith(BASE)) {
    await (await caches.open(FILE_CACHE)).put(request, response.clone());
  }
  return response;
}

/** The server's page; the kept one only when the server cannot be reached. */
async function page(event) {
  const kept = await (await caches.open(PAGE_CACHE)).match(START);
  try {
    const response = await inTime(fetch(event.request), kept ? PATIENCE_MS : null);
    if (kept && AWAY.includes(response.status)) return kept;
    // Sent on to the log-in: whoever the kept page was of is not logged in any more.
    if (response.type === "opaqueredirect") event.waitUntil(caches.delete(PAGE_CACHE));
    else if (response.ok) event.waitUntil(keep(response.clone()));
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function entrance(request) {
  try {
    return await fetch(request);
  } catch (error) {
    if (await caches.match(START)) return Response.redirect(START);
    throw error;
  }
}

/** Keep a page, if it is of this version. */
async function keep(response) {
  const { headers } = response;
  const text = await response.text();
  if (!text.includes(BASE)) return;
  await (await caches.open(PAGE_CACHE)).put(START, new Response(text, { headers }));
}

function inTime(promise, ms) {
  if (ms === null) return promise;
  return Promise.race([promise, new Promise((_, reject) => setTimeout(reject, ms, new Error("no answer")))]);
}

/** Bring the page to the front, at the place of which the notification told. */
async function open({ conv }) {
  const windows = await clients.matchAll({ type: "window" });
  const found = windows.find(({ url }) => new URL(url).pathname === START);
  if (!found) {
    await clients.openWindow(`${START}#/chats/${conv}`);
    return;
  }
  found.postMessage({ type: "open", conv });
  await found.focus().catch(() => {});
}
