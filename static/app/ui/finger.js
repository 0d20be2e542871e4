import { useEffect, useRef } from "../../vendor/preact.js";
import { listen } from "./listen.js";

const PRESS_MS = 450;
/** A finger that moves further than this no longer rests, in CSS pixels, as all below. */
const SLACK_PX = 10;
/** So far to the side a message is drawn to be replied to, and so far it follows the finger. */
const REPLY_PX = 56;
const MOST_PX = 76;
/** What begins so close to the edge is the system's own way back. */
const EDGE_PX = 24;

/**
 * What a finger does on an element: it rests on it (`press(event)`; on its links and buttons only with `links`), or
 * draws it to the right and lets go (`swipe()`); either may be null. `acts.current` has these. A finger that scrolls,
 * a second one, and one that the system takes away do nothing. Where the browser opens a context menu by itself it does
 * the same as a press through `contextmenu`, which cancels this. Answers how to end it.
 */
export function followFinger(element, acts) {
  let start = null;
  let drawn = 0;
  let pressed = false;
  const draw = (px) => {
    if (px === drawn) return;
    drawn = px;
    element.style.translate = px ? `${px}px` : "";
    element.classList.toggle("drawn", px >= REPLY_PX);
  };
  const stop = () => {
    clearTimeout(start?.timer);
    start = null;
    draw(0);
  };
  const press = (event) => {
    stop();
    pressed = true;
    acts.current.press(event);
  };
  const onStart = (event) => {
    stop();
    pressed = false;
    const [{ clientX: x, clientY: y }, second] = event.touches;
    if (second || event.target.closest("input")) return;
    const resting = acts.current.press && (acts.current.links || !event.target.closest("a, button"));
    const timer = resting && setTimeout(press, PRESS_MS, event);
    start = { x, y, timer, aside: false };
  };
  const onMove = ({ touches: [{ clientX, clientY }] }) => {
    if (!start) return;
    const [across, down] = [clientX - start.x, clientY - start.y];
    if (!start.aside && Math.hypot(across, down) <= SLACK_PX) return;
    start.aside ||= Boolean(acts.current.swipe) && start.x > EDGE_PX && across > 2 * Math.abs(down);
    if (!start.aside) stop();
    else {
      clearTimeout(start.timer);
      draw(Math.min(MOST_PX, Math.max(0, across - SLACK_PX)));
    }
  };
  const onEnd = (event) => {
    // Letting go is no click on what has opened under the finger.
    if (pressed) event.preventDefault();
    const far = drawn >= REPLY_PX;
    stop();
    if (far) acts.current.swipe();
  };
  const followed = { touchstart: onStart, touchmove: onMove, touchcancel: stop, contextmenu: stop };
  const ends = [listen(element, followed, { passive: true }), listen(element, { touchend: onEnd }), stop];
  return () => ends.forEach((end) => end());
}

/** The same as an effect of a component. */
export function useFinger(ref, acts) {
  const latest = useRef(null);
  latest.current = acts;
  useEffect(() => followFinger(ref.current, latest), []);
}
