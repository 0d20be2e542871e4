import { useEffect } from "../../../vendor/preact.js";

const PRESS_MS = 450;
/** A finger that moves further than this is scrolling, in CSS pixels. */
const SLACK_PX = 10;

/** Call `open(event)` when a finger rests on the element. Where the browser opens a context menu by
 * itself it does the same through `contextmenu`, which cancels this. */
export function useLongPress(ref, open) {
  useEffect(() => {
    const element = ref.current;
    if (!element || !open) return undefined;
    let timer = null;
    let start = null;
    const stop = () => clearTimeout(timer);
    const onStart = (event) => {
      if (event.touches.length !== 1 || event.target.closest("a, button")) return;
      start = { x: event.touches[0].clientX, y: event.touches[0].clientY };
      timer = setTimeout(() => open(event, element), PRESS_MS);
    };
    const onMove = (event) => {
      const { clientX, clientY } = event.touches[0];
      if (Math.hypot(clientX - start.x, clientY - start.y) > SLACK_PX) stop();
    };
    element.addEventListener("touchstart", onStart, { passive: true });
    element.addEventListener("touchmove", onMove, { passive: true });
    element.addEventListener("touchend", stop);
    element.addEventListener("touchcancel", stop);
    element.addEventListener("contextmenu", stop);
    return () => {
      stop();
      element.removeEventListener("touchstart", onStart);
      element.removeEventListener("touchmove", onMove);
      element.removeEventListener("touchend", stop);
      element.removeEventListener("touchcancel", stop);
      element.removeEventListener("contextmenu", stop);
    };
  });
}
