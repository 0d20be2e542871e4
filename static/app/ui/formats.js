import { useMemo } from "../../vendor/preact.js";
import { useApp } from "./context.js";

export function useFormats() {
  const { lang } = useApp();
  return useMemo(() => createFormats(lang), [lang]);
}

/** Numbers, spans and moments in the page's language. */
function createFormats(lang) {
  const locale = lang === "zh" ? "zh-CN" : "en-GB";
  const unit = (name, options = {}) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short", ...options });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const fine = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const megabytes = unit("megabyte", { maximumFractionDigits: 0 });
  const spans = [
    [86_400_000, unit("day")],
    [3_600_000, unit("hour")],
    [60_000, unit("minute")],
    [1_000, unit("second")],
  ];
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const stamp = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  return {
    count: (value) => whole.format(value),
    rate: (value) => (value < 10 ? fine : whole).format(value),
    percent: (value) => percent.format(value),
    megabytes: (bytes) => megabytes.format(bytes / 1e6),
    /** A span in its largest unit. */
    span(milliseconds) {
      const [size, format] = spans.find(([ms]) => milliseconds >= ms) ?? spans[spans.length - 1];
      const said = format.format(Math.max(0, Math.floor(milliseconds / size)));
      // Between a figure and a Chinese word the page has a space, the browser's words have none.
      return said.replace(/(\d)(?=[^\d\s])/, "$1 ");
    },
    clock: (time) => clock.format(time),
    /** A day with its clock time. */
    stamp: (time) => stamp.format(time),
  };
}
