/** Up to two letters that stand for a name: the first Han character, or the first of two words. */
export function initials(name) {
  const trimmed = name.trim();
  const words = trimmed.split(/[\s·&_.-]+/u).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const first = [...(words[0] ?? trimmed)][0] ?? "?";
  if (/\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}/u.test(first)) {
    return first;
  }
  const second = words.length > 1 ? [...words[words.length - 1]][0] : "";
  return (first + (/\p{Script=Han}/u.test(second) ? "" : second)).toUpperCase();
}
