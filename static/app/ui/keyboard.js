import { later } from "./idle.js";
import { isComposing } from "./input-method.js";
import { lazy } from "./lazy.js";

export const Palette = lazy(() => import("./palette/palette.js"), "Palette", ["search"]);
const focusKeeper = later(() => import("./focus-keeper.js"));
const KeyHelp = lazy(() => import("./palette/help.js"), "KeyHelp");

/** Keys that work everywhere in the page. Those of the input method are left to it. */
export function listenForKeys({ client, router, layers }) {
  focusKeeper().then(({ keepFocus }) => keepFocus(), () => {});
  addEventListener("keydown", (event) => {
    if (isComposing(event) || event.defaultPrevented) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.altKey && event.key.toLowerCase() === "k") layers.open(Palette);
    else if (command && event.key === "/") layers.open(KeyHelp);
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      step(client, router, event.key === "ArrowUp" ? -1 : 1);
    } else if (event.key === "F6") region(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape" && router.place.value.details && !layers.dialog.value) router.back();
    else return;
    event.preventDefault();
  });
}

function step(client, router, by) {
  const list = client.conversations.listed.value;
  if (!list.length) return;
  const current = list.findIndex((summary) => summary.conv === router.place.value.id);
  const next = current < 0 ? (by > 0 ? 0 : list.length - 1) : current + by;
  if (list[next]) router.go("chats", list[next].conv, { replace: current >= 0 });
}

/** Next region: rail, list, main, details, and what offers to undo. */
function region(by) {
  const regions = [...document.querySelectorAll("[data-region]")].filter((element) => element.getClientRects().length);
  const current = regions.findIndex((element) => element.contains(document.activeElement));
  const next = regions[(current + by + regions.length) % regions.length];
  const inside = [...(next?.querySelectorAll("textarea, [tabindex='0'], a[href], button, input") ?? [])]
    .filter((element) => element.offsetParent !== null);
  (inside.find((element) => element.matches("textarea")) ?? inside[0] ?? next)?.focus();
}
