// Small elements that every feature uses.

import { html } from "../../vendor/preact.js";
import { initials } from "../core/letters.js";
import { useApp } from "./context.js";

const ICONS = new URL("../../icons.svg", import.meta.url).pathname;
const AVATAR_COLOURS = 8;

/** An icon of the sprite. It says nothing by itself: what it stands on carries the name. */
export function Icon({ name, size = "" }) {
  return html`<svg class="i ${size}" aria-hidden="true"><use href="${ICONS}#${name}" /></svg>`;
}

/** A button with an icon and a name. */
export function IconButton({ icon, label, small = false, class: extra = "", ...rest }) {
  return html`<button
    type="button"
    class="ib ${small ? "sm" : ""} ${extra}"
    aria-label=${label}
    title=${label}
    ...${rest}
  ><${Icon} name=${icon} /></button>`;
}

export function colourOf(id) {
  return ((Number(id) || 0) % AVATAR_COLOURS) + 1;
}

/** Whether someone is a program: a bot or a webhook. */
export const isProgram = (user) => /^(bot|webhook)$/.test(user?.kind);

/**
 * `kind`: person (circle) or group (rounded square). `presence`, "online" or "away", draws the dot. The picture lies
 * over the initials, which stay where it cannot be had. Programs have a mark. `icon`: the picture of a
 * group that is not made yet.
 */
export function Avatar({ id, name, kind = "person", size = "", presence = "", icon }) {
  const { client } = useApp();
  const group = kind === "group";
  const person = !group && client.people.users.value.get(id);
  const picture = group ? icon ?? client.groups.get(id)?.icon : person?.avatar;
  return html`<span class="av c${colourOf(id)} ${group ? "g" : ""} ${size}" aria-hidden="true">
    ${initials(name)}
    ${picture &&
    html`<img key=${picture} src="/api/media/${picture}/thumbnail" alt="" onError=${({ currentTarget: img }) => {
      img.hidden = true;
      if (!group) client.people.again(id, picture);
    }} />`}
    ${isProgram(person) && html`<span class="prog"><${Icon} name="bot" /></span>`}
    ${presence && html`<span class="dot ${presence}"></span>`}
  </span>`;
}

/** Number on a row or tab; more than 99 is 99+. `label` is what is read out. */
export function Badge({ n, kind = "", label }) {
  if (!n) return null;
  return html`<span class="badge ${kind}">
    <span aria-hidden="true">${n > 99 ? "99+" : n}</span><span class="vh">${label}</span>
  </span>`;
}

/** What a pane shows when it has nothing: a drawing, words, and one thing to do. */
export function Empty({ title, text, drawing = false, icon, children, wide = false, level = 3 }) {
  return html`<div class="empty ${wide ? "wide" : ""}">
    ${drawing ? html`<svg class="ill" aria-hidden="true"><use href="${ICONS}#boat" /></svg>` : null}${icon ? html`<${Icon} name=${icon} size="xl" />` : null}
    ${level === 2 ? html`<h2>${title}</h2>` : html`<h3>${title}</h3>`}
    ${text ? html`<p>${text}</p>` : null}
    ${children}
  </div>`;
}

/** Grey shapes while a list is on its way; they stay out of sight for the first 200 ms. */
export function Skeleton({ rows = 7, label }) {
  return html`<div class="skeleton" role="status">
    <span class="vh">${label}</span>
    ${Array.from(
      { length: rows },
      (_, index) => html`<div class="row" aria-hidden="true" key=${index}>
        <span class="sk c"></span>
        <div><span class="sk t w40"></span><span class="sk t w${[85, 70, 55][index % 3]}"></span></div>
      </div>`,
    )}
  </div>`;
}

/** A pane that could not be loaded: says so, offers to try again, and names the code. */
export function LoadError({ title, error, onRetry }) {
  const { t } = useApp();
  return html`<${Empty} icon="server" title=${title} text=${t("state.error_text")}>
    <button type="button" class="btn primary" onClick=${onRetry}>
      <${Icon} name="retry" />${t("action.reload")}
    </button>
    <p class="mono">${t("state.code", { code: error?.code ?? "unknown" })}</p>
  <//>`;
}
