// What the pages about trust gain with script: they notice that this device trusts the server, and
// lead on by themselves where there is nothing to choose.

/** So often it is tried again after the person comes back to the page, in ms. */
const PAUSE_MS = 3_000;

const link = document.querySelector("#secure[data-secure]");
let last = -Infinity;

// What stands behind # is for the page that one is led to, and no server has it (pages/link.js).
if (link) {
  link.href += location.hash;
  link.dataset.secure += location.hash;
}
for (const form of document.querySelectorAll("form.stay")) form.action += location.hash;

/** Whether the secure address answers; with a certificate that isn't trusted it does not. */
async function isTrusted() {
  const url = new URL("/healthz", link.dataset.secure);
  try {
    await fetch(url, { mode: "no-cors", credentials: "omit", cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}

async function look() {
  if (document.visibilityState !== "visible" || performance.now() - last < PAUSE_MS) return;
  last = performance.now();
  if (!(await isTrusted())) return;
  if ("only" in link.dataset) {
    location.replace(link.dataset.secure);
    return;
  }
  link.href = link.dataset.secure;
  link.classList.replace("line", "primary");
  document.querySelector("#unknown")?.setAttribute("hidden", "");
  document.querySelector("#known")?.removeAttribute("hidden");
  document.removeEventListener("visibilitychange", look);
  removeEventListener("focus", look);
}

if (link) {
  document.addEventListener("visibilitychange", look);
  addEventListener("focus", look);
  look();
}
