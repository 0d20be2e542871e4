const DAY_MS = 86_400_000;

/**
 * Times as the page shows them, in the reader's zone. `now()` answers milliseconds; 24 hours unless
 * the language's own custom is another.
 */
export function createTimes(lang, t, now = Date.now) {
  const locale = lang === "zh" ? "zh-CN" : "en-GB";
  const format = (options) => new Intl.DateTimeFormat(locale, options);
  const clockFormat = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const weekday = format({ weekday: "short" });
  const shortDay = format({ month: lang === "zh" ? "long" : "short", day: "numeric" });
  const shortYear = format({
    year: "numeric",
    month: lang === "zh" ? "long" : "short",
    day: "numeric",
  });
  const longDay = format({ month: "long", day: "numeric" });
  const longYear = format({ year: "numeric", month: "long", day: "numeric" });
  const longWeekday = format({ weekday: "long" });

  /** A name for the local day of a time; equal names are the same day. */
  function dayOf(time) {
    const date = new Date(time);
    return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
  }

  function daysAgo(time) {
    const start = (value) => new Date(value).setHours(0, 0, 0, 0);
    return Math.round((start(now()) - start(time)) / DAY_MS);
  }

  const sameYear = (time) => new Date(time).getFullYear() === new Date(now()).getFullYear();
  const clock = (time) => clockFormat.format(time);

  /** In lists: 10:42, Yesterday, Sun, 2 Nov, 2 Nov 2025. */
  function short(time) {
    const days = daysAgo(time);
    if (days <= 0) return clock(time);
    if (days === 1) return t("time.yesterday");
    if (days < 7) return weekday.format(time);
    return sameYear(time) ? shortDay.format(time) : shortYear.format(time);
  }

  /** On day separators: Today · Wednesday 25 November. */
  function day(time) {
    const days = daysAgo(time);
    const date = sameYear(time) ? longDay.format(time) : longYear.format(time);
    const full = lang === "zh" ? `${date} ${longWeekday.format(time)}` : `${longWeekday.format(time)} ${date}`;
    if (days === 0) return `${t("time.today")} · ${full}`;
    if (days === 1) return t("time.yesterday");
    return full;
  }

  /** How long ago somebody was here. */
  function ago(time) {
    const minutes = Math.floor((now() - time) / 60_000);
    if (minutes < 1) return t("time.moment");
    if (minutes < 60) return t("time.minutes", { n: minutes });
    return daysAgo(time) <= 0 ? clock(time) : `${short(time)} ${clock(time)}`;
  }

  /** What is left of a span: 1:24. */
  function left(milliseconds) {
    const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  return { dayOf, clock, short, day, ago, left };
}
