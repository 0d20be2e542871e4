import { SOUND_EVERY_MS } from "../../core/telling.js";

/** Two soft tones, a fourth apart: `[Hz, begins, lasts]`, in seconds. */
const TONES = [
  [659.3, 0, 0.16],
  [880, 0.11, 0.3],
];
const LOUDNESS = 0.12;

/**
 * The sound of a new message, made here: there is no file to load. Browsers allow it once the page
 * was touched. `play()` answers whether it sounded: not twice in two seconds, not while one writes.
 */
export function createChime({ clock, Context = globalThis.AudioContext, activation = navigator.userActivation }) {
  let context = null;
  let quietUntil = 0;
  return {
    get able() {
      return Boolean(Context) && (activation?.hasBeenActive ?? true);
    },
    /** A key was pressed in a text: no sound for a while. */
    writing() {
      quietUntil = Math.max(quietUntil, clock.now() + SOUND_EVERY_MS);
    },
    play({ anyway = false } = {}) {
      if (!Context || (!anyway && (!this.able || clock.now() < quietUntil))) return false;
      quietUntil = clock.now() + SOUND_EVERY_MS;
      context ??= new Context();
      context.resume().then(() => ring(context), () => {});
      return true;
    },
  };
}

function ring(context) {
  for (const [pitch, begins, lasts] of TONES) {
    const at = context.currentTime + begins;
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(LOUDNESS, at + 0.012);
    level.gain.exponentialRampToValueAtTime(0.0001, at + lasts);
    tone.connect(level).connect(context.destination);
    tone.start(at);
    tone.stop(at + lasts);
  }
}
