import { html, useEffect, useMemo, useState } from "../../../vendor/preact.js";
import { Programs } from "../../client/programs.js";
import { useApp } from "../context.js";
import { Empty, Icon, LoadError, Skeleton } from "../elements.js";
import { useFormats } from "../formats.js";
import { Confirm } from "../layer-views.js";
import { NewToken } from "./new-token.js";

/** Tokens for programs: one's own or, for administrators, those of a bot (its id). */
export function TokensCard({ bot = null }) {
  const { t, client, layers } = useApp();
  const programs = useMemo(() => new Programs({ api: client.api }), []);
  const [list, setList] = useState(null);
  const [error, setError] = useState(null);
  const load = () => programs.tokens(bot).then((found) => (setList(found), setError(null)), setError);
  useEffect(() => void load(), [bot]);
  const make = () => layers.open(NewToken, { programs, bot, onMade: load });
  const revoke = (token) =>
    layers.open(Confirm, {
      title: t("tokens.revoke_title", { name: token.name }),
      text: t("tokens.revoke_text"),
      action: t("tokens.revoke"),
      async onConfirm() {
        await programs.revokeToken(token.id, bot);
        await load();
      },
    });
  return html`<section class="card list">
    <h3><span>${bot === null ? t("tokens.title") : t("tokens.title_of", { name: client.people.name(bot) })}</span>
      <button type="button" class="btn primary small" onClick=${make}><${Icon} name="plus" size="s" />${t("tokens.make")}</button></h3>
    ${!list && (error
      ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`
      : html`<${Skeleton} rows=${2} label=${t("state.loading")} />`)}
    ${list && !list.length && html`<${Empty} icon="key" title=${t("tokens.none")} text=${t("tokens.none_text")} level=${4} />`}
    <ul>${list?.map((token) => html`<${Token} key=${token.id} token=${token} revoke=${() => revoke(token)} />`)}</ul>
  </section>`;
}

function Token({ token, revoke }) {
  const { t, client, times } = useApp();
  const formats = useFormats();
  const { seen_at: seenAt, expires_at: expiresAt } = token;
  const over = expiresAt && expiresAt <= client.now();
  const about = [
    token.scopes.map((scope) => t(`tokens.scope_${scope}`)).join(t("list.comma")),
    seenAt ? t("tokens.seen", { time: times.ago(seenAt) }) : t("tokens.unused"),
    expiresAt ? t(over ? "tokens.over" : "tokens.until", { time: formats.stamp(expiresAt) }) : t("tokens.no_end"),
  ];
  return html`<li class="sess">
    <span class="ic"><${Icon} name="key" /></span>
    <div><b>${token.name}</b><small>${about.join(" · ")}</small></div>
    <button type="button" class="btn quiet small" onClick=${revoke}>${t("tokens.revoke")}<span class="vh">${token.name}</span></button>
  </li>`;
}
