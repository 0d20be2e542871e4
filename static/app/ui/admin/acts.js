import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { useFormats } from "../formats.js";

/** Details of an act that are told in words of their own, and how. */
const DETAILS = {
  reason: (t, value, act) => (act.action === "user.banned" ? t("admin.because", { reason: value }) : null),
  role: (t, value, act) =>
    value === "admin" ? t("people.admin") : act.action === "user.changed" ? t("admin.role_user") : null,
  policy: (t, value) => t(`admin.policy_${value}`),
  messages_days: (t, value) => (value ? t("admin.kept_days", { n: value }) : t("admin.kept_ever")),
  scopes: (t, value) => t("admin.may", { scopes: value.split(" ").map((scope) => t(`tokens.scope_${scope}`)).join(t("list.comma")) }),
  fields: (t, value) => t("admin.fields", { fields: value.join(", ") }),
  uses: (t, value) => t("admin.for_n", { n: value }),
  second_factor: (t, value) => (value ? t("admin.factor_too") : null),
};

/** Acts of the audit log, the newest first, under their days. */
export function ActList({ acts, onlyOf = null }) {
  const { times } = useApp();
  const days = [];
  for (const act of acts) {
    const day = times.dayOf(act.at);
    if (days.at(-1)?.day !== day) days.push({ day, at: act.at, acts: [] });
    days.at(-1).acts.push(act);
  }
  return html`<div class="audit">
    ${days.map(
      ({ day, at, acts: list }) => html`<h3 key=${day}>${times.day(at)}</h3>
        <ul key=${`${day} acts`}>${list.map((act) => html`<${Act} key=${act.id} act=${act} onlyOf=${onlyOf} />`)}</ul>`,
    )}
  </div>`;
}

function Act({ act, onlyOf }) {
  const { t, client, router } = useApp();
  const formats = useFormats();
  const who = act.actor ? client.people.name(act.actor) : act.address === "console" ? t("admin.console") : t("admin.somebody");
  const sentence = t(`admin.act_${act.action.replace(".", "_")}`, { who, whom: named(t, client, act) });
  const more = [
    act.address && act.address !== "console" && act.address,
    ...Object.entries(act.detail).map(([name, value]) => DETAILS[name]?.(t, value, act)),
  ];
  return html`<li>
    <time datetime=${new Date(act.at).toISOString()} title=${formats.stamp(act.at)}>${formats.clock(act.at)}</time>
    <span>${sentence}</span>
    <small>${more.filter(Boolean).join(" · ")}
      ${onlyOf === null && act.actor
        ? html`${" · "}<a href=${router.href("admin", `audit:${act.actor}`)}>${t("admin.only_of", { name: who })}</a>`
        : null}</small>
  </li>`;
}

/** Whom or what an act concerns. */
function named(t, client, { target }) {
  const [kind, id] = target.split(":");
  if (kind === "u") return client.people.name(Number(id));
  if (kind === "g") return client.groups.get(Number(id))?.name ?? t("admin.group", { id });
  return target ? `#${id}` : t("admin.somebody");
}
