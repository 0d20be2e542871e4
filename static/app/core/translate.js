const IDEOGRAPH = "\\u3040-\\u30ff\\u3100-\\u312f\\u3400-\\u9fff\\uf900-\\ufaff";
const POINT = "\\u2014\\u2018-\\u201d\\u2026\\u3000-\\u303f\\uff00-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65";
/** A place of a catalogue's space at a blank, between two ideographs or beside Chinese punctuation. */
const TIGHT = new RegExp(`([${POINT}])\\0|\\0(?=[${POINT}])|([${IDEOGRAPH}])\\0(?=[${IDEOGRAPH}])`, "gu");

/**
 * A function that looks up sentences: `t("groups.members_n", {n: 3})`. Blanks like `{n}` are filled
 * from the values; where the catalogue has `key.one` and `key.other`, `n` decides by the rules of
 * the language (CLDR, through `Intl.PluralRules`). An unknown key is answered with itself. In Chinese
 * the spaces beside a blank stand only where what fills it is not Chinese: `张三邀请 Bo 加入群组`.
 */
export function translator(messages, lang) {
  const plural = new Intl.PluralRules(lang);
  const chinese = lang.startsWith("zh");
  const number = new Intl.NumberFormat(lang);
  return function t(key, values = {}) {
    let text = messages[key];
    if (text === undefined && typeof values.n === "number") {
      text = messages[`${key}.${plural.select(values.n)}`] ?? messages[`${key}.other`];
    }
    if (text === undefined) return key;
    const places = chinese ? text.replace(/ ?\{\w+\} ?/g, (blank) => blank.replaceAll(" ", "\0")) : text;
    const filled = places.replace(/\{(\w+)\}/g, (blank, name) => {
      const value = values[name];
      if (value === undefined) return blank;
      return typeof value === "number" ? number.format(value) : String(value);
    });
    return chinese ? filled.replace(TIGHT, "$1$2").replaceAll("\0", " ") : filled;
  };
}
