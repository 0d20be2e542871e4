// What a message's text is made of. Nothing here makes HTML: the page sets text as text.

/** Longest text in which links and mentions are looked for, in UTF-16 units. */
const MAX_SCANNED = 20_000;
const SCHEMES = new Set(["http:", "https:", "ftp:", "mailto:"]);
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[#*0-9]\u{FE0F}?\u{20E3}/u;

/**
 * `[{type: "text" | "link" | "mention", text, href?, user?}]` in order. `mentions`: `[{id, name}]`
 * of those who were named; `links`: a matcher with linkify-it's `match`.
 */
export function tokens(text, { mentions = [], links }) {
  if (text.length > MAX_SCANNED) return [{ type: "text", text }];
  const found = [];
  for (const match of links?.match(text) ?? []) {
    if (!SCHEMES.has(match.schema || "http:")) continue;
    found.push({
      start: match.index,
      end: match.lastIndex,
      token: { type: "link", text: match.raw, href: match.url },
    });
  }
  for (const { id, name } of mentions) {
    const needle = `@${name}`;
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
      const end = at + needle.length;
      found.push({ start: at, end, token: { type: "mention", text: needle, user: id } });
    }
  }
  found.sort((one, other) => one.start - other.start || other.end - one.end);
  const result = [];
  let position = 0;
  for (const { start, end, token } of found) {
    if (start < position) continue;
    if (start > position) result.push({ type: "text", text: text.slice(position, start) });
    result.push(token);
    position = end;
  }
  if (position < text.length) result.push({ type: "text", text: text.slice(position) });
  return result;
}

/**
 * Ids of those of `people` (`[{id, name}]`) whose name follows an @, but not `me`. Of several names that
 * fit the longest counts, and a Latin name ends where its word ends: @Anna does not name An.
 */
export function mentionedIn(text, people, me) {
  const found = new Set();
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let best = null;
    for (const person of people) {
      if (person.name.length <= (best?.name.length ?? 0) || !text.startsWith(person.name, at + 1)) continue;
      const end = at + 1 + person.name.length;
      if (!/^[\p{Script=Latin}\p{N}_]{2}/u.test(text.slice(end - 1, end + 1))) best = person;
    }
    if (best && best.id !== me) found.add(best.id);
  }
  return [...found];
}

const SEGMENTER = globalThis.Intl?.Segmenter && new Intl.Segmenter("und", { granularity: "grapheme" });

/** Whether a text is one to three emoji and nothing else, so that it is shown large. */
export function fewEmoji(text) {
  const trimmed = text.trim();
  if (!trimmed || trimmed.length > 60 || !SEGMENTER) return false;
  let count = 0;
  for (const { segment } of SEGMENTER.segment(trimmed)) {
    if (/^\s+$/u.test(segment)) continue;
    if (!EMOJI.test(segment) || (/^[\p{L}\p{N}]/u.test(segment) && !segment.includes("\u20e3"))) {
      return false;
    }
    count += 1;
    if (count > 3) return false;
  }
  return count > 0;
}

/** Size of a text as the node counts it: bytes in UTF-8. */
export function byteLength(text) {
  return new TextEncoder().encode(text).length;
}
