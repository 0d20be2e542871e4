import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { isUploading, Sending } from "./sending.js";
import { addressOf, bytes, save } from "./sizes.js";

/** What the tile of a file says and which colour it has, by the ending of its name. */
const COLOURS = {
  red: ["pdf"],
  blue: ["doc", "docx", "odt", "rtf", "txt", "md"],
  green: ["xls", "xlsx", "ods", "csv"],
  orange: ["ppt", "pptx", "odp", "key"],
  violet: ["mp3", "wav", "flac", "ogg", "m4a", "mp4", "webm", "mov", "mkv"],
};
const MAX_ENDING = 4;

/** The tile in front of a file's name. */
export function FileTile({ name }) {
  const ending = /\.([a-z0-9]+)$/i.exec(name ?? "")?.[1].toLowerCase() ?? "";
  const colour = Object.keys(COLOURS).find((one) => COLOURS[one].includes(ending)) ?? "grey";
  return html`<span class="fx ${colour}" aria-hidden="true">
    ${ending && ending.length <= MAX_ENDING ? ending.toUpperCase() : html`<${Icon} name="file" />`}
  </span>`;
}

/** A file of a message: what it is, how large, and a way to save it. */
export function FileCard({ file, item, active, meta }) {
  const { t, lang } = useApp();
  const name = file.name || t("file.unnamed");
  const uploading = isUploading(item);
  const [failure, setFailure] = useState(null);
  const onSave = async (event) => {
    event.preventDefault();
    setFailure(await save(file));
  };
  const here = file.id && !uploading;
  /** For a thumb the whole card is the button that it holds. */
  const onCard = here ? (event) => event.target.closest("a, button, .meta") || onSave(event) : undefined;
  return html`<div class="filec ${uploading ? "up" : ""} ${here ? "here" : ""}" onClick=${onCard}>
    <${FileTile} name=${file.name} />
    <div class="fm">
      <div class="fn">${name}</div>
      ${uploading
        ? html`<${Sending} item=${item} />`
        : html`<div class="fs"><span>${bytes(file.size, lang)}</span></div>`}
    </div>
    ${here
      ? html`<a class="ib" href=${addressOf(file)} download=${file.name || true} tabindex=${active ? 0 : -1} onClick=${onSave}
          aria-label=${t("file.save", { name })} title=${t("file.save", { name })}><${Icon} name="download" /></a>`
      : html`<span></span>`}
    ${failure && html`<p class="err" role="alert">${t(failure === "gone" ? "file.gone" : "file.failed")}</p>`}
    ${meta}
  </div>`;
}
