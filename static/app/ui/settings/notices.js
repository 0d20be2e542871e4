import { html, useState } from "../../../vendor/preact.js";
import { preferences } from "../../core/telling.js";
import { permission } from "../away/notifier.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Switch } from "../form-elements.js";

/** How one is told of new messages in this browser. */
export function NoticesCards() {
  const { t, client, storage, notifier } = useApp();
  const [chosen, setChosen] = useState(() => preferences(storage.get("notices")));
  const [can, setCan] = useState(permission);
  const choose = (change) => {
    const next = { ...chosen, ...change };
    storage.set("notices", next);
    setChosen(next);
  };
  const allow = async () => {
    await Notification.requestPermission();
    notifier.value?.hintDone();
    setCan(permission());
  };
  const option = (name, run = () => {}) => html`<div class="opt">
    <div>${t(`notices.${name}`)}<small>${t(`notices.${name}_text`)}</small></div>
    <${Switch} label=${t(`notices.${name}`)} checked=${chosen[name]} onChange=${(on) => {
      choose({ [name]: on });
      run(on);
    }} /></div>`;
  return html`
    <section class="card list">
      ${can === "yes"
        ? html`${option("on")}${chosen.on && option("text")}`
        : html`<div class="opt"><${Icon} name=${can === "ask" ? "bell" : "bell-off"} />
            <div>${t("notices.on")}<small>${t(`notices.${can}_text`)}
              ${can === "insecure" && client.boot.trust && html` <a href=${client.boot.trust}>${t("plain.how")}</a>`}</small></div>
            ${can === "ask" && html`<button type="button" class="btn primary small" onClick=${allow}>${t("notices.allow")}</button>`}
          </div>`}
    </section>
    <section class="card list">
      ${option("sound", (on) => on && notifier.value?.chime.play({ anyway: true }))}
    </section>
    <p class="muted">${t("notices.muted_text")}</p>
    <p class="muted">${t("notices.browser_text")}</p>
  `;
}
