/** A photograph goes out with at most so long an edge, in pixels, unless its original is asked for. */
const MAX_EDGE = 2560;
/** One below this is not made smaller, in bytes. */
const SMALL_BYTES = 1024 * 1024;
const QUALITY = 0.85;
/** It must save at least so much to be worth it. */
const WORTH = 0.8;

/** Types whose photographs are made smaller; others may move, be see-through or have sharp edges. */
const PHOTOGRAPHS = new Set(["image/jpeg", "image/avif", "image/bmp"]);
/** What phones take. The node refuses it, but a browser that can read it can also write it anew. */
const PHONE = /^image\/hei[cf]/;
/** What a node takes as a picture. */
const PICTURES = new Set([...PHOTOGRAPHS, "image/png", "image/gif", "image/webp"]);

export const isPhonePicture = (file) => PHONE.test(file.type) || /\.hei[cf]$/i.test(file.name);

/**
 * What is to be known of a picture before it is sent: `{width, height, small}`; `small` is a smaller
 * copy, if one is worth it. Null for what is no picture, or none that this browser can read.
 */
export async function examine(file) {
  const phone = isPhonePicture(file);
  if (!phone && !PICTURES.has(file.type)) return null;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return null;
  }
  try {
    const { width, height } = bitmap;
    if (!phone && !PHOTOGRAPHS.has(file.type)) return { width, height, small: null };
    const scale = Math.min(1, MAX_EDGE / Math.max(width, height));
    if (!phone && scale === 1 && file.size <= SMALL_BYTES) return { width, height, small: null };
    const copy = await drawn(bitmap, Math.round(width * scale), Math.round(height * scale));
    const worth = phone || copy.blob.size < file.size * WORTH;
    return { width, height, small: worth ? copy : null };
  } finally {
    bitmap.close();
  }
}

/** A JPEG with these edges: `{blob, width, height}`. */
async function drawn(bitmap, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error("the picture cannot be written");
  return { blob, width, height };
}
