import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { whenIdle } from "../idle.js";
import { lazy } from "../lazy.js";

// Not in the way of the list; where it cannot be had, there is the link's own banner.
const News = lazy(() => whenIdle().then(() => import("./news.js")), "News", [], undefined, { failing: () => null, first: true });

/** What stands above the panes: the link, an announcement, notices. */
export function Banners() {
  return html`<div class="banners">
    <${LinkBanner} />
    <${News} />
  </div>`;
}

function LinkBanner() {
  const { t, client, over, leave } = useApp();
  const link = client.link.value;
  void client.outboxVersion.value;
  const [, tick] = useState(0);
  const away = client.offline.value;
  useEffect(() => {
    if (!away) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, [away]);
  const waiting = client.outbox.waiting;
  const left = link.retryAt ? Math.max(0, Math.ceil((link.retryAt - client.clock.now()) / 1000)) : 0;
  if (over.value) {
    return html`<div role="alert"><div class="banner">
      <${Icon} name="link-off" /><p>${t("link.over")}</p>
      <button type="button" onClick=${leave}>${t("link.log_in")}</button>
    </div></div>`;
  }
  return html`<div role="status">
    ${away &&
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
