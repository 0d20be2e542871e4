import { html } from "../../../vendor/preact.js";
import { FAILED } from "../../core/outbox.js";
import { ALL } from "../../core/names.js";
import { Icon } from "../elements.js";
import { eventText } from "../event-text.js";

/** Longest text that a row needs, in UTF-16 units. */
const MAX_PREVIEW = 160;

/** One line of a conversation: typing, failed, draft, mention, or the last text, in that order. */
export function preview(app, summary) {
  const { t, client } = app;
  const { conv } = summary;
  const typing = client.typing.users(conv);
  if (typing.length) return html`<span class="typ">${typingText(app, conv, typing)}</span>`;
  const items = client.outbox.items(conv);
  const failed = items.find((item) => item.state === FAILED);
  if (failed) {
    return html`<span class="fail"><${Icon} name="alert" size="s" />${" "}${t("send.failed_short")}</span>${" "}${mediaText(t, failed)}`;
  }
  const recording = client.drafts.recording(conv);
  const draft = client.drafts.get(conv)?.text.trim() || (recording && mediaText(t, { media: "audio", ...recording }));
  if (draft && app.router.place.value.id !== conv) {
    return html`<span class="draft">${t("list.draft")}</span>${" "}${line(draft)}`;
  }
  const waiting = items[items.length - 1];
  if (waiting) {
    return html`<${Icon} name="clock" size="s" /><span class="vh">${t("send.waiting")}</span>${" "}${mediaText(t, waiting)}`;
  }
  const text = lastText(app, summary);
  if (summary.mention_seq) return html`<span class="ment">${t("list.mention")}</span>${" "}${text}`;
  return html`${mark(app, summary)}${text}`;
}

export function typingText({ t, client }, conv, users) {
  const names = users.map((id) => client.people.name(id));
  if (conv.startsWith("p:")) return t("typing.private");
  if (names.length <= 2) return t("typing.names", { names: names.join(t("list.comma")), n: names.length });
  return t("typing.many", { name: names.slice(0, 2).join(t("list.comma")), n: names.length - 2 });
}

function lastText(app, summary) {
  const { t, client } = app;
  const { last } = summary;
  if (!last) return summary.conv === ALL ? t("broadcast.none") : t("list.no_messages");
  if (last.op === "event") return eventText(app, last);
  const mine = last.from === client.me.id;
  const author = mine ? t("list.you") : client.people.name(last.from);
  if (last.recalled) return mine ? t("recall.by_me") : t("recall.by", { name: author });
  const text = mediaText(t, last);
  return summary.peer || (mine && summary.conv === ALL) ? text : t("list.said", { name: author, text });
}

/** A message's text, or words for what it is. */
export function mediaText(t, entry) {
  if (entry.expired) return t("expired.message");
  const text = line(entry.text ?? "");
  if (entry.media && entry.media !== "text") {
    const { name, duration_ms: ms } = entry.file ?? {};
    const about = ms ? `${Math.ceil(ms / 1000)}″` : entry.media === "file" && name;
    return [t(`media.${entry.media}`), text || about].filter(Boolean).join(" ");
  }
  return text;
}

/** How far my last message to a person has come. */
function mark({ t, client }, { last, peer, peer_read_seq: read, peer_delivered_seq: delivered }) {
  if (!peer || last?.op !== "message" || last.recalled || last.from !== client.me.id) return null;
  const [icon, word] =
    (read ?? 0) >= last.seq
      ? ["checks", "send.seen"]
      : (delivered ?? 0) >= last.seq
        ? ["checks", "send.delivered"]
        : ["check", "send.stored"];
  return html`<${Icon} name=${icon} size="s" /><span class="vh">${t(word)}</span>${" "}`;
}

function line(text) {
  return text.slice(0, MAX_PREVIEW).replace(/\s+/gu, " ");
}
