/** What a table of the database offers, kept in memory only. */
export function memoryTable(keyPath) {
  const items = new Map();
  return {
    all: async () => [...items.values()],
    put: async (item) => void items.set(item[keyPath], item),
    remove: async (key) => void items.delete(key),
  };
}
