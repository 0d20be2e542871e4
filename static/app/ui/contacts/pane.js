import { html, useMemo, useRef, useState } from "../../../vendor/preact.js";
import { acceptContact, declineContact } from "../../client/contact-acts.js";
import { byInitial } from "../../core/initials.js";
import { useApp } from "../context.js";
import { Avatar, Empty, Icon, IconButton, LoadError, Skeleton } from "../elements.js";
import { AddContact } from "../list/begin.js";
import { SearchBox } from "../list/search-box.js";
import { presenceText } from "../presence-text.js";
import { reason } from "../reason.js";
import { useRoving } from "../roving.js";
import { PaneFrame } from "../shell/pane-frame.js";

/** With fewer initials than this one sees them all. */
const STRIP_FROM = 5;

/** Contacts by initial, with the requests on top. */
export function ContactsPane() {
  const { t, client, layers } = useApp();
  const { contacts } = client;
  const [query, setQuery] = useState("");
  const state = contacts.state.value;
  const empty = !contacts.list.value.length;
  return html`<${PaneFrame} label=${t("area.contacts")}>
    <header class="pane-h">
      <div class="pane-t">
        <h2>${t("area.contacts")}</h2>
        <${IconButton} icon="user-plus" label=${t("contacts.find")} onClick=${() => layers.open(AddContact)} />
      </div>
      <${SearchBox} value=${query} onInput=${setQuery} placeholder=${t("contacts.search")} />
    </header>
    ${state === "loading"
      ? html`<${Skeleton} label=${t("state.loading")} />`
      : state === "error" && empty
        ? html`<${LoadError} title=${t("contacts.error")} error=${contacts.error.value} onRetry=${() => contacts.refresh()} />`
        : empty
          ? html`<${Empty} drawing title=${t("contacts.empty")} text=${t("contacts.empty_text")}>
              <button type="button" class="btn primary" onClick=${() => layers.open(AddContact)}>
                <${Icon} name="user-plus" />${t("contacts.find")}
              </button>
            <//>`
          : html`<${Groups} query=${query} />`}
  <//>`;
}

function Groups({ query }) {
  const { t, client } = useApp();
  const { contacts, people } = client;
  const ref = useRef(null);
  useRoving(ref, "a.row");
  const wanted = query.trim().toLowerCase();
  const fits = ({ user, remark }) =>
    !wanted || user.name.toLowerCase().includes(wanted) || (remark ?? "").toLowerCase().includes(wanted);
  const accepted = contacts.accepted.value.filter(fits);
  const groups = useMemo(() => byInitial(accepted, ({ user }) => people.name(user.id)), [contacts.list.value, wanted]);
  const incoming = contacts.incoming.value.filter(fits);
  const blocked = contacts.list.value.filter(
    (contact) => contact.blocked && contact.state !== "accepted" && fits(contact),
  );
  const free = (contact) => !contact.blocked && fits(contact);
  const outgoing = contacts.outgoing.value.filter(free);
  const declined = contacts.list.value.filter((contact) => contact.state === "declined" && free(contact));
  const strip = groups.length >= STRIP_FROM;
  return html`<div class="lettered ${strip ? "with-strip" : ""}">
    ${strip && html`<${Letters} letters=${groups.map(({ letter }) => letter)} list=${ref} />`}
    <div class="scroll" ref=${ref}>
      ${incoming.length > 0 &&
      html`<h3 class="sec">${t("contacts.requests")} <span class="badge red">${incoming.length}</span></h3>
        ${incoming.map((contact) => html`<${Request} key=${contact.user.id} contact=${contact} />`)}`}
      ${groups.map(
        ({ letter, items }) => html`<section class="bylet" key=${letter} aria-label=${letter} data-letter=${letter}>
          <h3 class="sec">${letter}</h3>
          <ul class="rows">
            ${items.map(
              (contact) => html`<${PersonRow} key=${contact.user.id} user=${contact.user} note=${contact.blocked ? t("contacts.blocked_one") : null} />`,
            )}
          </ul>
        </section>`,
      )}
      ${outgoing.length > 0 &&
      html`<h3 class="sec">${t("contacts.waiting")}</h3>
        <ul class="rows">
          ${outgoing.map(({ user }) => html`<${PersonRow} key=${user.id} user=${user} note=${t("contacts.waiting_one")} />`)}
        </ul>`}
      ${declined.length > 0 &&
      html`<h3 class="sec">${t("contacts.state_declined")}</h3>
        <ul class="rows">
          ${declined.map(({ user }) => html`<${PersonRow} key=${user.id} user=${user} note=${t("contacts.declined_one")} />`)}
        </ul>`}
      ${blocked.length > 0 &&
      html`<h3 class="sec">${t("contacts.blocked")}</h3>
        <ul class="rows">
          ${blocked.map(({ user }) => html`<${PersonRow} key=${user.id} user=${user} note=${t("contacts.blocked_one")} />`)}
        </ul>`}
      ${wanted && !groups.length && !incoming.length && !outgoing.length && !declined.length && !blocked.length &&
      html`<p class="nothing" role="status">${t("contacts.no_match", { query })}</p>`}
    </div>
  </div>`;
}

