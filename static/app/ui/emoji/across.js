/** In a grid: of the next row up or down, the one that stands nearest. */
export function across(items, index, step) {
  const from = items[index].getBoundingClientRect();
  let row = null;
  let best = null;
  for (let at = index + step; items[at]; at += step) {
    const box = items[at].getBoundingClientRect();
    if (Math.abs(box.top - from.top) < 2) continue;
    row ??= box.top;
    if (Math.abs(box.top - row) >= 2) break;
    const distance = Math.abs(box.left - from.left);
    if (!best || distance < best.distance) best = { item: items[at], distance };
  }
  return best?.item ?? null;
}
