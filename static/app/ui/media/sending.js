import { html } from "../../../vendor/preact.js";
import { isUnsent, WAITING } from "../../core/outbox.js";
import { useApp } from "../context.js";
import { IconButton } from "../elements.js";
import { bytes } from "./sizes.js";

/** Whether the file of an item is still to be uploaded. */
export const isUploading = (item) => Boolean(item) && item.state === WAITING && isUnsent(item);

/** How far an upload has come, in words and as a bar, and a way to give it up. */
export function Sending({ item }) {
  const { t, lang, client } = useApp();
  const files = client.files.value;
  const sent = files?.sent(item.key).value ?? null;
  const { size } = item.file;
  const text =
    sent === null
      ? t(client.connection.online && !client.offline.value ? "upload.queued" : "upload.waiting")
      : sent >= size
        ? t("upload.processing")
        : t("upload.progress", { sent: bytes(sent, lang), size: bytes(size, lang) });
  const cancel = async () => {
    if (files) await files.cancel(item.key);
    else {
      await client.outbox.cancel(item.key);
      client.tabs.say({ type: "outbox" });
    }
  };
  const known = sent !== null && sent < size;
  return html`<div class="sending">
    ${sent !== null &&
    html`<progress aria-label=${t("upload.bar")} max=${known ? size : undefined} value=${known ? sent : undefined}></progress>`}
    <span class="how">${text}</span>
    <${IconButton} small icon="close" label=${t("upload.cancel")} onClick=${cancel} />
  </div>`;
}
