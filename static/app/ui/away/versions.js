import { effect } from "../../../vendor/preact.js";

/** The version of the files that this page runs on. */
const OWN = /\/static\/v-([0-9a-f]+)\//.exec(import.meta.url)?.[1];
const WORKER = "/service-worker.js";
/** Pages that come back at the same time ask within this time, in ms. */
const SPREAD_MS = 5_000;
/** A worker that waits is asked to take over after this time, then after twice as much, up to the other; in ms. */
const FIRST_ASK_MS = 1_000;
const LAST_ASK_MS = 256_000;

/** Registers the service worker, and looks after each reconnection whether the page is out of date. */
export async function watchVersions({ client, newer }) {
  const registration = await register();
  let known = false;
  effect(() => {
    if (client.link.value.name !== "online") return;
    // The first time the page has just come from the node itself.
    if (known) setTimeout(() => look(registration, newer), Math.random() * SPREAD_MS);
    known = true;
  });
}

async function look(registration, newer) {
  try {
    const answer = await fetch(WORKER, { method: "HEAD", cache: "no-cache" });
    const version = /[0-9a-f]{12}/.exec(answer.headers.get("Etag") ?? "")?.[0];
    newer.value = answer.ok && version !== undefined && version !== OWN;
    if (newer.value) await registration?.update();
  } catch {
    // No answer; the next reconnection asks again.
  }
}

/** Only secure addresses have service workers, and some private windows have none. */
async function register() {
  if (!navigator.serviceWorker) return null;
  try {
    const registration = await navigator.serviceWorker.register(trusted(WORKER), { updateViaCache: "none" });
    const begun = () => registration.active?.postMessage({ type: "begun", version: OWN });
    navigator.serviceWorker.addEventListener("controllerchange", begun);
    begun();
    registration.addEventListener("updatefound", () => {
      registration.installing.addEventListener("statechange", () => handOver(registration), { once: true });
    });
    handOver(registration);
    return registration;
  } catch {
    return null;
  }
}

/**
 * Asks a worker that waits to take over, until it does. It has asked for that itself, and browsers grant it once the
 * worker before it has nothing to do. But Chromium, which ends that one in haste, forgets the haste when a page asks it
 * for something just then and starts it anew (`ServiceWorkerVersion::StartWorkerInternal`): it then stays for 30 s
 * after it was last asked for anything, at most 5 min, and without a server opens the page of the old version.
 */
async function handOver(registration) {
  for (let pause = FIRST_ASK_MS; registration.waiting && pause <= LAST_ASK_MS; pause *= 2) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    registration.waiting?.postMessage({ type: "take over" });
  }
}

/** The one address of a script that this page makes from a string (W3C Trusted Types). */
function trusted(address) {
  const policy = window.trustedTypes?.createPolicy("service-worker", {
    createScriptURL(url) {
      if (url !== WORKER) throw new TypeError(url);
      return url;
    },
  });
  return policy ? policy.createScriptURL(address) : address;
}
