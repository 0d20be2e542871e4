/** Emoji's groups by their number in CLDR, with the icon that stands for each. */
export const GROUPS = [
  { id: 0, name: "faces", icon: "smile" },
  { id: 1, name: "people", icon: "hand" },
  { id: 3, name: "nature", icon: "leaf" },
  { id: 4, name: "food", icon: "cup" },
  { id: 5, name: "travel", icon: "car" },
  { id: 6, name: "activities", icon: "ball" },
  { id: 7, name: "objects", icon: "bulb" },
  { id: 8, name: "symbols", icon: "heart" },
  { id: 9, name: "flags", icon: "flag" },
];
/** Kept as recently used: two rows. */
const MAX_RECENT = 16;
const FALLBACK_RECENT = ["👍", "🙏", "😄", "🎉", "✅", "💪", "❤️", "☕️"];
/** Found at once; more letters narrow it. */
const MAX_FOUND = 90;
/** Every font draws what came before this version of Emoji; newer ones are tried. */
const SAFE_VERSION = 13;

const VENDOR = new URL("../../../vendor/", import.meta.url).pathname;
const fetchJson = async (name) => (await fetch(VENDOR + name)).json();

let loading = null;

/** `[{emoji, group, name, words}]`, names in `lang`, words to search by in both languages. */
export function loadEmoji(lang) {
  loading ??= Promise.all([fetchJson("emoji-zh.json"), fetchJson("emoji-en.json")])
    .then(([zh, en]) => join(lang === "zh" ? zh : en, lang === "zh" ? en : zh))
    .catch((error) => {
      loading = null;
      throw error;
    });
  return loading;
}

function join(own, other) {
  const others = new Map(other.map(([emoji, , name, words]) => [emoji, `${name} ${words}`]));
  const drawn = supportedVersions(own);
  return own
    .filter(([, , , , version]) => version < SAFE_VERSION || drawn.has(version))
    .map(([emoji, group, name, words]) => ({
      emoji,
      group,
      name,
      words: `${name} ${words} ${others.get(emoji) ?? ""}`.toLowerCase(),
    }));
}

/** Versions whose first emoji this machine's font can draw: in colour, or at all. */
function supportedVersions(rows) {
  const drawn = new Set();
  const samples = new Map();
  for (const [emoji, , , , version] of rows) {
    if (version >= SAFE_VERSION && !samples.has(version) && !emoji.includes("\u200d")) {
      samples.set(version, emoji);
    }
  }
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const picture = (text) => {
    context.canvas.width = context.canvas.height = 24;
    context.font = "18px sans-serif";
    context.fillText(text, 0, 18);
    return context.getImageData(0, 0, 24, 24).data.join();
  };
  const missing = picture("\u{10FFFF}");
  for (const [version, emoji] of samples) if (picture(emoji) !== missing) drawn.add(version);
  return drawn;
}

/** Those that have every word of the query, best first: whole name, start of the name, the rest. */
export function searchEmoji(all, query) {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const rank = ({ name }) => (name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : 2);
  return all
    .filter((emoji) => words.every((word) => emoji.words.includes(word)))
    .sort((one, other) => rank(one) - rank(other))
    .slice(0, MAX_FOUND);
}

/** Those of which a word begins with the letters, best first; `whole` where the letters are all of it. */
export function completeEmoji(all, letters, most) {
  const begun = letters.toLowerCase();
  const found = [];
  for (const item of all) {
    const words = item.words.split(/[\s,，]+/);
    const whole = words.includes(begun);
    if (!whole && !words.some((word) => word.startsWith(begun))) continue;
    found.push({ ...item, whole, rank: item.name.startsWith(begun) ? 0 : whole ? 1 : 2 });
  }
  return found.sort((one, other) => one.rank - other.rank).slice(0, most);
}

export const recentEmoji = (storage) => storage.get("emoji") ?? FALLBACK_RECENT;

/** It is offered first the next time. */
export function noteRecent(storage, emoji) {
  const others = recentEmoji(storage).filter((other) => other !== emoji);
  storage.set("emoji", [emoji, ...others].slice(0, MAX_RECENT));
}
