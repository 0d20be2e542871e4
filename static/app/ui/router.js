import { signal } from "../../vendor/preact.js";

const AREAS = new Set(["chats", "contacts", "groups", "settings", "admin"]);

/** State of the entries of the browser's history that were reached from within the page. */
const INSIDE = { inside: true };

/**
 * Where in the page one is: `#/chats/p:1:2/details` is `{area, id, details}`, `#/chats/p:1:2/17` leads to
 * message 17 (`at`). Each place is an entry of the browser's history, so Back leads from a chat to the
 * list.
 */
export function createRouter(window) {
  const place = signal(read(window.location.hash));
  window.addEventListener("hashchange", () => {
    // A link was followed: the entry before this one is a place of ours too.
    if (!window.history.state) window.history.replaceState(INSIDE, "");
    place.value = read(window.location.hash);
  });
  return {
    place,
    href: pathOf,
    go(area, id = null, { details = false, at = null, replace = false } = {}) {
      const path = pathOf(area, id, details, at);
      if (path === window.location.hash) return;
      if (replace) window.history.replaceState(window.history.state, "", path);
      else window.history.pushState(INSIDE, "", path);
      place.value = read(path);
    },
    /** To where one came from; from a place that was opened by itself, to what it is part of. */
    back(area) {
      const { id, details } = place.value;
      if (window.history.state) window.history.back();
      else if (details) this.go(place.value.area, id, { replace: true });
      else this.go(area ?? place.value.area, null, { replace: true });
    },
  };
}

function read(hash) {
  const [area, id, extra] = hash.replace(/^#\/?/, "").split("/");
  if (!AREAS.has(area)) return { area: "chats", id: null, details: false, at: null };
  const at = area === "chats" && /^[1-9]\d{0,15}$/.test(extra) ? Number(extra) : null;
  return { area, id: decoded(id), details: extra === "details", at };
}

/** The name in an address; none where somebody has broken it. */
function decoded(id) {
  try {
    return id ? decodeURIComponent(id) : null;
  } catch {
    return null;
  }
}

function pathOf(area, id = null, details = false, at = null) {
  if (!id) return `#/${area}`;
  return `#/${area}/${encodeURIComponent(id).replaceAll("%3A", ":")}${details ? "/details" : at ? `/${at}` : ""}`;
}
