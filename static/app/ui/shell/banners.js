import { html, useEffect, useState } from "../../../vendor/preact.js";
import { ALL } from "../../core/names.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { PlainNotice } from "./plain.js";

/** A cut shorter than this shows no banner, in ms. */
const QUIET_MS = 1_000;

/** What stands above the panes: the link, an announcement, notices. */
export function Banners() {
  return html`<div class="banners">
    <${LinkBanner} />
    <${NewVersion} />
    <${Announcement} />
    <${Notice} />
    <${PlainNotice} />
  </div>`;
}

function LinkBanner() {
  const { t, client } = useApp();
  const link = client.link.value;
  void client.outboxVersion.value;
  const [, tick] = useState(0);
  const away = link.since !== null;
  useEffect(() => {
    if (!away) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, [away]);
  const show = away && client.clock.now() - link.since >= QUIET_MS;
  const waiting = client.outbox.waiting;
  const left = link.retryAt ? Math.max(0, Math.ceil((link.retryAt - client.clock.now()) / 1000)) : 0;
  return html`<div role="status">
    ${show &&
    html`<div class="banner">
      ${link.name === "connecting" ? html`<span class="spin"></span>` : html`<${Icon} name="link-off" />`}
      <p>
        ${waiting ? t("link.offline_waiting", { n: waiting }) : t("link.offline")}
        <span aria-hidden="true" class="num">
          ${" · "}${link.name === "connecting" ? t("link.connecting") : t("link.retry_in", { seconds: left })}
        </span>
      </p>
      <button type="button" onClick=${() => client.connection.retryNow()}>${t("link.now")}</button>
    </div>`}
  </div>`;
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

/** The newest unread announcement, until "Got it". */
function Announcement() {
  const { t, client, times, router } = useApp();
  const summary = client.conversations.get(ALL);
  const { area, id } = router.place.value;
  const last = summary?.last;
  const reading = area === "chats" && id === ALL;
  if (!summary?.unread || reading || last?.op !== "message" || last.recalled) return null;
  return html`<section class="bcast" aria-label=${t("chat.announcements")}>
    <${Icon} name="horn" />
    <p>
      ${last.text}
      <small>${t("broadcast.from", { name: client.people.name(last.from) })} · ${times.short(last.time)}</small>
    </p>
    <button type="button" class="btn small" onClick=${() => client.markRead(ALL, summary.last_seq)}>
      ${t("broadcast.got_it")}
    </button>
  </section>`;
}

function Notice() {
  const { t, client, times } = useApp();
  const notice = client.notice.value;
  if (!notice) return null;
  return html`<section class="bcast" aria-label=${t("broadcast.notice")}>
    <${Icon} name="info" />
    <p>${notice.text}<small>${times.clock(notice.time)}</small></p>
    <button type="button" class="btn small" onClick=${() => (client.notice.value = null)}>
      ${t("broadcast.got_it")}
    </button>
  </section>`;
}
