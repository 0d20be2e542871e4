import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Empty, Icon, LoadError, Skeleton } from "../elements.js";
import { Segments, Switch } from "../form-elements.js";
import { useFormats } from "../formats.js";
import { Confirm } from "../layer-views.js";
import { useAdmin } from "./context.js";
import { Invite } from "./invite.js";
import { failing } from "../reason.js";

/** Who may come in, and the invitations that are good. */
export function RegistrationSection() {
  return html`<div class="cols"><div><${InvitationsCard} /></div><div><${PolicyCard} /></div></div>`;
}

function PolicyCard() {
  const { t, layers } = useApp();
  const { administration } = useAdmin();
  const [state, setState] = useState(null);
  const [error, setError] = useState(null);
  const load = () => administration.registration().then((found) => (setState(found), setError(null)), setError);
  useEffect(() => void load(), []);
  const change = (fields) =>
    administration.setRegistration({ ...state.changed, ...fields }).then(
      (found) => {
        setState(found);
        layers.say(t("settings.saved"));
      },
      failing({ t, layers }),
    );
  if (!state) {
    return html`<section class="card">${error
      ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`
      : html`<${Skeleton} rows=${2} label=${t("state.loading")} />`}</section>`;
  }
  const { policy, guests, changed } = state;
  const said = changed.policy !== null || changed.guests !== null;
  return html`<section class="card" aria-label=${t("admin.policy")}>
    <h3>${t("admin.policy")}</h3>
    <${Segments} full label=${t("admin.policy")} value=${policy} onChange=${(value) => value !== policy && change({ policy: value })}
      options=${["open", "invitation", "closed"].map((value) => ({ value, label: t(`admin.policy_${value}`) }))} />
    <p class="hint">${t(`admin.policy_${policy}_text`)}</p>
    <div class="opt"><div>${t("admin.guests")}<small>${t("admin.guests_text")}</small></div>
      <${Switch} label=${t("admin.guests")} checked=${guests} onChange=${(on) => change({ guests: on })} /></div>
    <p class="muted">${t(said ? "admin.policy_said" : "admin.policy_file")}
      ${said && html` <button type="button" class="linkish" onClick=${() => change({ policy: null, guests: null })}>${t("admin.policy_back")}</button>`}</p>
  </section>`;
}

function InvitationsCard() {
  const { t, client, layers } = useApp();
  const { administration } = useAdmin();
  const formats = useFormats();
  const [list, setList] = useState(null);
  const [error, setError] = useState(null);
  const load = () => administration.invitations().then((found) => (setList(found), setError(null)), setError);
  useEffect(() => void load(), []);
  const make = () => layers.open(Invite, { administration, onMade: load });
  const revoke = (invitation) =>
    layers.open(Confirm, {
      title: t("admin.invitation_revoke_title"),
      text: t("admin.invitation_revoke_text"),
      action: t("admin.revoke"),
      onConfirm: async () => {
        await administration.revokeInvitation(invitation.id);
        await load();
      },
    });
  const about = (invitation) =>
    [
      t("admin.uses", { n: invitation.uses, left: String(invitation.uses_left) }),
      invitation.expires_at && t("admin.until", { time: formats.stamp(invitation.expires_at) }),
      invitation.group && t("admin.into", { name: client.groups.get(invitation.group)?.name ?? t("admin.group", { id: String(invitation.group) }) }),
      client.people.name(invitation.created_by),
    ]
      .filter(Boolean)
      .join(" · ");
  return html`<section class="card list" aria-label=${t("admin.invitations")}>
    <h3><span>${t("admin.invitations")}</span>
      <button type="button" class="btn primary small" onClick=${make}><${Icon} name="plus" size="s" />${t("admin.invite")}</button></h3>
    ${!list && (error
      ? html`<${LoadError} title=${t("state.error")} error=${error} onRetry=${load} />`
      : html`<${Skeleton} rows=${3} label=${t("state.loading")} />`)}
    ${list && !list.length && html`<${Empty} icon="user-plus" title=${t("admin.invitations_none")} text=${t("admin.invitations_none_text")} />`}
    <ul>
      ${list?.map(
        (invitation) => html`<li class="sess" key=${invitation.id}>
          <span class="ic"><${Icon} name="user-plus" /></span>
          <div><b>${invitation.note || t("admin.invitation")}</b><small>${about(invitation)}</small></div>
          <button type="button" class="btn quiet small" onClick=${() => revoke(invitation)}>${t("admin.revoke")}
            <span class="vh">${invitation.note || t("admin.invitation")}</span></button>
        </li>`,
      )}
    </ul>
  </section>`;
}
