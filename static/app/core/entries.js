/**
 * An entry of a log with all its fields: the node leaves out those that have their default.
 */
export function complete(entry) {
  if (entry?.op === "message") return { media: "text", text: "", mentions: [], ...entry };
  return entry?.op === "event" ? { text: "", users: [], ...entry } : entry;
}
