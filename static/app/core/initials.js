// Grouping names by initial, Chinese names by the first letter of their pinyin.

const LETTERS = "ABCDEFGHJKLMNOPQRSTWXYZ";
/** The first character of each letter in the pinyin order of CLDR; I, U and V begin no syllable. */
const FIRST = [..."阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他屲夕丫帀"];
const OTHER = "#";

/** A function from a name to the letter under which it stands in a list (`#` for the rest). */
function initialOf(collator = new Intl.Collator("zh-Hans-CN-u-co-pinyin")) {
  return function initial(name) {
    const first = [...name.trim()][0] ?? OTHER;
    const plain = first.normalize("NFD")[0].toUpperCase();
    if (/^[A-Z]$/.test(plain)) return plain;
    if (!/\p{Script=Han}/u.test(first)) return OTHER;
    let letter = OTHER;
    for (let index = 0; index < FIRST.length; index += 1) {
      if (collator.compare(first, FIRST[index]) < 0) break;
      letter = LETTERS[index];
    }
    return letter;
  };
}

/** `[{letter, items}]`, A to Z and then `#`; inside a letter in the order of the collator. */
export function byInitial(items, nameOf, collator = new Intl.Collator("zh-Hans-CN-u-co-pinyin")) {
  const initial = initialOf(collator);
  const groups = new Map();
  for (const item of items) {
    const letter = initial(nameOf(item));
    if (!groups.has(letter)) groups.set(letter, []);
    groups.get(letter).push(item);
  }
  return [...groups]
    .sort(([one], [other]) => (one === OTHER) - (other === OTHER) || (one < other ? -1 : 1))
    .map(([letter, group]) => ({
      letter,
      items: group.sort((one, other) => collator.compare(nameOf(one), nameOf(other))),
    }));
}
