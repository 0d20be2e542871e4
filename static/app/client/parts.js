/** For each client its parts by kind. */
const held = new WeakMap();

/** A part of the client whose code is fetched only when it is needed; there is one of each kind. */
export function partOf(client, Kind) {
  if (!held.has(client)) held.set(client, new Map());
  const parts = held.get(client);
  if (!parts.has(Kind)) parts.set(Kind, new Kind(client));
  return parts.get(Kind);
}
