import { html, useEffect } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { isUploading, Sending } from "./sending.js";
import { keyOf } from "./voices.js";
import { Wave } from "./wave.js";

/** A button that plays, the way of the sound, which can be sought in, and the speed. */
export function Track({ player, track, file, active = true, children }) {
  const { t, times } = useApp();
  const { key } = track;
  const current = player.key.value === key;
  const playing = current && player.playing.value;
  const length = (file.duration_ms ?? 0) / 1000;
  const time = current ? Math.min(player.time.value, length) : 0;
  const tab = active ? 0 : -1;
  useEffect(() => () => player.stop(key), [key]);
  return html`
    <button type="button" class="pl" tabindex=${tab} aria-label=${t(playing ? "voice.pause" : "voice.play")} onClick=${() => player.toggle(track)}>
      <${Icon} name=${playing ? "pause" : "play"} /></button>
    <div class="way">
      <${Wave} levels=${file.waveform} share=${length ? time / length : 0} />
      <input type="range" min="0" max=${length} step="0.1" value=${time} tabindex=${tab} aria-label=${t("voice.seek")}
        aria-valuetext=${t("voice.at", { time: times.left(time * 1000), length: times.left(length * 1000) })}
        onInput=${(event) => player.seek(track, Number(event.currentTarget.value))} />
    </div>
    <button type="button" class="sp" tabindex=${tab} aria-label=${t("voice.speed", { rate: String(player.rate.value) })}
      onClick=${() => player.faster()}>${player.rate.value}×</button>
    <div class="info"><span>${times.left((current && time > 0 ? time : length) * 1000)}</span>${children}</div>
  `;
}

/** A voice message. */
export function Voice({ entry, item, active, voices, meta }) {
  const { t, client } = useApp();
  const { player } = voices;
  const blob = item?.blob ?? client.files.value?.bytesOf(entry.file) ?? null;
  const track = voices.track(entry, blob);
  const failed = player.failed.value;
  void player.key.value;
  const fresh = entry.from !== client.me.id && !voices.heard(entry.file);
  return html`<div class="voice">
    <${Track} player=${player} track=${track} file=${entry.file} active=${active}>
      ${fresh && html`<span class="fresh"><span class="vh">${t("voice.fresh")}</span></span>`}
      ${meta}
    <//>
    ${failed?.key === keyOf(entry) && html`<p class="err" role="alert">${t(failed.gone ? "voice.gone" : "voice.failed")}</p>`}
    ${isUploading(item) && html`<${Sending} item=${item} />`}
  </div>`;
}
