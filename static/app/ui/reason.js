/** Codes of the page itself: nobody was asked, or nobody answered. */
const UNANSWERED = new Set(["disconnected", "timeout", "busy", "unreachable"]);

/** Why something was not done: the node's own words, or that there was no node to ask. */
export function reason(t, { code, message }) {
  if (UNANSWERED.has(code)) return t("link.needs");
  if (code === "outbox_full") return t("send.outbox_full");
  // What the browser itself says has no code of ours, and is not in the reader's language.
  return (typeof code === "string" && message) || t("state.error");
}

/** Tells why what was asked for was not done. */
export const failing =
  ({ t, layers }) =>
  (error) =>
    layers.say(reason(t, error));
