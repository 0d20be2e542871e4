/**
 * A function that looks up sentences: `t("groups.members_n", {n: 3})`. Blanks like `{n}` are filled
 * from the values; where the catalogue has `key.one` and `key.other`, `n` decides by the rules of
 * the language (CLDR, through `Intl.PluralRules`). An unknown key is answered with itself.
 */
export function translator(messages, lang) {
  const plural = new Intl.PluralRules(lang);
  const number = new Intl.NumberFormat(lang);
  return function t(key, values = {}) {
    let text = messages[key];
    if (text === undefined && typeof values.n === "number") {
      text = messages[`${key}.${plural.select(values.n)}`] ?? messages[`${key}.other`];
    }
    if (text === undefined) return key;
    return text.replace(/\{(\w+)\}/g, (blank, name) => {
      const value = values[name];
      if (value === undefined) return blank;
      return typeof value === "number" ? number.format(value) : String(value);
    });
  };
}
