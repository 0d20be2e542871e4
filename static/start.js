/**
 * Loads the page again when a part of it did not come, as happens when a device changes its network
 * just then; gives up after a few times and says so. A page that has started is left alone. The modules that
 * `data-modules` names are sent for at once, and not when those that import them have come.
 */
(() => {
  const KEY = "im.reloads";
  const PAUSES_MS = [300, 1500, 5000];
  let over = false;

  const count = (change) => {
    try {
      if (change !== undefined) sessionStorage.setItem(KEY, String(change));
      return Number(sessionStorage.getItem(KEY) ?? 0);
    } catch {
      return PAUSES_MS.length; // nothing is remembered here: don't reload for ever
    }
  };

  addEventListener(
    "error",
    ({ target }) => {
      const part = target instanceof HTMLScriptElement || target?.rel === "stylesheet";
      if (!part || over) return;
      over = true;
      const tries = count();
      if (tries >= PAUSES_MS.length) {
        count(0);
        addEventListener("DOMContentLoaded", () => document.querySelector("#no-start").removeAttribute("hidden"));
        document.querySelector("#no-start")?.removeAttribute("hidden");
        return;
      }
      setTimeout(() => {
        count(tries + 1);
        location.reload();
      }, PAUSES_MS[tries]);
    },
    true,
  );
  addEventListener("started", () => {
    over = true;
    count(0);
  });

  const { src, dataset } = document.currentScript;
  for (const module of dataset.modules.trim().split(/\s+/)) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = new URL(`${module}.js`, src);
    document.head.append(link);
  }
})();
