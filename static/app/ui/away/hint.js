import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";

/** Offers notifications once, after one has written something here; the answer is kept. */
export function NoticesHint() {
  const { t, notifier, layers } = useApp();
  const [asking, setAsking] = useState(false);
  const allow = async () => {
    setAsking(true);
    const answer = await Notification.requestPermission();
    notifier.value.hintDone();
    layers.say(t(answer === "granted" ? "notices.now_on" : "notices.later"));
  };
  return html`<section class="hint-card" aria-label=${t("notices.title")}>
    <${Icon} name="bell" />
    <p>${t("notices.hint")}</p>
    <div>
      <button type="button" class="btn primary small" disabled=${asking} onClick=${allow}>${t("notices.allow")}</button>
      <button type="button" class="btn quiet small" onClick=${() => notifier.value.hintDone()}>${t("notices.not_now")}</button>
    </div>
  </section>`;
}
