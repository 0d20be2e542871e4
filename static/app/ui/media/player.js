import { signal } from "../../../vendor/preact.js";

const RATES = [1, 1.5, 2];
const TICK_MS = 100;
/** Beyond the end of any recording, in seconds. */
const FAR = 1e7;

/**
 * Plays recordings, one at a time. A track is `{key, load, next}`: `load()` gives its bytes, `next()`
 * the track that follows, or null.
 */
export class Player {
  constructor({ rate = 1, onRate }) {
    this.rate = signal(RATES.includes(rate) ? rate : 1);
    this.onRate = onRate;
    /** Key of the track that plays or pauses, whether it plays, where in it (seconds), and which failed. */
    this.key = signal(null);
    this.playing = signal(false);
    this.time = signal(0);
    this.failed = signal(null);
    this.track = null;
    this.audio = null;
    this.url = null;
    this.timer = null;
  }

  /** Play a track, or pause it. */
  async toggle(track) {
    if (this.key.value !== track.key) return this.#start(track, 0);
    if (this.playing.value) this.audio.pause();
    else await this.#play();
  }

  /** Go to a place of a track, in seconds; one that did not play begins there. */
  async seek(track, seconds) {
    if (this.key.value !== track.key) await this.#start(track, seconds);
    else {
      this.audio.currentTime = seconds;
      this.time.value = seconds;
    }
  }

  /** The next of the speeds. */
  faster() {
    this.rate.value = RATES[(RATES.indexOf(this.rate.value) + 1) % RATES.length];
    if (this.audio) this.audio.playbackRate = this.rate.value;
    this.onRate?.(this.rate.value);
  }

  stop(key = this.key.value) {
    if (key === null || key !== this.key.value) return;
    clearInterval(this.timer);
    this.audio?.pause();
    this.audio?.removeAttribute("src");
    this.audio = null;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.track = null;
    this.key.value = null;
    this.playing.value = false;
    this.time.value = 0;
  }

  async #start(track, seconds) {
    this.stop();
    this.track = track;
    this.key.value = track.key;
    this.time.value = seconds;
    this.failed.value = null;
    try {
      const blob = await track.load();
      if (this.track !== track) return;
      this.url = URL.createObjectURL(blob);
      this.audio = this.#listen(new Audio(this.url));
      await measured(this.audio);
      if (this.track !== track) return;
      this.audio.currentTime = seconds;
      await this.#play();
    } catch (error) {
      if (this.track !== track) return;
      this.stop();
      this.failed.value = { key: track.key, gone: error.gone ?? false };
    }
  }

  async #play() {
    this.audio.playbackRate = this.rate.value;
    await this.audio.play();
  }

  #listen(audio) {
    const own = (work) => () => this.audio === audio && work();
    audio.addEventListener("play", own(() => {
      this.playing.value = true;
      clearInterval(this.timer);
      this.timer = setInterval(() => (this.time.value = audio.currentTime), TICK_MS);
    }));
    audio.addEventListener("pause", own(() => {
      this.playing.value = false;
      clearInterval(this.timer);
      this.time.value = audio.currentTime;
    }));
    audio.addEventListener("ended", own(() => {
      const next = this.track.next?.();
      this.stop();
      if (next) this.#start(next, 0);
    }));
    return audio;
  }
}

/** Recordings of some browsers do not say how long they are, and cannot be sought in until they are measured. */
async function measured(audio) {
  await event(audio, "loadedmetadata");
  if (audio.duration !== Infinity) return;
  audio.currentTime = FAR;
  await event(audio, "durationchange");
}

function event(audio, name) {
  return new Promise((resolve, reject) => {
    audio.addEventListener(name, resolve, { once: true });
    audio.addEventListener("error", () => reject(audio.error), { once: true });
  });
}
