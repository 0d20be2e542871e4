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
/** An installation that takes longer has failed, and is begun anew at the next occasion; in ms. */
const INSTALL_MS = 120_000;
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
  if (pathname.startsWith(VERSIONED)) event.respondWith(file(event, pathname));
  else if (request.mode !== "navigate") return;
  else if (pathname === START) event.respondWith(page(event));
  else if (ENTRANCES.includes(pathname)) event.respondWith(entrance(event));
});
addEventListener("message", (event) => {
  const { data } = event;
  if (data.type === "begun" && data.version === VERSION) event.waitUntil(tidy());
  if (data.type === "take over") event.waitUntil(skipWaiting());
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});

async function install() {
  const signal = AbortSignal.timeout(INSTALL_MS);
  const cache = await caches.open(FILE_CACHE);
  await cache.addAll(FILES.map((name) => new Request(BASE + name, { signal })));
  const response = await fetch(START, { redirect: "manual", signal });
  if (response.ok) await keep(response);
  await skipWaiting();
}

async function activate() {
  await forget("im-page-", PAGE_CACHE);
  await clients.claim();
  if (!(await clients.matchAll({ type: "window" })).length) await tidy();
}

/**
 * Forget the files of other versions, unless another page is open that may run on them, or a newer worker
 * has come, whose files they may be.
 */
async function tidy() {
  if ((await clients.matchAll({ type: "window" })).length > 1) return;
  if (registration.installing || registration.waiting) return;
  await forget("im-files-", FILE_CACHE);
}

async function forget(kind, except) {
  for (const name of await caches.keys()) {
    if (name.startsWith(kind) && name !== except) await caches.delete(name);
  }
}

async function file(event, pathname) {
  const { request } = event;
  const kept = await found(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200 && pathname.startsWith(BASE)) {
    const copy = response.clone();
    behind(event, async () => (await caches.open(FILE_CACHE)).put(request, copy));
  }
  return response;
}

/** The server's page; the kept one only when the server cannot be reached. */
function page(event) {
  return answer(event, (kept) => kept, (response) => {
    // Sent on to the log-in: whoever the kept page was of is not logged in any more.
    if (response.type === "opaqueredirect") event.waitUntil(forget("im-page-"));
    else if (response.ok) {
      const copy = response.clone();
      behind(event, () => keep(copy));
    }
  });
}

function entrance(event) {
  return answer(event, () => Response.redirect(START), () => {});
}

/** The server's answer, once `seen` has had a look; `instead` of it, if there is none and a page is kept. */
async function answer({ request }, instead, seen) {
  const kept = await found(START, { cacheName: PAGE_CACHE });
  try {
    const response = await (kept ? inTime(fetch(request)) : fetch(request));
    if (kept && AWAY.includes(response.status)) return instead(kept);
    seen(response);
    return response;
  } catch (error) {
    if (kept) return instead(kept);
    throw error;
  }
}

/** What is kept; nothing when the browser's storage fails, which is no reason to answer nothing. */
function found(request, options) {
  return caches.match(request, options).catch(() => undefined);
}

/** Keep a page, if it is of this version. */
async function keep(response) {
  const { headers } = response;
  const text = await response.text();
  if (!text.includes(BASE)) return;
  await (await caches.open(PAGE_CACHE)).put(START, new Response(text, { headers }));
}

/**
 * Goes on behind an answer. It may fail, as on a full disk, and holds the worker for some time only, also when
 * a body stops coming: the next worker waits until this one has nothing to do.
 */
function behind(event, work) {
  event.waitUntil(inTime(work()).catch(() => {}));
}

function inTime(promise) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(reject, PATIENCE_MS, new Error("no answer")))]);
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
