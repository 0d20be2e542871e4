import { useEffect } from "../../vendor/preact.js";
import { again } from "../core/again.js";

/** What waits until the browser has nothing else to do begins by then all the same, in ms. */
const PATIENCE_MS = 2_000;

/** Resolves when what is seen first has been loaded and drawn; a first visit is held to what comes before. */
export function whenIdle() {
  const idle = window.requestIdleCallback ?? setTimeout;
  return new Promise((resolve) => idle(() => resolve(), { timeout: PATIENCE_MS }));
}

/** Fetches a module when the browser is idle, once for all who ask; anew for who asks after it failed. */
export function later(load) {
  let module = null;
  const fetched = () => again(load).catch((error) => {
    module = null;
    throw error;
  });
  return () => (module ??= whenIdle().then(fetched));
}

/** An effect of a module that comes `later`: `begin(module)` answers how to end it. */
export function useLater(fetched, begin) {
  useEffect(() => {
    let end = null;
    let over = false;
    fetched().then(
      (module) => over || (end = begin(module)),
      () => {},
    );
    return () => {
      over = true;
      end?.();
    };
  }, []);
}
