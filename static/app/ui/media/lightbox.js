import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { altOf } from "./picture.js";
import { addressOf } from "./sizes.js";
import { useZoom } from "./zoom.js";

/** So far an arrow moves a picture that is large, in CSS pixels. */
const STEP_PX = 80;

/** The pictures of a conversation that are at hand, large. */
export function Lightbox({ entry, forward, close }) {
  const app = useApp();
  const { t, times, client } = app;
  const held = client.history.log(entry.conv);
  void held.version.value;
  const [seq, setSeq] = useState(entry.seq);
  const dialog = useRef(null);
  const image = useRef(null);
  const [failed, setFailed] = useState(false);
  const pictures = held.log.entries.filter((one) => one.media === "picture" && one.file?.id && !one.recalled);
  const index = pictures.findIndex((one) => one.seq === seq);
  const shown = pictures[index] ?? null;
  const go = async (step) => {
    if (index + step < 0 && !held.log.start) await client.history.older(entry.conv);
    const now = held.log.entries.filter((one) => one.media === "picture" && one.file?.id && !one.recalled);
    const next = now[now.findIndex((one) => one.seq === seq) + step];
    if (next) setSeq(next.seq);
  };
  const zoom = useZoom(image, { onSwipe: go, onDismiss: close });
  useLayoutEffect(() => {
    dialog.current.showModal();
    dialog.current.focus();
  }, []);
  // What is looked at may be taken back meanwhile.
  useEffect(() => {
    if (!shown) close();
  }, [shown]);
  // Before anyone can make the next one larger.
  useLayoutEffect(() => {
    zoom.reset();
    setFailed(false);
  }, [seq]);
  useEffect(() => {
    for (const near of [pictures[index - 1], pictures[index + 1]]) if (near) new Image().src = addressOf(near.file);
  }, [seq]);
  if (!shown) return html`<dialog ref=${dialog} class="lb" aria-label=${t("picture.large")}></dialog>`;

  const { file } = shown;
  const onKeyDown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowLeft: () => zoom.move(STEP_PX, 0) || go(-1),
      ArrowRight: () => zoom.move(-STEP_PX, 0) || go(1),
      ArrowUp: () => zoom.move(0, STEP_PX),
      ArrowDown: () => zoom.move(0, -STEP_PX),
      "+": () => zoom.by(1),
      "=": () => zoom.by(1),
      "-": () => zoom.by(-1),
      0: () => zoom.reset(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const name = client.people.name(shown.from);
  return html`<dialog ref=${dialog} class="lb" tabindex="-1" aria-label=${t("picture.large")} onKeyDown=${onKeyDown} onClose=${close}
    onCancel=${(event) => {
      event.preventDefault();
      close();
    }}>
    <header class="lh">
      <${IconButton} icon="close" label=${t("action.close")} onClick=${close} />
      <div role="status"><b>${name}</b><small>${[
        when(times, shown.time),
        pictures.length > 1 && t("picture.of", { n: index + 1, all: pictures.length }),
      ].filter(Boolean).join(" · ")}</small></div>
      ${forward &&
      html`<${IconButton} icon="forward" label=${t("message.forward")} onClick=${() => {
        close();
        forward(shown);
      }} />`}
      <a class="ib" href=${addressOf(file)} download=${file.name || true} aria-label=${t("picture.save")} title=${t("picture.save")}><${Icon} name="download" /></a>
    </header>
    <figure>
      ${index > 0 || !held.log.start
        ? html`<${IconButton} class="prev" icon="back" label=${t("picture.previous")} onClick=${() => go(-1)} />`
        : null}
      ${failed
        ? html`<p class="lost"><${Icon} name="image" size="xl" />${t("picture.failed")}</p>`
        : html`<img key=${seq} ref=${image} src=${addressOf(file)} alt=${altOf(app, shown)} width=${file.width} height=${file.height}
            draggable=${false} onError=${() => setFailed(true)} />`}
      ${index < pictures.length - 1 && html`<${IconButton} class="next" icon="next" label=${t("picture.next")} onClick=${() => go(1)} />`}
    </figure>
    <footer class="lf">
      <p>${shown.text}</p>
      <${IconButton} icon="minus" label=${t("picture.smaller_view")} onClick=${() => zoom.by(-1)} />
      <${IconButton} icon="plus" label=${t("picture.larger_view")} onClick=${() => zoom.by(1)} />
    </footer>
  </dialog>`;
}

function when(times, time) {
  const [day, clock] = [times.short(time), times.clock(time)];
  return day === clock ? clock : `${day} ${clock}`;
}
