import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Dialog } from "../layer-views.js";
import { reason } from "../reason.js";

/** Edge of what is sent, in pixels; the node keeps no more. */
const EDGE = 512;
const QUALITY = 0.9;
const MAX_ZOOM = 4;
/** An arrow key moves the picture so far, as a share of the frame. */
const STEP = 0.04;

/**
 * Choose a square of a picture, for oneself or a group. `save(id)` puts the uploaded one in place, 0
 * takes the present one away.
 */
export function CropDialog({ title, present, save, close }) {
  const { t, client } = useApp();
  const [bitmap, setBitmap] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  const frame = useRef(null);
  useEffect(() => () => bitmap?.close(), [bitmap]);

  const choose = async (event) => {
    const [file] = event.currentTarget.files;
    event.currentTarget.value = "";
    if (!file) return;
    try {
      setBitmap(await createImageBitmap(file));
      setProblem(null);
    } catch {
      setProblem(t("crop.unreadable"));
    }
  };
  const finish = async (make) => {
    setBusy(true);
    setProblem(null);
    try {
      await save(await make());
      close();
    } catch (error) {
      setBusy(false);
      setProblem(reason(t, error));
    }
  };
  const use = () =>
    finish(async () => {
      const files = await client.loadFiles();
      return files.sendSquare(await frame.current());
    });
  return html`<${Dialog} title=${title} close=${close} class="crop" holds=${bitmap ? "work" : null}>
    <div class="db">
      ${bitmap
        ? html`<${Frame} key=${bitmap} bitmap=${bitmap} handle=${frame} />`
        : html`<button type="button" class="choose" onClick=${() => input.current.click()}><${Icon} name="image" size="xl" />${t("crop.choose")}</button>`}
      ${problem && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${problem}</p>`}
      <input ref=${input} type="file" accept="image/*" hidden onChange=${choose} />
    </div>
    <footer class="da">
      ${!bitmap && present && html`<button type="button" class="btn danger" disabled=${busy} onClick=${() => finish(async () => 0)}>${t("crop.remove")}</button>`}
      ${bitmap && html`<button type="button" class="btn quiet" disabled=${busy} onClick=${() => input.current.click()}>${t("crop.other")}</button>`}
      <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
      ${bitmap && html`<button type="button" class="btn primary" disabled=${busy} onClick=${use}>${t("crop.use")}</button>`}
    </footer>
  <//>`;
}

/** The part of a picture that is used: moved by hand or with arrow keys, made larger with two fingers or a slider. */
function Frame({ bitmap, handle }) {
  const { t } = useApp();
  const canvas = useRef(null);
  const [view, setView] = useState({ zoom: 1, x: 0, y: 0 });
  /** Where the fingers, or the mouse, are, and how it was when the last of them came or went. */
  const fingers = useRef(new Map());
  const grip = useRef(null);
  /** How far the middle may move, as a share of the frame, at a zoom. */
  const limited = ({ zoom, x, y }) => {
    const shortest = Math.min(bitmap.width, bitmap.height);
    const across = ((bitmap.width / shortest) * zoom - 1) / 2;
    const down = ((bitmap.height / shortest) * zoom - 1) / 2;
    const within = (value, most) => Math.min(most, Math.max(-most, value));
    return { zoom, x: within(x, across), y: within(y, down) };
  };
  const change = (make) => setView((now) => limited({ ...now, ...make(now) }));
  useLayoutEffect(() => {
    const scale = (EDGE / Math.min(bitmap.width, bitmap.height)) * view.zoom;
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    const context = canvas.current.getContext("2d");
    context.imageSmoothingQuality = "high";
    // What is see-through would become black.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, EDGE, EDGE);
    context.drawImage(bitmap, (EDGE - width) / 2 + view.x * EDGE, (EDGE - height) / 2 + view.y * EDGE, width, height);
  }, [view]);
  handle.current = () =>
    new Promise((resolve, reject) =>
      canvas.current.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t("crop.unreadable")))), "image/jpeg", QUALITY),
    );
  const onKeyDown = (event) => {
    const [x, y] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    const step = { "+": 0.1, "=": 0.1, "-": -0.1 }[event.key] ?? 0;
    if (!x && !y && !step) return;
    event.preventDefault();
    change((now) => ({ x: now.x + x * STEP, y: now.y + y * STEP, zoom: Math.min(MAX_ZOOM, Math.max(1, now.zoom + step)) }));
  };
  const spread = () => {
    const [one, other] = [...fingers.current.values()];
    return other ? Math.hypot(one.x - other.x, one.y - other.y) : null;
  };
  const begin = () => {
    const [first] = fingers.current.values();
    grip.current = first ? { ...first, view, spread: spread() } : null;
  };
  const onDown = (event) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    begin();
  };
  const onMove = (event) => {
    if (!fingers.current.has(event.pointerId)) return;
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const edge = event.currentTarget.clientWidth;
    const { x, y, view: before, spread: apart } = grip.current;
    if (apart) change(() => ({ zoom: Math.min(MAX_ZOOM, Math.max(1, (before.zoom * spread()) / apart)) }));
    else change(() => ({ x: before.x + (event.clientX - x) / edge, y: before.y + (event.clientY - y) / edge }));
  };
  const onUp = (event) => {
    if (fingers.current.delete(event.pointerId)) begin();
  };
  /** The system took the finger away: what it did is undone. */
  const onCancel = (event) => {
    if (grip.current) setView(grip.current.view);
    onUp(event);
  };
  return html`
    <div class="frame" role="group" tabindex="0" aria-label=${t("crop.frame")} onKeyDown=${onKeyDown}
      onPointerDown=${onDown} onPointerMove=${onMove} onPointerUp=${onUp} onPointerCancel=${onCancel}>
      <canvas ref=${canvas} width=${EDGE} height=${EDGE} role="img" aria-label=${t("crop.shown")}></canvas>
    </div>
    <label class="zoom"><span>${t("crop.zoom")}</span>
      <input type="range" min="1" max=${MAX_ZOOM} step="0.01" value=${view.zoom}
        onInput=${(event) => {
          const zoom = Number(event.currentTarget.value);
          change(() => ({ zoom }));
        }} /></label>
    <p class="hint">${t("crop.hint")}</p>
  `;
}
