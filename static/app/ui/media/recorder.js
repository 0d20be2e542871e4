import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../../vendor/preact.js";
import { BARS, waveform } from "../../core/waveform.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { Player } from "./player.js";
import { MAX_MS, MIN_MS, obstacle, record } from "./recording.js";
import { Track } from "./voice.js";
import { Wave } from "./wave.js";

/** From here on the time that is left is shown in red, in ms. */
const SOON_MS = 10_000;

const REASONS = { NotAllowedError: "refused", NotFoundError: "none", NotReadableError: "none" };

/**
 * Record a voice message in place of writing: stop and listen, or send at once. What was recorded is
 * a draft until it is sent or discarded; leaving the conversation stops it and keeps it. `hold`: what a finger
 * does that holds the button (see `followHold`).
 */
export function Recorder({ conv, replyTo, hold, sent, close }) {
  const { t, client, layers, times } = useApp();
  const { drafts } = client;
  const kept = useMemo(() => drafts.recording(conv), []);
  const [problem, setProblem] = useState(() => (kept ? null : obstacle()));
  const [live, setLive] = useState({ ms: 0, levels: [] });
  const [done, setDone] = useState(kept);
  const recording = useRef(null);
  const box = useRef(null);

  useEffect(() => {
    if (problem || kept) return undefined;
    let over = false;
    const onLevel = (ms, level) => setLive(({ levels }) => ({ ms, levels: [...levels.slice(1 - BARS), level] }));
    record(onLevel).then(
      (begun) => {
        if (over) begun.cancel();
        else recording.current = begun;
      },
      (error) => over || setProblem(REASONS[error.name] ?? "none"),
    );
    return () => {
      over = true;
      stop().then((made) => made && drafts.recording(conv) && layers.say(t("voice.kept")));
    };
  }, []);
  useEffect(() => {
    if (problem || done) return undefined;
    // Closing the tab is the one way in which what is being said would be lost.
    const warn = (event) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [problem, done]);
  const holding = hold.value === "held" || hold.value === "away";
  useEffect(() => {
    const outcome = hold.value;
    if (!outcome || holding) return;
    hold.value = null;
    // While the browser asks for the microphone nobody can hold: it goes on by tapping.
    if (outcome === "drop") discard();
    else if (outcome === "send" && (done || recording.current)) send();
    else if (outcome === "broken") stop();
  }, [hold.value]);
  const full = live.ms >= MAX_MS;
  useEffect(() => {
    if (full) stop();
  }, [full]);
  // What has the focus goes with each step; the next step's main button takes it.
  // What was kept is not sent by the Enter that opened the conversation.
  useLayoutEffect(() => box.current.querySelector(done && done === kept ? ".pl" : "[data-main]")?.focus(), [problem, done !== null, holding]);

  const stop = async () => {
    const current = recording.current;
    recording.current = null;
    if (!current) return null;
    const { blob, ms, levels } = await current.stop();
    const file = { name: "", type: blob.type, duration_ms: ms, waveform: waveform(levels) };
    const made = { blob, file };
    setDone(made);
    if (ms >= MIN_MS) drafts.keepRecording(conv, made);
    return made;
  };
  const discard = () => {
    recording.current?.cancel();
    recording.current = null;
    drafts.keepRecording(conv, null);
    close();
  };
  const send = async () => {
    const result = done ?? (await stop());
    if (!result) return;
    discard();
    if (result.file.duration_ms < MIN_MS) {
      layers.say(t("voice.short"));
      return;
    }
    sent();
    try {
      const files = await client.loadFiles();
      await files.send(conv, { ...result, media: "audio", replyTo });
    } catch (error) {
      drafts.keepRecording(conv, result);
      const kept = error.code !== "outbox_full" && error.name !== "QuotaExceededError";
      layers.say(t(kept ? "upload.not_kept" : "upload.outbox_full"));
    }
  };
  const onKeyDown = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    // What was said is not thrown away by one key.
    if (problem || done) discard();
    else stop();
  };
  if (problem) {
    return html`<div class="box rec" ref=${box} onKeyDown=${onKeyDown}>
      <p class="err" role="alert"><${Icon} name="alert" size="s" /><span>${t(`voice.${problem}`)}
        ${problem === "insecure" && client.boot.trust && html`${" "}<a href=${client.boot.trust}>${t("plain.how")}</a>`}</span></p>
      <${IconButton} icon="close" label=${t("action.close")} onClick=${close} data-main />
    </div>`;
  }
  const left = MAX_MS - live.ms;
  return html`<div class="box rec" role="group" aria-label=${t("voice.recording")} ref=${box} onKeyDown=${onKeyDown}>
    ${!holding && html`<${IconButton} icon="trash" label=${t("voice.discard")} onClick=${discard} />`}
    ${done
      ? html`<${Listen} done=${done} />`
      : html`<span class="rd" aria-hidden="true"></span>
          <span class="num strong" role="timer">${times.left(Math.floor(live.ms / 1000) * 1000)}</span>
          <${Wave} live levels=${[...new Array(BARS - live.levels.length).fill(0), ...live.levels]} />
          ${(!holding || left <= SOON_MS) &&
          html`<span class="num left ${left <= SOON_MS ? "soon" : ""}">${t("voice.left", { time: times.left(left) })}</span>`}
          ${!holding && html`<${IconButton} icon="stop" label=${t("voice.stop")} onClick=${stop} />`}`}
    ${done && full && html`<span class="vh" role="status">${t("voice.full")}</span>`}
    ${holding
      ? html`<span class="held ${hold.value}" role="status">${t(hold.value === "held" ? "voice.held" : "voice.away")}</span>`
      : html`<button type="button" class="ib solid" data-main aria-label=${t("voice.send")} title=${t("voice.send")} onClick=${send}><${Icon} name="send" /></button>`}
  </div>`;
}

/** Hear it before it goes. */
function Listen({ done }) {
  const player = useMemo(() => new Player({}), []);
  useEffect(() => () => player.stop(), []);
  const track = useMemo(() => ({ key: "new", load: async () => done.blob }), [done]);
  return html`<div class="voice"><${Track} player=${player} track=${track} file=${done.file} /></div>`;
}
