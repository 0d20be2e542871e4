import { html, useEffect, useMemo, useRef, useState } from "../../../vendor/preact.js";
import { Administration } from "../../client/administration.js";
import { useApp } from "../context.js";
import { Empty, Icon, IconButton } from "../elements.js";
import { AuditSection } from "./audit.js";
import { BotSection } from "./bot.js";
import { BroadcastCard } from "./broadcast.js";
import { AdminContext } from "./context.js";
import { LimitsSection } from "./limits.js";
import { useNodes } from "./live.js";
import { NodesSection } from "./nodes.js";
import { Overview } from "./overview.js";
import { RegistrationSection } from "./registration.js";
import { UsersSection } from "./users.js";

const SECTIONS = {
  overview: { icon: "pulse", component: Overview },
  users: { icon: "people", component: UsersSection },
  registration: { icon: "user-plus", component: RegistrationSection },
  nodes: { icon: "server", component: NodesSection },
  broadcast: { icon: "horn", component: BroadcastCard },
  audit: { icon: "list", component: AuditSection },
  limits: { icon: "gear", component: LimitsSection },
  bot: { component: BotSection },
};

/** The administrator's page; others are told kindly that it is not for them. */
export function AdminPage({ section }) {
  const { t, client, router } = useApp();
  const admin = client.account.user.value.role === "admin";
  const lacks = useLacksFactor(client, admin);
  return html`<main class="page admin" id="main" tabindex="-1" data-region>
    ${admin && lacks
      ? html`<${Empty} level=${2} icon="shield" title=${t("area.admin_factor")} text=${t("area.admin_factor_text")}>
          <a class="btn primary" href=${router.href("settings", "devices")}>${t("factor.on")}</a>
        <//>`
      : admin
      ? lacks === false && html`<div class="page-in">
          <div class="page-t">
            <${IconButton} icon="back" class="back" label=${t("action.back")} onClick=${() => router.back("settings")} />
            <h2>${t("admin.title")}</h2>
          </div>
          <${Sections} place=${section ?? "overview"} />
        </div>`
      : html`<${Empty} level=${2} icon="shield" title=${t("area.admin_only")} text=${t("area.admin_only_text")}>
          <a class="btn primary" href=${router.href("chats")}>${t("join.back")}</a>
        <//>`}
  </main>`;
}

/** Whether an administrator must turn a second factor on first; null until that is known. */
function useLacksFactor(client, admin) {
  const [lacks, setLacks] = useState(null);
  useEffect(() => {
    if (!admin) return;
    client.api.get("/me/factor").then(({ enabled, required }) => setLacks(required && !enabled), () => setLacks(false));
  }, [admin]);
  return lacks;
}

/** `place`: a section, or one with what it is about: `audit:12`. */
function Sections({ place }) {
  const { t, client, router } = useApp();
  const administration = useMemo(() => new Administration({ api: client.api }), []);
  const live = useNodes(administration);
  const [wanted, detail = null] = place.split(":");
  const section = wanted in SECTIONS ? wanted : "overview";
  const { component } = SECTIONS[section];
  const tabs = useRef(null);
  // On a phone the tabs go beyond the edge.
  useEffect(() => tabs.current.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "center" }), [section]);
  return html`<${AdminContext.Provider} value=${{ administration, live }}>
    <nav class="atabs" ref=${tabs} aria-label=${t("admin.title")}>
      ${Object.entries(SECTIONS).filter(([, { icon }]) => icon).map(
        ([name, { icon }]) => html`<a key=${name} href=${router.href("admin", name === "overview" ? null : name)}
          aria-current=${name === (section === "bot" ? "users" : section) ? "page" : undefined}><${Icon} name=${icon} size="s" />${t(`admin.${name}`)}</a>`,
      )}
    </nav>
    <${component} key=${section} detail=${detail} />
  <//>`;
}
