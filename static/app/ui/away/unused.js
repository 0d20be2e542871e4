/** A page that nobody touched for this long lies unused, in ms. */
export const UNUSED_MS = 5 * 60_000;
/** The node takes no more. */
const MAX_IDLE_MS = 24 * 3_600_000;
/** What shows that someone uses a page. That it is hidden says nothing: they come back to it. */
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"];

/** Tells the node when nobody uses this page, and when someone does again. */
export function watchUse({ client, clock, target = window, page = document }) {
  let last = clock.now();
  let told = false;
  const tell = () => {
    const idle = told ? Math.min(clock.now() - last, MAX_IDLE_MS) : 0;
    // Without an answer the next connection says it.
    client.connection.request({ op: "away", away: told, idle_ms: idle }).catch(() => {});
  };
  const look = () => {
    const left = last + UNUSED_MS - clock.now();
    if (left > 0) {
      clock.setTimeout(look, left);
      return;
    }
    told = true;
    tell();
  };
  const used = () => {
    last = clock.now();
    if (!told) return;
    told = false;
    tell();
    clock.setTimeout(look, UNUSED_MS);
  };
  for (const sign of SIGNS) target.addEventListener(sign, used, { passive: true, capture: true });
  page.addEventListener("visibilitychange", () => page.visibilityState === "visible" && used());
  // A new connection counts as used until it says otherwise.
  client.link.subscribe((link) => link.name === "online" && told && tell());
  clock.setTimeout(look, UNUSED_MS);
}
