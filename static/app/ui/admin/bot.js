import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { TokensCard } from "../programs/tokens.js";

/** The tokens of a bot, by which a program is this bot. */
export function BotSection({ detail }) {
  const { t, router } = useApp();
  return html`
    <p><a class="linkish" href=${router.href("admin", "users")}>${t("admin.users")}</a></p>
    <${TokensCard} bot=${Number(detail)} key=${detail} />
    <p class="muted">${t("admin.bot_text")}</p>
  `;
}
