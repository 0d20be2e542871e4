import { html, useEffect, useMemo, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { Switch } from "../form-elements.js";
import { isComposing } from "../input-method.js";
import { Dialog } from "../layer-views.js";
import { FileTile } from "./file.js";
import { useObjectUrl } from "./object-url.js";
import { examine, isPhonePicture } from "./shrink.js";
import { pastedFiles } from "./sender.js";
import { bytes } from "./sizes.js";

/** Files that are sent at once. */
const MAX_FILES = 20;

/** Of what is said to files so many lines are seen at once. */
const MAX_LINES = 4;

/** What is about to be sent: look at it, leave some out, say something to it. */
export function SendDialog({ conv, files, caption, replyTo, sent, close }) {
  const { t, lang, client } = useApp();
  const [items, setItems] = useState(() => files.slice(0, MAX_FILES).map((file) => ({ file })));
  const [current, setCurrent] = useState(0);
  const [original, setOriginal] = useState(false);
  const [text, setText] = useState(caption);
  /** Why what is still here could not be sent. */
  const [failure, setFailure] = useState("");
  const sending = useRef(false);
  /** Sent before all was looked at: it goes when that is done. */
  const wanted = useRef(false);
  /** Whether a part has gone out. */
  const begun = useRef(false);
  const more = useRef(null);
  const limit = client.limits.upload_bytes;
  useExamined(items, setItems);

  const chosen = items.map((item) => choose(item, original, limit, { t, lang }));
  const good = chosen.filter(({ error }) => !error);
  const ready = good.length > 0 && items.every((item) => item.examined);
  const shown = chosen[Math.min(current, chosen.length - 1)];
  const pictures = good.every(({ media }) => media === "picture");
  const canShrink = items.some((item) => item.picture?.small && !isPhonePicture(item.file));

  const add = (more) => {
    wanted.current = false;
    setItems([...items, ...more.slice(0, MAX_FILES - items.length).map((file) => ({ file }))]);
  };
  const addChosen = ({ currentTarget: input }) => {
    add([...input.files]);
    input.value = "";
  };
  const onPaste = (event) => {
    const pasted = pastedFiles(event);
    if (!pasted.length) return;
    event.preventDefault();
    add(pasted);
  };
  const remove = (index) => {
    wanted.current = false;
    if (items.length === 1) return close();
    setItems(items.filter((_, at) => at !== index));
    setCurrent(Math.max(0, current > index ? current - 1 : Math.min(current, items.length - 2)));
  };
  const send = async () => {
    wanted.current = !ready;
    if (!ready || sending.current) return;
    sending.current = true;
    const kept = new Set();
    try {
      const sender = await client.loadFiles();
      for (const [index, { source, blob, file, media }] of good.entries()) {
        // What is said stands below the last one, what is answered above the first.
        const words = index === good.length - 1 ? text.trim() : "";
        await sender.send(conv, { blob, file, media, text: words, replyTo: begun.current ? null : replyTo });
        begun.current = true;
        kept.add(source);
      }
      close();
      sent();
    } catch (error) {
      const full = error.code === "outbox_full" || error.name === "QuotaExceededError";
      setFailure(t(full ? "upload.outbox_full" : "upload.not_kept"));
      setItems(items.filter((item) => !kept.has(item.file)));
      setCurrent(0);
    }
    sending.current = false;
  };
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !isComposing(event)) submit(event);
  };
  useEffect(() => {
    if (ready && wanted.current) send();
  }, [ready]);
  const title = t(pictures ? "picture.send_n" : "file.send_n", { n: good.length });
  return html`<${Dialog} title=${title} close=${close} class="send" holds="work">
    <form class="db" onSubmit=${submit} onPaste=${onPaste}>
      <${Shown} key=${shown.file.name + current} item=${shown} />
      <p class="about" role="status">${shown.error ? html`<span class="err"><${Icon} name="alert" size="s" />${shown.error}</span>` : shown.about}</p>
      ${files.length > MAX_FILES && html`<p class="hint">${t("upload.too_many", { n: MAX_FILES })}</p>`}
      <ul class="thumbs">
        ${chosen.map(
          (item, index) => html`<li key=${index}>
            ${items.length > 1 &&
            html`<button type="button" class="th ${item.error ? "bad" : ""}" aria-current=${index === current ? "true" : undefined}
              aria-label=${item.file.name || t("picture.nth", { n: index + 1 })} onClick=${() => setCurrent(index)}>
              <${Thumb} item=${item} /></button>`}
            <${IconButton} small icon="close" label=${t("upload.remove", { name: item.file.name || t("picture.nth", { n: index + 1 }) })}
              onClick=${() => remove(index)} /></li>`,
        )}
        <li><button type="button" class="th add" aria-label=${t("upload.more")} title=${t("upload.more")} disabled=${items.length >= MAX_FILES}
          onClick=${() => more.current.click()}><${Icon} name="plus" /></button></li>
      </ul>
      ${failure && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${failure}</p>`}
      ${canShrink &&
      html`<div class="opt"><span>${t("picture.original")}</span>
        <${Switch} label=${t("picture.original")} checked=${original} onChange=${setOriginal} /></div>`}
      <div class="words">
        <label class="inp"><span class="vh">${t("picture.caption")}</span>
          <textarea rows=${Math.min(MAX_LINES, text.split("\n").length)} value=${text} placeholder=${t("picture.caption")} autocomplete="off"
            enterkeyhint="send" onKeyDown=${onKeyDown} onInput=${(event) => setText(event.currentTarget.value)}></textarea></label>
        <button class="ib solid ${ready ? "" : "idle"}" aria-disabled=${ready ? undefined : "true"}
          aria-label=${t("chat.send")} title=${t("chat.send")}><${Icon} name="send" /></button>
      </div>
      <input ref=${more} type="file" multiple hidden onChange=${addChosen} />
    </form>
  <//>`;
}

