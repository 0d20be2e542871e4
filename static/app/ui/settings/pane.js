import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { PaneFrame } from "../shell/pane-frame.js";

export const SECTIONS = [
  ["profile", "person"],
  ["devices", "shield"],
  ["notices", "bell"],
  ["appearance", "sun"],
  ["quick", "bolt"],
  ["privacy", "lock"],
  ["programs", "key"],
];

/** The sections of the settings, on wide screens. */
export function SettingsPane() {
  const { t, client, router } = useApp();
  const guest = client.account.user.value.kind === "guest";
  const current = router.place.value.id ?? SECTIONS[0][0];
  return html`<${PaneFrame} label=${t("area.settings")}>
    <header class="pane-h"><div class="pane-t"><h2>${t("area.settings")}</h2></div></header>
    <nav class="snav" aria-label=${t("area.settings")}>
      ${SECTIONS.filter(([name]) => !(guest && name === "programs")).map(
        ([name, icon]) => html`<a key=${name} href=${router.href("settings", name)}
          aria-current=${name === current ? "true" : undefined}><${Icon} name=${icon} />${t(`settings.${name}`)}</a>`,
      )}
    </nav>
  <//>`;
}
