import { listen } from "../listen.js";

/** A finger that rests so long on the button holds it; one that goes sooner has tapped it. In ms. */
const HOLD_MS = 300;
/** Before that, one that moves further than this is doing something else; in CSS pixels, as `AWAY_PX`. */
const SLACK_PX = 10;
/** A finger that has slid so far lets go of what it holds. */
const AWAY_PX = 80;

/**
 * A button held with a finger; `begin.current()` when that begins. The signal `hold` is "held", "away" while the finger
 * is so far that letting go discards, and at the end "send", "drop", or "broken" when the system took the finger away;
 * null is without a finger, and what heeds the end makes it so. Answers how to end it.
 */
export function followHold(button, hold, begin) {
  let press = null;
  const holding = () => hold.value === "held" || hold.value === "away";
  const end = (outcome) => {
    clearTimeout(press?.timer);
    press = null;
    if (holding()) hold.value = outcome;
  };
  const deaf = listen(button, {
    touchstart({ touches }) {
      end("broken");
      if (touches.length > 1) return;
      const [{ clientX: x, clientY: y }] = touches;
      const timer = setTimeout(() => {
        hold.value = "held";
        begin.current();
      }, HOLD_MS);
      press = { x, y, timer };
    },
    touchmove({ touches }) {
      if (!press) return;
      const { x, y, timer } = press;
      const far = Math.hypot(touches[0].clientX - x, touches[0].clientY - y);
      if (holding()) hold.value = far > AWAY_PX ? "away" : "held";
      else if (far > SLACK_PX) clearTimeout(timer);
    },
    touchend(event) {
      // No click follows, which would be the other way to begin.
      if (holding()) event.preventDefault();
      end(hold.value === "away" ? "drop" : "send");
    },
    touchcancel: () => end("broken"),
    contextmenu: (event) => press && event.preventDefault(),
  });
  return () => {
    clearTimeout(press?.timer);
    deaf();
  };
}