/** Initials along the edge: a press, or a finger that slides over them, leads to their people. */
function Letters({ letters, list }) {
  const { t } = useApp();
  const ref = useRef(null);
  useRoving(ref, "button");
  const lead = (letter, focus) => {
    const section = list.current.querySelector(`section[data-letter="${letter}"]`);
    section?.scrollIntoView({ block: "start" });
    if (focus) section?.querySelector("a.row").focus({ preventScroll: true });
  };
  const slide = (event) => {
    if (!event.buttons) return;
    const letter = document.elementFromPoint(event.clientX, event.clientY)?.dataset.lead;
    if (letter) lead(letter, false);
  };
  return html`<nav class="letters" ref=${ref} aria-label=${t("contacts.letters")} onPointerMove=${slide}>
    ${letters.map(
      (letter) => html`<button type="button" tabindex="-1" key=${letter} data-lead=${letter}
        onPointerDown=${(event) => event.currentTarget.releasePointerCapture(event.pointerId)}
        onClick=${() => lead(letter, true)}>${letter}</button>`,
    )}
  </nav>`;
}

function PersonRow({ user, note = null }) {
  const app = useApp();
  const { t, client, router } = app;
  const { id } = router.place.value;
  const presence = client.people.standing(user.id);
  return html`<li>
    <a class="row" tabindex="-1" href=${router.href("contacts", String(user.id))}
      aria-current=${String(user.id) === id ? "true" : undefined}>
      <${Avatar} id=${user.id} name=${client.people.name(user.id)} presence=${presence} />
      <div>
        <div class="top"><span class="nm">${client.people.name(user.id)}</span>
          ${user.kind === "guest" && html`<span class="tag">${t("people.guest")}</span>`}</div>
        <div class="bot"><span class="pv">${note ?? [presenceText(app, user.id), user.note].filter(Boolean).join(" · ")}</span></div>
      </div>
    </a>
  </li>`;
}

function Request({ contact }) {
  const { t, client, layers } = useApp();
  const { user, note } = contact;
  const [busy, setBusy] = useState(false);
  const failed = (error) => {
    setBusy(false);
    layers.say(reason(t, error));
  };
  const accept = () => {
    setBusy(true);
    acceptContact(client, user.id).catch(failed);
  };
  const decline = () => {
    client.contacts.setLeaving(user.id, true);
    const done = () =>
      declineContact(client, user.id)
        .catch(failed)
        .finally(() => client.contacts.setLeaving(user.id, false));
    layers.offerUndo(
      t("contacts.declined", { name: user.name }),
      () => client.contacts.setLeaving(user.id, false),
      done,
    );
  };
  return html`<div class="req">
    <${Avatar} id=${user.id} name=${user.name} />
    <div>
      <div class="nm">${user.name}</div>
      <p>${note || t("contacts.request_plain")}</p>
    </div>
    <div class="bt">
      <button type="button" class="btn primary small" disabled=${busy} onClick=${accept}>${t("contacts.accept")}
        <span class="vh">${user.name}</span></button>
      <button type="button" class="btn quiet small" disabled=${busy} onClick=${decline}>${t("contacts.decline")}
        <span class="vh">${user.name}</span></button>
    </div>
  </div>`;
}
