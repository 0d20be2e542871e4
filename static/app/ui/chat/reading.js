import { useEffect } from "../../../vendor/preact.js";
import { listen } from "../listen.js";

/** A message counts as read when it was at least half in view this long, in ms. */
const READ_MS = 500;

/**
 * Tells how far the conversation was read: only while the page is visible and has the focus.
 * When the page is left and messages come meanwhile, the "new messages" line is drawn before them.
 */
export function useReading({ app, conv, log, scroller, content, line, redraw }) {
  const { client } = app;
  useEffect(() => {
    let timer = null;
    let leftAt = null;
    const looking = () => document.visibilityState === "visible" && document.hasFocus();
    const note = () => {
      timer = null;
      if (!looking() || !scroller.current) return;
      const seq = lastInView(scroller.current, content.current);
      if (!seq) return;
      const lastShown = log.entries[log.entries.length - 1]?.seq;
      client.markRead(conv, log.atEnd && seq >= lastShown ? log.to : seq);
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(note, READ_MS);
    };
    const onLeave = () => {
      if (!looking()) leftAt ??= log.to;
    };
    const onReturn = () => {
      if (!looking()) return;
      const summary = client.conversations.get(conv);
      if (leftAt !== null && summary?.unread > 0 && summary.read_seq >= leftAt) {
        line.current = leftAt;
        redraw((n) => n + 1);
      }
      leftAt = null;
      later();
    };
    const element = scroller.current;
    const observer = new MutationObserver(later);
    observer.observe(content.current, { childList: true });
    const onVisible = () => (document.visibilityState === "visible" ? onReturn() : onLeave());
    const ends = [
      listen(element, { scroll: later }, { passive: true }),
      listen(window, { focus: onReturn, blur: onLeave }),
      listen(document, { visibilitychange: onVisible }),
    ];
    later();
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      ends.forEach((end) => end());
    };
  }, [conv]);
}

function lastInView(scroller, content) {
  const box = scroller.getBoundingClientRect();
  for (let index = content.children.length - 1; index >= 0; index -= 1) {
    const row = content.children[index];
    const seq = Number(row.dataset.seq);
    if (!seq) continue;
    const { top, height } = row.getBoundingClientRect();
    if (top + height / 2 <= box.bottom && height > 0) return seq;
  }
  return 0;
}
