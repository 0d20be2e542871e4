import { html } from "../../../vendor/preact.js";
import { ALL } from "../../core/names.js";
import { useClockError } from "../clock.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { Bulletin, Once } from "./bulletin.js";
import { PlainNotice, PlainOffline } from "./plain.js";

/** What there is to be told once: a newer page, what was not sent elsewhere, an announcement, a notice of the operator, a wrong clock. */
export function News() {
  return html`<${NewVersion} /><${Unsent} /><${Announcement} /><${Notice} /><${PlainNotice} /><${PlainOffline} /><${ClockNotice} />`;
}

/** Why "today" is not today in the list, until "Got it"; the settings go on saying so. */
function ClockNotice() {
  const { t } = useApp();
  const error = useClockError();
  if (!error) return null;
  return html`<${Once} name="clock" icon="clock" role="status" label=${t("clock.title")} done=${t("broadcast.got_it")}>
    ${error}<small>${t("clock.text")}</small><//>`;
}

/** The node has a newer page than this one; what was written and not sent stays. */
function NewVersion() {
  const { t, client, newer } = useApp();
  if (!newer.value) return null;
  const load = () => {
    client.drafts.flush();
    location.reload();
  };
  return html`<section class="banner new-version" role="status" aria-label=${t("version.title")}>
    <${Icon} name="retry" />
    <p>${t("version.text")}</p>
    <button type="button" onClick=${load}>${t("version.load")}</button>
    <${IconButton} small icon="close" label=${t("version.later")} onClick=${() => (newer.value = false)} />
  </section>`;
}

/** Messages that failed in other conversations than the open one, until they are sent or deleted there. */
function Unsent() {
  const { t, client, router } = useApp();
  void client.outboxVersion.value;
  const { area, id } = router.place.value;
  const [first, ...more] = client.outbox.failedBeside(area === "chats" ? id : null);
  return html`<div role="status">
    ${first &&
    html`<div class="banner unsent">
      <${Icon} name="alert" />
      <p>${t("send.failed_n", { n: more.length + 1 })}</p>
      <button type="button" onClick=${() => router.go("chats", first.conv)}>${t("send.failed_show")}</button>
    </div>`}
  </div>`;
}

/** The newest unread announcement, until "Got it". */
function Announcement() {
  const { t, client, times, router } = useApp();
  const summary = client.conversations.get(ALL);
  const { area, id } = router.place.value;
  const last = summary?.last;
  const reading = area === "chats" && id === ALL;
  if (!summary?.unread || reading || last?.op !== "message" || last.recalled || last.expired) return null;
  const close = () => client.markRead(ALL, summary.last_seq);
  return html`<${Bulletin} icon="horn" label=${t("chat.announcements")} done=${t("broadcast.got_it")} close=${close}>
    ${last.text}
    <small>${t("broadcast.from", { name: client.people.name(last.from) })} · ${times.short(last.time)}</small><//>`;
}

function Notice() {
  const { t, client, times } = useApp();
  const notice = client.notice.value;
  if (!notice) return null;
  const close = () => (client.notice.value = null);
  return html`<${Bulletin} icon="info" label=${t("broadcast.notice")} done=${t("broadcast.got_it")} close=${close}>
    ${notice.text}<small>${times.clock(notice.time)}</small><//>`;
}
