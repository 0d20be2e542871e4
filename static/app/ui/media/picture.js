import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { useObjectUrl } from "./object-url.js";
import { isUploading, Sending } from "./sending.js";
import { roomFor, thumbnailOf } from "./sizes.js";

/** What a picture is called where it cannot be seen. */
export function altOf({ t, times, client }, entry) {
  return entry.text || t("picture.alt", { name: client.people.name(entry.from), time: times.clock(entry.time) });
}

/**
 * The picture of a message, in a room that is kept for it before it comes. While it goes out, and for a
 * while after, it is shown from memory. `onOpen` shows it large.
 */
export function Picture({ entry, item, active, onOpen }) {
  const app = useApp();
  const { t, client } = app;
  const { file } = entry;
  const box = useRef(null);
  const blob = item?.blob ?? client.files.value?.bytesOf(file) ?? null;
  const local = useObjectUrl(blob);
  const [failure, setFailure] = useState(null);
  const [attempt, setAttempt] = useState(0);
  const online = client.link.value.name === "online";
  useLayoutEffect(() => {
    const { width, height } = roomFor(file);
    box.current.style.width = `${width}px`;
    box.current.style.aspectRatio = `${width} / ${height}`;
  }, [file?.width, file?.height]);
  useEffect(() => {
    if (online && failure === "failed") {
      setFailure(null);
      setAttempt(attempt + 1);
    }
  }, [online]);
  const onError = async () => {
    const answer = local ? null : await fetch(thumbnailOf(file), { method: "HEAD" }).catch(() => null);
    setFailure(answer?.status === 404 ? "gone" : "failed");
  };
  const alt = altOf(app, entry);
  const shown = failure
    ? html`<span class="lost"><${Icon} name="image" size="xl" />${t(failure === "gone" ? "picture.gone" : "picture.failed")}</span>`
    : html`<img key=${attempt} src=${local ?? thumbnailOf(file)} alt=${alt} decoding="async" draggable=${false} onError=${onError} />`;
  return html`<div class="room" ref=${box}>
    ${onOpen && !failure && file.id
      ? html`<button type="button" class="open" tabindex=${active ? 0 : -1} aria-haspopup="dialog" onClick=${onOpen}>${shown}</button>`
      : shown}
    ${isUploading(item) && html`<${Sending} item=${item} />`}
  </div>`;
}

/** The small picture beside a quotation. */
export function QuotedPicture({ file }) {
  return html`<img class="qp" src=${thumbnailOf(file)} alt="" decoding="async" onError=${(event) => (event.currentTarget.hidden = true)} />`;
}
