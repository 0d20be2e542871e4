/** A picture in the log is at most so wide and high, and never smaller than a finger, in CSS pixels. */
const MAX_WIDTH = 320;
const MAX_HEIGHT = 360;
const MIN_EDGE = 88;
/** For a picture whose size nobody knows. */
const UNKNOWN = { width: 240, height: 180 };

/** The room that is kept for a picture before it comes. */
export function roomFor(file) {
  const { width, height } = file?.width && file?.height ? file : UNKNOWN;
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height);
  const within = (value, most) => Math.min(most, Math.max(MIN_EDGE, Math.round(value * scale)));
  return { width: within(width, MAX_WIDTH), height: within(height, MAX_HEIGHT) };
}

/** Bytes for people: 512 B, 38 KB, 1.9 MB, with 1024 for a thousand as file managers do. */
export function bytes(count, lang) {
  const format = (value, digits) =>
    new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);
  if (count < 1024) return `${format(count, 0)} B`;
  const kilo = count / 1024;
  if (kilo < 1000) return `${format(kilo, 0)} KB`;
  return `${format(kilo / 1024, kilo < 10_240 ? 1 : 0)} MB`;
}

/** Where a file is; its thumbnail is the picture itself where that is small. */
export const addressOf = (file) => `/api/media/${file.id}`;
export const thumbnailOf = (file) => `${addressOf(file)}/thumbnail`;

/** Save a file on this device; answers why it cannot be: `gone`, `failed`, or null. */
export async function save(file) {
  const answer = await fetch(addressOf(file), { method: "HEAD" }).catch(() => null);
  if (!answer?.ok) return answer?.status === 404 ? "gone" : "failed";
  const link = document.createElement("a");
  link.href = addressOf(file);
  link.download = file.name || "";
  link.click();
  return null;
}