/** Look at what was chosen, one after the other: pictures are large when they are open. */
function useExamined(items, setItems) {
  useEffect(() => {
    const next = items.find((item) => !item.examined);
    if (!next) return undefined;
    let over = false;
    examine(next.file)
      .catch(() => null)
      .then((picture) => {
        if (!over) setItems((now) => now.map((item) => (item.file === next.file ? { ...item, picture, examined: true } : item)));
      });
    return () => (over = true);
  }, [items]);
}

/** What of an item would go out, what is said of it, and why it cannot go. */
function choose({ file, picture, examined }, original, limit, { t, lang }) {
  const phone = isPhonePicture(file);
  const small = picture?.small && (!original || phone) ? picture.small : null;
  const blob = small?.blob ?? file;
  const media = picture ? "picture" : "file";
  const size = bytes(file.size, lang);
  const about = small
    ? t("picture.smaller", { before: size, after: bytes(blob.size, lang) })
    : t(picture ? "picture.stripped" : "file.size", { size });
  const known = { file, examined, media, blob, about };
  const shown = { name: file.name, type: blob.type, ...(picture && edges(small ?? picture)) };
  let error = null;
  if (file.size === 0) error = t("upload.empty");
  else if (examined && phone && !picture) error = t("picture.heic");
  else if (blob.size > limit) error = t("upload.too_large", { size: bytes(blob.size, lang), limit: bytes(limit, lang) });
  return { ...known, source: file, file: shown, error };
}

const edges = ({ width, height }) => ({ width, height });

function Shown({ item }) {
  const url = useObjectUrl(item.media === "picture" ? item.source : null);
  if (!url) return html`<div class="pvw file"><${FileTile} name=${item.file.name} /><b>${item.file.name}</b></div>`;
  return html`<div class="pvw"><img src=${url} alt=${item.file.name} /></div>`;
}

function Thumb({ item }) {
  const source = useMemo(() => (item.media === "picture" ? item.source : null), [item.media, item.source]);
  const url = useObjectUrl(source);
  return url ? html`<img src=${url} alt="" />` : html`<${FileTile} name=${item.file.name} />`;
}
