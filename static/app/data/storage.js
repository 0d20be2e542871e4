/** Small preferences of an account in this browser, as JSON; what keeps nothing forgets them. */
export function createStorage(storage, userId) {
  const prefix = `im.${userId}.`;
  return {
    get(name) {
      try {
        return JSON.parse(storage.getItem(prefix + name)) ?? null;
      } catch {
        return null;
      }
    },
    /** Forget everything: on logging out. */
    clear() {
      for (const name of Object.keys(storage)) {
        if (name.startsWith(prefix)) storage.removeItem(name);
      }
    },
    set(name, value) {
      try {
        storage.setItem(prefix + name, JSON.stringify(value));
      } catch {
        // Full or forbidden: the preference holds until the page is left.
      }
    },
  };
}
