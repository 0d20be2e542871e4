import { useEffect, useRef } from "../../../vendor/preact.js";
import { listen } from "../listen.js";

const STEP = 1.5;
const MOST = 8;
/** A finger that has moved further than this turns the page, in CSS pixels. */
const SWIPE_PX = 60;

/**
 * Makes a picture larger and moves it: by wheel, double click, two fingers, `by(steps)`, and `move(x, y)` in CSS
 * pixels, which answers whether it was large; while it has its own size, a finger to the side turns the page and one
 * downwards closes.
 */
export function useZoom(image, { onSwipe, onDismiss }) {
  const view = useRef({ scale: 1, x: 0, y: 0 });
  const calls = useRef(null);
  calls.current = { onSwipe, onDismiss };
  const draw = () => {
    const { scale, x, y } = view.current;
    if (!image.current) return;
    image.current.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    image.current.classList.toggle("zoomed", scale > 1);
  };
  const scaleTo = (scale) => {
    const next = Math.min(MOST, Math.max(1, scale));
    const { x, y, scale: before } = view.current;
    view.current = next === 1 ? { scale: 1, x: 0, y: 0 } : { scale: next, x: (x * next) / before, y: (y * next) / before };
    draw();
  };
  const moveTo = (x, y) => {
    view.current = { ...view.current, x, y };
    draw();
  };
  useEffect(() => {
    const place = image.current?.parentElement;
    if (!place) return undefined;
    const fingers = new Map();
    let start = null;
    const spread = () => {
      const [one, other] = [...fingers.values()];
      return Math.hypot(one.x - other.x, one.y - other.y);
    };
    const begin = () => {
      const [one] = fingers.values();
      start = { ...one, view: { ...view.current }, spread: fingers.size === 2 ? spread() : null };
    };
    const onDown = (event) => {
      if (event.target.closest("button, a")) return;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      place.setPointerCapture(event.pointerId);
      begin();
    };
    const onMove = (event) => {
      if (!fingers.has(event.pointerId)) return;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (fingers.size === 2 && start.spread) scaleTo(start.view.scale * (spread() / start.spread));
      else if (fingers.size === 1 && view.current.scale > 1) {
        moveTo(start.view.x + event.clientX - start.x, start.view.y + event.clientY - start.y);
      }
    };
    const onUp = (event) => {
      if (!fingers.delete(event.pointerId)) return;
      const [across, down] = [event.clientX - start.x, event.clientY - start.y];
      if (fingers.size) begin();
      else if (event.type === "pointerup" && event.pointerType !== "mouse" && view.current.scale === 1 && !start.spread) {
        if (Math.abs(across) > SWIPE_PX && Math.abs(across) > Math.abs(down)) calls.current.onSwipe(across < 0 ? 1 : -1);
        else if (down > SWIPE_PX && down > Math.abs(across)) calls.current.onDismiss();
      }
    };
    const onWheel = (event) => {
      event.preventDefault();
      scaleTo(view.current.scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
    };
    const onDouble = (event) => event.target === image.current && scaleTo(view.current.scale > 1 ? 1 : STEP * STEP);
    return listen(
      place,
      { pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp, wheel: onWheel, dblclick: onDouble },
      { passive: false },
    );
  }, []);
  return {
    by: (steps) => scaleTo(view.current.scale * STEP ** steps),
    move(x, y) {
      const { scale, x: left, y: top } = view.current;
      if (scale > 1) moveTo(left + x, top + y);
      return scale > 1;
    },
    reset: () => scaleTo(1),
  };
}
