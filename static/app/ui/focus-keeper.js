/** What may have the focus. */
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
/** What lies above the page for a while. */
const LAYERS = "dialog, .menu-layer, .toast";

/**
 * Who works with the keys keeps their place: when what has the focus goes (a row that was dealt with, a button that has
 * done its work, a screen that gave way to another), the focus goes to what came in its place, else to what stood after
 * or before it, else to what all of them are part of. After a pointer nothing is done, since a finger that opened no
 * field wants no keyboard on its screen.
 */
export function keepFocus() {
  let keys = false;
  let looking = false;
  /** Where the focus was last: at all, and outside of what lies above the page. */
  let last = null;
  let below = null;
  const lost = () => keys && last && (document.activeElement ?? document.body) === document.body;
  const look = () => {
    looking = false;
    if (!lost()) return;
    if (last.element.isConnected && last.element.matches(":disabled")) return;
    const place = last.layer?.isConnected === false ? below : last;
    (place && successor(place))?.focus();
  };
  addEventListener("keydown", () => (keys = true), true);
  addEventListener("pointerdown", () => (keys = false), true);
  addEventListener("focusin", ({ target }) => {
    last = placeOf(target);
    if (!last.layer) below = last;
  });
  new MutationObserver(() => {
    if (looking || !lost()) return;
    looking = true;
    // A layer that closes gives the focus back by itself, a frame later.
    requestAnimationFrame(() => requestAnimationFrame(look));
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "hidden"] });
}

/** An element, and for it and all that it is part of what stands beside: it may be gone when that is asked for. */
function placeOf(element) {
  const levels = [];
  for (let node = element; node && node !== document.body; node = node.parentElement) {
    levels.push({ node, next: node.nextElementSibling, previous: node.previousElementSibling });
  }
  return { element, levels, layer: element.closest(LAYERS) };
}

function successor({ element, levels }) {
  if (canHave(element)) return element;
  const at = levels.findIndex(({ node }) => node.isConnected);
  if (at > 0) {
    const { node: gone, next, previous } = levels[at - 1];
    const parent = levels[at].node;
    const instead = next?.parentNode === parent ? next.previousElementSibling : parent.lastElementChild;
    // It may have gone before what it was part of.
    const index = Math.max(0, within(gone).indexOf(element));
    const found = [instead === previous ? null : instead, next, previous]
      .filter((beside) => beside?.parentNode === parent)
      .map((beside) => within(beside).filter(canHave))
      .flatMap((all) => all[Math.min(index, all.length - 1)] ?? []);
    // Rather to another of its kind before it than to something else after it.
    if (found.length) return found.find((one) => one.className === element.className) ?? found[0];
  }
  for (const { node } of levels.slice(Math.max(1, at))) {
    // Not the link that skips all of it, which would cover what it leads past.
    const found = within(node).find((one) => one.tabIndex >= 0 && canHave(one) && !one.matches(".skip"));
    if (found) return found;
  }
  return null;
}

const within = (node) => [node, ...node.querySelectorAll(FOCUSABLE)].filter((one) => one.matches(FOCUSABLE));

const canHave = (element) => element.isConnected && !element.matches(":disabled") && element.getClientRects().length > 0;
