const PREFIX = "im.";

/** Small preferences of this browser, as JSON; a browser that keeps nothing forgets them. */
export function createStorage(storage) {
  return {
    get(name) {
      try {
        return JSON.parse(storage.getItem(PREFIX + name)) ?? null;
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        storage.setItem(PREFIX + name, JSON.stringify(value));
      } catch {
        // Full or forbidden: the preference holds until the page is left.
      }
    },
  };
}
