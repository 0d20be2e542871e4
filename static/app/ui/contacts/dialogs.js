import { html, useEffect, useRef, useState } from "../../../vendor/preact.js";
import { addContact, remarkContact } from "../../client/contact-acts.js";
import { useApp } from "../context.js";
import { Avatar, Icon } from "../elements.js";
import { Field } from "../form-elements.js";
import { Dialog } from "../layer-views.js";
import { SearchBox } from "../list/search-box.js";
import { reason } from "../reason.js";

/** Letters rest this long before the node is asked, in ms. */
const REST_MS = 200;

/** A search among everyone on this server; answers `[users, state]`. */
export function useUserSearch(query) {
  const { client } = useApp();
  const [found, setFound] = useState([]);
  const [state, setState] = useState("idle");
  useEffect(() => {
    const text = query.trim();
    if (!text) {
      setFound([]);
      setState("idle");
      return undefined;
    }
    let current = true;
    setState("searching");
    const timer = setTimeout(
      () =>
        search(client, text).then(
          (users) => current && (setFound(users), setState("done")),
          () => current && (setFound([]), setState("error")),
        ),
      REST_MS,
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [query]);
  return [found.filter((user) => user.id !== client.me.id && !user.deleted), state];
}

async function search({ api, people }, text) {
  const { users } = await api.get(`/users?q=${encodeURIComponent(text)}`);
  people.learn(users);
  return users;
}

/** Find people by name; write to them or ask to be contacts. */
export function AddContact({ close }) {
  const { t, client, router } = useApp();
  const [query, setQuery] = useState("");
  const [asking, setAsking] = useState(null);
  const [found, state] = useUserSearch(query);
  const body = useRef(null);
  useEffect(() => body.current.querySelector("input").focus(), []);
  if (asking) return html`<${SendRequest} user=${asking} close=${close} />`;
  return html`<${Dialog} title=${t("contacts.find")} close=${close}>
    <div class="db" ref=${body}>
      <${SearchBox} value=${query} onInput=${setQuery} placeholder=${t("contacts.find_by")} />
      <ul class="picks" aria-label=${t("contacts.found")}>
        ${found.map((user) => {
          const contact = client.contacts.get(user.id);
          return html`<li class="mem" key=${user.id}>
            <${Avatar} id=${user.id} name=${user.name} size="s" />
            <div><div class="nm">${user.name}</div><small>${user.note || t("people.number", { id: String(user.id) })}</small></div>
            <button type="button" class="btn quiet small" onClick=${() => {
              close();
              router.go("chats", client.people.conversationWith(user.id));
            }}>${t("people.write")}<span class="vh">${user.name}</span></button>
            ${contact && contact.state !== "declined"
              ? html`<span class="tag a">${t(`contacts.state_${contact.state}`)}</span>`
              : html`<button type="button" class="btn primary small" onClick=${() => setAsking(user)}>
                  ${t("people.add_short")}<span class="vh">${user.name}</span></button>`}
          </li>`;
        })}
      </ul>
      <p class="nothing" role="status">
        ${state === "idle" && t("contacts.find_text")}
        ${state === "done" && !found.length && t("contacts.no_match", { query })}
        ${state === "error" && t("state.error")}
      </p>
    </div>
  <//>`;
}

/** Ask someone to be contacts, with a word of who one is. */
export function SendRequest({ user, close }) {
  const { t, client, layers } = useApp();
  const [note, setNote] = useState("");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const send = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await addContact(client, { user: user.id }, note.trim());
      close();
      layers.say(t("contacts.asked", { name: user.name }));
    } catch (problem) {
      setError(reason(t, problem));
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${t("people.add")} close=${close}>
    <form class="db" onSubmit=${send}>
      <div class="mem"><${Avatar} id=${user.id} name=${user.name} size="s" />
        <div><div class="nm">${user.name}</div><small>${t("people.number", { id: String(user.id) })}</small></div></div>
      <${Field} id="request-note" label=${t("contacts.note")} hint=${t("contacts.note_hint")} value=${note} onInput=${setNote}
        error=${error} maxlength="100" autocomplete="off" />
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${busy}><${Icon} name="send" />${t("contacts.ask")}</button>
      </footer>
    </form>
  <//>`;
}

/** What I call them. */
export function EditRemark({ user, remark, close }) {
  const { t, client } = useApp();
  const [text, setText] = useState(remark ?? "");
  const [error, setError] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    try {
      await remarkContact(client, user.id, text.trim());
      close();
    } catch (problem) {
      setError(reason(t, problem));
    }
  };
  return html`<${Dialog} title=${t("people.remark")} close=${close}>
    <form class="db" onSubmit=${save}>
      <${Field} id="remark" label=${t("people.remark_for", { name: user.name })} hint=${t("people.remark_hint")}
        value=${text} onInput=${setText} error=${error} maxlength="64" autocomplete="off" />
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary">${t("action.save")}</button>
      </footer>
    </form>
  <//>`;
}
