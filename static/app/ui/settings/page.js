import { html, useEffect, useRef } from "../../../vendor/preact.js";
import { createStorage } from "../../data/storage.js";
import { useApp } from "../context.js";
import { Avatar, Icon, IconButton } from "../elements.js";
import { useEnterSends } from "../enter-sends.js";
import { Segments, Switch } from "../form-elements.js";
import { TokensCard } from "../programs/tokens.js";
import { useNarrow } from "../shell/pane-frame.js";
import { PlainCard } from "../shell/plain.js";
import { ClockCard } from "./clock-card.js";
import { DepartureCard } from "./departure.js";
import { DevicesCard, LogOutCard, PasswordCard } from "./devices.js";
import { FactorCard } from "./factor.js";
import { NoticesCards } from "./notices.js";
import { OwnDataCard } from "./own-data.js";
import { PhoneCard } from "./phone-card.js";
import { PrivacyCard } from "./privacy.js";
import { ProfileCard, RegisterCard } from "./profile.js";
import { QuickRepliesCard } from "./quick.js";
import { failing } from "../reason.js";

/** Settings: one section on wide screens; on a phone everything on one page. */
export function SettingsPage({ section }) {
  const { t, client, router } = useApp();
  const phone = useNarrow();
  const user = client.account.user.value;
  useEffect(() => void client.account.refresh(), []);
  const shown = section ?? (phone ? null : "profile");
  return html`<main class="page" id="main" tabindex="-1" data-region>
    <div class="page-in slim">
      <div class="page-t">
        ${section && html`<${IconButton} icon="back" class="back" label=${t("action.back")} onClick=${() => router.back("settings")} />`}
        <h2>${shown ? t(`settings.${shown}`) : t("area.me")}</h2>
      </div>
      ${!shown && html`<${Me} user=${user} href=${router.href("settings", "profile")} />`}
      ${!shown && user.role === "admin" && html`<${Way} icon="pulse" href=${router.href("admin")} title=${t("admin.title")} text=${t("admin.title_text")} />`}
      ${shown === "profile" &&
      (user.kind === "guest" ? html`<${RegisterCard} user=${user} />` : html`<${ProfileCard} user=${user} key=${user.id} />`)}
      ${shown === "programs" && html`<p class="muted">${t("tokens.text")}</p><${TokensCard} />`}
      ${(!shown || shown === "notices") && html`<${NoticesCards} />`}
      ${(!shown || shown === "appearance") && html`<${AppearanceCards} />`}
      ${shown === "quick" && html`<${QuickRepliesCard} />`}
      ${!shown && html`<${Section} name="quick" icon="bolt" />`}
      ${!shown && user.kind !== "guest" && html`<${Section} name="programs" icon="key" />`}
      ${(!shown || shown === "devices") &&
      html`<${PlainCard} /><${ClockCard} /><${DevicesCard} />${user.kind !== "guest" && html`<${PasswordCard} /><${FactorCard} />`}${!phone && html`<${PhoneCard} />`}`}
      ${(!shown || shown === "privacy") && html`<${PrivacyCard} /><${OwnDataCard} /><${DepartureCard} />`}
      ${(!shown || shown === "devices") && html`<${LogOutCard} />`}
    </div>
  </main>`;
}

/** On a phone: what has a page of its own. */
function Section({ name, icon }) {
  const { t, router } = useApp();
  return html`<a class="card opt" href=${router.href("settings", name)}><${Icon} name=${icon} />
    <span>${t(`settings.${name}`)}</span><${Icon} name="next" /></a>`;
}

function Me({ user, href }) {
  const { t } = useApp();
  return html`<a class="card me-card" href=${href}>
    <${Avatar} id=${user.id} name=${user.name} online />
    <span><b>${user.name}</b><small>${t("people.number", { id: String(user.id) })}${user.note ? ` · ${user.note}` : ""}</small></span>
    <${Icon} name="next" />
  </a>`;
}

/** A card that leads to a page of its own. */
function Way({ icon, href, title, text }) {
  return html`<a class="card me-card" href=${href}><${Icon} name=${icon} />
    <span><b>${title}</b><small>${text}</small></span><${Icon} name="next" /></a>`;
}

function AppearanceCards() {
  const { t, client, layers, lang } = useApp();
  const [enterSends, chooseEnter] = useEnterSends();
  const theme = client.account.user.value.theme || document.documentElement.dataset.theme;
  const failed = failing({ t, layers });
  const setTheme = (value) => {
    const before = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = value;
    client.account.change({ theme: value }).catch((error) => {
      document.documentElement.dataset.theme = before;
      failed(error);
    });
  };
  // The page is loaded anew in the other language: whoever works with the keys is again where they were.
  const languages = useRef(null);
  const session = createStorage(sessionStorage, client.me.id);
  useEffect(() => {
    if (session.get("language_chosen")) languages.current.querySelector("[aria-checked=true]").focus();
    session.clear();
  }, []);
  const setLanguage = (value) => {
    if (value === lang) return;
    session.set("language_chosen", true);
    client.account.change({ language: value }).then(
      () => {
        client.drafts.flush();
        location.reload();
      },
      (error) => {
        session.clear();
        failed(error);
      },
    );
  };
  return html`
    <section class="card">
      <h3>${t("settings.theme")}</h3>
      <${Segments} full label=${t("settings.theme")} value=${theme} onChange=${setTheme}
        options=${[
          { value: "system", label: t("settings.theme_system"), icon: "screen" },
          { value: "light", label: t("settings.theme_light"), icon: "sun" },
          { value: "dark", label: t("settings.theme_dark"), icon: "moon" },
        ]} />
    </section>
    <section class="card" ref=${languages}>
      <h3>${t("settings.language")}</h3>
      <${Segments} full label=${t("settings.language")} value=${lang} onChange=${setLanguage}
        options=${[
          { value: "zh", label: "简体中文", lang: "zh-CN" },
          { value: "en", label: "English", lang: "en" },
        ]} />
    </section>
    <section class="card list">
      <div class="opt"><div>${t("settings.enter")}<small>${t("settings.enter_text")}</small></div>
        <${Switch} label=${t("settings.enter")} checked=${enterSends}
          onChange=${(on) => chooseEnter(on).catch(failed)} /></div>
    </section>
  `;
}

