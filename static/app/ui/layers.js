import { signal } from "../../vendor/preact.js";

/** An undo is offered this long, in ms. */
const UNDO_MS = 6_000;

/**
 * What lies above the page: one dialog, one menu, one toast. A closed layer gives the focus back
 * to what opened it.
 */
export function createLayers(clock) {
  const dialog = signal(null);
  const menu = signal(null);
  const toast = signal(null);
  let toastTimer = null;
  let leaving = null;

  function endToast() {
    clock.clearTimeout(toastTimer);
    const done = leaving;
    leaving = null;
    toast.value = null;
    done?.();
  }

  function leaveToast() {
    clock.clearTimeout(toastTimer);
    toastTimer = clock.setTimeout(endToast, UNDO_MS);
  }

  return {
    dialog,
    menu,
    toast,
    /** Show a component as a dialog; it gets `close`. */
    open(component, props = {}) {
      menu.value = null;
      dialog.value = { component, props, opener: document.activeElement, id: Symbol("dialog") };
    },
    close() {
      const opener = dialog.value?.opener;
      dialog.value = null;
      // While the dialog is still there, nothing outside it can have the focus.
      requestAnimationFrame(() => {
        const free = document.activeElement === document.body;
        if (free && opener?.isConnected) opener.focus({ preventScroll: true });
      });
    },
    /** `items`: `[{icon, label, hint?, danger?, run}]` or null for a line; `at`: `{x, y}`. */
    openMenu({ items, at, label, preview = null }) {
      menu.value = { items, at, label, preview, opener: menu.value?.opener ?? document.activeElement };
    },
    closeMenu({ refocus = true } = {}) {
      const opener = menu.value?.opener;
      menu.value = null;
      if (refocus && opener?.isConnected) opener.focus({ preventScroll: true });
    },
    /** Say something for a while. */
    say(text) {
      endToast();
      toast.value = { text };
      leaveToast();
    },
    /** Say what was done and offer to undo it; `done` runs when the time for that is over. */
    offerUndo(text, undo, done = null) {
      endToast();
      leaving = done;
      toast.value = {
        text,
        undo() {
          leaving = null;
          endToast();
          undo();
        },
      };
      leaveToast();
    },
    /** It stays as long as the focus is in it, which takes longer to come there than a pointer. */
    holdToast: () => clock.clearTimeout(toastTimer),
    leaveToast,
    /** Finish what still waits for an undo: the page is going away. */
    endToast,
  };
}
