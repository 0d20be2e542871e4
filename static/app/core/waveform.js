/** Bars of a waveform, in the bubble and in what is sent. */
export const BARS = 42;
/** Loudness of a bar when it is sent. */
const LOUDEST = 100;

/** Levels of a recording (0 to 1, any number) as `bars` whole numbers from 0 to 100, the loudest 100. */
export function waveform(levels, bars = BARS) {
  const loudest = Math.max(...levels, 0.01);
  return Array.from({ length: bars }, (_, index) => {
    const from = Math.floor((index * levels.length) / bars);
    const part = levels.slice(from, Math.max(from + 1, Math.floor(((index + 1) * levels.length) / bars)));
    return Math.round((Math.max(0, ...part) / loudest) * LOUDEST);
  });
}
