/**
 * A key that names a message from this page for good (128 random bits in hex). It is drawn with
 * `getRandomValues`, which browsers also give to pages without TLS, unlike `randomUUID`.
 */
export function newKey(random = globalThis.crypto) {
  const bytes = random.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
