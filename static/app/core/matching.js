// Finding words in texts, as the node does: case and width don't tell. Ranges are `[begin, end)` in code
// points, not in UTF-16 units.

/** Characters of a text that are shown around what was found, and before the first place. */
const EXCERPT = 120;
const LEAD = 16;

const fold = (text) => text.normalize("NFKC").toLowerCase();

/** Where the words stand in a text, in order and without overlap; null when one of them is missing. */
export function rangesOf(text, words) {
  const points = [...text];
  let folded = "";
  /** For each UTF-16 unit of the folded text the code point that it came from. */
  const origin = [];
  points.forEach((point, index) => {
    const plain = fold(point);
    folded += plain;
    for (let unit = 0; unit < plain.length; unit += 1) origin.push(index);
  });
  const found = [];
  for (const word of words) {
    const wanted = fold(word);
    let at = folded.indexOf(wanted);
    if (at < 0 || !wanted) return null;
    for (; at >= 0; at = folded.indexOf(wanted, at + wanted.length)) {
      found.push([origin[at], origin[at + wanted.length - 1] + 1]);
    }
  }
  found.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
  return found.filter(([begin], index) => index === 0 || begin >= found[index - 1][1]);
}

export const wordsOf = (query) => query.split(/\s+/u).filter(Boolean);

/** A text in parts to be drawn: `[{text, hit}]`. */
export function partsOf(text, ranges) {
  const points = [...text];
  const parts = [];
  let position = 0;
  for (const [begin, end] of ranges) {
    if (begin > position) parts.push({ text: points.slice(position, begin).join(""), hit: false });
    parts.push({ text: points.slice(begin, end).join(""), hit: true });
    position = end;
  }
  if (position < points.length) parts.push({ text: points.slice(position).join(""), hit: false });
  return parts;
}

/** The same text beginning shortly before what was found in it, so that a narrow row shows it. */
export function ledIn({ text, ranges, cutStart = false, cutEnd = false }) {
  const points = [...text];
  const skip = Math.max(0, (ranges[0]?.[0] ?? 0) - LEAD);
  const shown = points.slice(skip, skip + EXCERPT).join("");
  const most = Math.min(points.length, skip + EXCERPT);
  return {
    text: shown,
    ranges: ranges.filter(([, end]) => end <= most).map(([begin, end]) => [begin - skip, end - skip]),
    cutStart: cutStart || skip > 0,
    cutEnd: cutEnd || most < points.length,
  };
}

/**
 * The newest messages that this page holds and that have all words: `[{conv, seq, from, time, text, ranges}]`.
 * `logs`: arrays of entries; `most`: hits at most.
 */
export function heldHits(logs, words, most) {
  const hits = [];
  for (const entries of logs) {
    for (const { op, recalled, conv, seq, from, time, text } of entries) {
      const ranges = op === "message" && !recalled && text ? rangesOf(text, words) : null;
      if (ranges?.length) hits.push({ conv, seq, from, time, text, ranges });
    }
  }
  return hits.sort((one, other) => other.time - one.time).slice(0, most);
}
