import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";

const SHEET = new URL("../../../stickers.svg", import.meta.url).pathname;

/** Our own stickers, and what they are found by in both languages; their names are in the catalogue. */
export const STICKERS = [
  { id: "ok", words: "收到 好的 明白 got it ok okay understood" },
  { id: "thanks", words: "谢谢 感谢 多谢 thanks thank you" },
  { id: "coming", words: "马上到 来了 在路上 on my way coming" },
  { id: "wait", words: "稍等 等一下 one moment wait" },
  { id: "hello", words: "你好 您好 早 hello hi good morning" },
  { id: "night", words: "晚安 good night sleep" },
  { id: "tired", words: "辛苦了 累 good work tired" },
  { id: "cheer", words: "加油 go for it come on" },
  { id: "congrats", words: "恭喜 祝贺 congratulations congrats" },
  { id: "laugh", words: "哈哈 笑 haha laugh" },
  { id: "love", words: "喜欢 爱 love it love" },
  { id: "wow", words: "哇 惊讶 wow" },
  { id: "question", words: "什么 疑问 what question" },
  { id: "sorry", words: "抱歉 对不起 sorry" },
  { id: "lunch", words: "吃饭啦 吃饭 午饭 lunch meal" },
  { id: "coffee", words: "喝杯咖啡 咖啡 coffee break" },
];

export const isSticker = (id) => STICKERS.some((sticker) => sticker.id === id);

/** The drawing of a sticker. */
export function Sticker({ id }) {
  const { t } = useApp();
  return html`<svg class="sticker" role="img" aria-label=${t(`sticker.${id}`)}><use href="${SHEET}#${id}" /></svg>`;
}

/** Those that have every word of the query in their words. */
export function searchStickers(query) {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return STICKERS.filter((sticker) => words.every((word) => sticker.words.includes(word)));
}

/** The one whose name in either language has been written, if any. */
export function stickerNamed(text, t) {
  const written = text.trim().toLowerCase();
  if (!written) return null;
  return STICKERS.find(({ id, words }) => t(`sticker.${id}`).toLowerCase() === written || words.split(" ")[0] === written) ?? null;
}
