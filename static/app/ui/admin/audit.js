import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Empty, Icon } from "../elements.js";
import { PagesEnd, usePages } from "../paged.js";
import { ActList } from "./acts.js";
import { useAdmin } from "./context.js";

/** How the names of acts begin, by what they are about. */
const KINDS = {
  all: "",
  login: "login",
  user: "user.",
  password: "password.",
  factor: "factor.",
  sessions: "sessions.",
  token: "token.",
  webhook: "webhook.",
  invitation: "invitation.",
  link: "link.",
  registration: "registration.",
  data: "data.",
};

/** Who did what; `actor`: only the acts of this person. */
export function AuditSection({ detail }) {
  const { t, client, router } = useApp();
  const { administration } = useAdmin();
  const [kind, setKind] = useState("all");
  const actor = detail ? Number(detail) : null;
  const pages = usePages(async (cursor) => {
    const page = await administration.acts({ action: KINDS[kind], actor }, cursor);
    return [page.acts, page.before ?? null];
  }, `${kind} ${actor}`);
  return html`<section class="card" aria-label=${t("admin.audit")}>
    <div class="afilter">
      <div class="field"><label for="audit-kind">${t("admin.audit_kind")}</label>
        <div class="inp"><select id="audit-kind" value=${kind} onChange=${(event) => setKind(event.currentTarget.value)}>
          ${Object.keys(KINDS).map((name) => html`<option key=${name} value=${name}>${t(`admin.audit_${name}`)}</option>`)}
        </select></div></div>
      ${actor !== null &&
      html`<a class="chip" href=${router.href("admin", "audit")} aria-label=${t("admin.all_people")}>
        ${client.people.name(actor)}<${Icon} name="close" size="s" /></a>`}
      <button type="button" class="btn quiet small" onClick=${pages.begin}><${Icon} name="retry" size="s" />${t("action.reload")}</button>
    </div>
    ${pages.rows && !pages.rows.length && html`<${Empty} icon="list" title=${t("admin.audit_empty")} text=${t("admin.audit_empty_text")} />`}
    ${pages.rows && html`<${ActList} acts=${pages.rows} onlyOf=${actor} />`}
    <${PagesEnd} pages=${pages} label=${t("admin.audit_older")} />
    ${pages.rows?.length > 0 && pages.end && html`<p class="muted">${t("admin.audit_end")}</p>`}
  </section>`;
}
