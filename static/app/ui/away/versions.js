import { effect } from "../../../vendor/preact.js";

/** The version of the files that this page runs on. */
const OWN = /\/static\/v-([0-9a-f]+)\//.exec(import.meta.url)?.[1];
const WORKER = "/service-worker.js";
/** Pages that come back at the same time ask within this time, in ms. */
const SPREAD_MS = 5_000;

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
    return registration;
  } catch {
    return null;
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
