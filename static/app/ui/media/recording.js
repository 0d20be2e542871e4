/** Longest and shortest voice message, in ms. */
export const MAX_MS = 60_000;
export const MIN_MS = 800;
const LEVEL_MS = 50;
const BITS_PER_SECOND = 32_000;
/** What a browser may be able to write, the smallest first. */
const TYPES = ["audio/webm;codecs=opus", "audio/mp4;codecs=opus", "audio/mp4;codecs=mp4a.40.2", "audio/mp4", "audio/ogg;codecs=opus"];
const VOICE = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } };

/** Why this page cannot record: `insecure`, `unsupported`, or null. */
export function obstacle() {
  if (!navigator.mediaDevices?.getUserMedia) return window.isSecureContext ? "unsupported" : "insecure";
  return typeOf() ? null : "unsupported";
}

const typeOf = () => TYPES.find((type) => globalThis.MediaRecorder?.isTypeSupported(type)) ?? null;

/**
 * A recording from the microphone, which has begun when this resolves. `onLevel(ms, level)` tells how
 * long it is and how loud (0 to 1), 20 times a second. Throws what `getUserMedia` throws.
 */
export async function record(onLevel) {
  const stream = await navigator.mediaDevices.getUserMedia(VOICE);
  const context = new AudioContext();
  // Some browsers begin it paused.
  context.resume();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  const recorder = new MediaRecorder(stream, { mimeType: typeOf(), audioBitsPerSecond: BITS_PER_SECOND });
  const levels = [];
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start(1000);
  const began = performance.now();
  const timer = setInterval(() => {
    analyser.getByteTimeDomainData(samples);
    let loudest = 0;
    for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample - 128) / 128);
    // As ears hear it.
    levels.push(Math.sqrt(loudest));
    onLevel(performance.now() - began, levels.at(-1));
  }, LEVEL_MS);
  const release = () => {
    clearInterval(timer);
    stream.getTracks().forEach((track) => track.stop());
    context.close();
  };
  return {
    /** Ends it: `{blob, ms, levels}`. */
    async stop() {
      const ms = Math.round(Math.min(performance.now() - began, MAX_MS));
      const ended = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.stop();
      await ended;
      release();
      return { blob: new Blob(parts, { type: recorder.mimeType }), ms, levels };
    },
    cancel() {
      recorder.onstop = null;
      if (recorder.state !== "inactive") recorder.stop();
      release();
    },
  };
}
