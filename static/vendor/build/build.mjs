// Bundles the page's libraries, the same bytes each time: `npm ci --ignore-scripts && npm run build`.
//
// What it writes lies one folder up and is committed, so that running the messenger needs no Node:
// an ES module for each file in entries/, the emoji data with only the fields the panel uses,
// VENDOR.json (name, version, licence, sha256) and THIRD_PARTY_LICENSES.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = dirname(here);
const bundles = {
  "preact.js": ["preact", "htm", "@preact/signals", "@preact/signals-core"],
  "idb.js": ["idb"],
  "linkify.js": ["linkify-it", "uc.micro"],
};
const swagger = ["swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css"];
const allowed = new Set(["MIT", "Apache-2.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD"]);

async function describe(name) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  if (!allowed.has(license)) throw new Error(`${name} has the licence ${license}`);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = await readFile(join(folder, file), "utf8");
  return { name, version, licence: license, text: text.trim() };
}

/** One line an emoji: character, group, name, tags, version of Emoji that brought it. */
async function slimEmoji(language) {
  const source = `node_modules/emoji-picker-element-data/${language}/emojibase/data.json`;
  const data = JSON.parse(await readFile(join(here, source), "utf8"));
  const rows = data
    .filter((emoji) => emoji.group !== 2 && emoji.group !== undefined)
    .sort((one, other) => one.order - other.order)
    .map((emoji) => [
      emoji.emoji,
      emoji.group,
      emoji.annotation,
      [...new Set([...(emoji.tags ?? []), ...(emoji.shortcodes ?? [])])].join(" "),
      emoji.version,
    ]);
  return `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`;
}

await build({
  absWorkingDir: here,
  entryPoints: Object.keys(bundles).map((name) => `entries/${name}`),
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "none",
  charset: "utf8",
  outdir: out,
});
// Swagger UI is bundled by its makers; it is shown on /docs alone.
await mkdir(join(out, "swagger-ui"), { recursive: true });
for (const name of swagger) {
  await copyFile(join(here, "node_modules/swagger-ui-dist", name), join(out, "swagger-ui", name));
}
for (const language of ["zh", "en"]) {
  await writeFile(join(out, `emoji-${language}.json`), await slimEmoji(language));
}

const files = {
  ...bundles,
  "emoji-zh.json": ["emoji-picker-element-data"],
  "emoji-en.json": ["emoji-picker-element-data"],
  ...Object.fromEntries(swagger.map((name) => [`swagger-ui/${name}`, ["swagger-ui-dist"]])),
};
const vendor = [];
const licences = new Map();
for (const [file, names] of Object.entries(files)) {
  const bytes = await readFile(join(out, file));
  const packages = await Promise.all(names.map(describe));
  for (const { name, version, licence, text } of packages) licences.set(name, { version, licence, text });
  vendor.push({
    file,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    packages: packages.map(({ name, version, licence }) => ({ name, version, licence })),
  });
}
await writeFile(join(out, "VENDOR.json"), `${JSON.stringify(vendor, null, 2)}\n`);
const texts = [...licences].sort().map(
  ([name, { version, licence, text }]) => `${name} ${version} (${licence})\n\n${text}\n`,
);
await writeFile(join(out, "THIRD_PARTY_LICENSES"), texts.join(`\n${"-".repeat(80)}\n\n`));
