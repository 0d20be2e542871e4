import { html, useRef, useState } from "../../../vendor/preact.js";
import { addMembers, createGroup, joinGroup } from "../../client/group-acts.js";
import { groupName } from "../../core/names.js";
import { useApp } from "../context.js";
import { Avatar } from "../elements.js";
import { Field } from "../form-elements.js";
import { Dialog } from "../layer-views.js";
import { lazy } from "../lazy.js";
import { SearchBox } from "../list/search-box.js";
import { useUserSearch } from "../contacts/dialogs.js";
import { toFirstFound } from "../picker-search.js";
import { useForm } from "../use-form.js";

const CropDialog = lazy(() => import("../media/crop.js"), "CropDialog", ["crop"]);

/** Found a group with a name and members, and, where one likes, a picture, a category and a note. */
export function CreateGroup({ close }) {
  const { t, client, router } = useApp();
  const [name, setName] = useState("");
  const [category, setCategory] = useState("");
  const [note, setNote] = useState("");
  const [icon, setIcon] = useState(null);
  const [members, setMembers] = useState([]);
  const [cutting, setCutting] = useState(false);
  const opener = useRef(null);
  const [form, submit] = useForm(async () => {
    const group = await createGroup(client, {
      name: name.trim(),
      members,
      note: note.trim(),
      category: category.trim(),
      ...(icon && { icon }),
    });
    close();
    await client.conversations.refresh();
    router.go("chats", groupName(group.id));
  });
  const endCutting = () => {
    setCutting(false);
    // While that dialog is still there, nothing outside it can have the focus.
    requestAnimationFrame(() => opener.current?.focus());
  };
  const named = form.field === "name";
  return html`<${Dialog} title=${t("groups.create")} close=${close} holds=${icon ? "work" : null}>
    <form class="db" onSubmit=${submit}>
      <${Field} id="group-name" label=${t("groups.name")} value=${name} onInput=${setName} error=${named && form.error}
        required maxlength="32" autocomplete="off" />
      <div class="group-picture">
        <${Avatar} name=${name.trim() || t("area.groups")} kind="group" size="l" icon=${icon} />
        <button ref=${opener} type="button" class="btn quiet small" onClick=${() => setCutting(true)}>
          ${t(icon ? "crop.change" : "groups.picture_optional")}</button>
      </div>
      <${Field} id="group-category" label=${t("groups.category_optional")} value=${category} onInput=${setCategory} maxlength="32" autocomplete="off" />
      <${Field} id="group-note" label=${t("groups.note_optional")} value=${note} onInput=${setNote} maxlength="500" autocomplete="off" />
      <${PeoplePicker} chosen=${members} onChange=${setMembers} />
      ${form.error && !named && html`<p class="err" role="alert">${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy || !name.trim()}>${t("groups.create_n", { n: members.length + 1 })}</button>
      </footer>
    </form>
    ${cutting &&
    html`<${CropDialog} title=${t("crop.group")} present=${Boolean(icon)} save=${async (chosen) => setIcon(chosen || null)} close=${endCutting} />`}
  <//>`;
}

/** Join by number or name. */
export function JoinGroup({ close }) {
  const { t, client, router, layers } = useApp();
  const [text, setText] = useState("");
  const [form, submit] = useForm(async () => {
    let group;
    try {
      group = await joinGroup(client, text.trim());
    } catch (problem) {
      if (problem.code !== "approval_needed") throw problem;
      close();
      layers.say(problem.message);
      return;
    }
    close();
    await client.conversations.refresh();
    router.go("chats", groupName(group.id));
  });
  return html`<${Dialog} title=${t("groups.join")} close=${close}>
    <form class="db" onSubmit=${submit}>
      <${Field} id="group-join" label=${t("groups.number_or_name")} hint=${t("groups.join_hint")} value=${text} onInput=${setText}
        error=${form.error} required autocomplete="off" />
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy || !text.trim()}>${t("groups.join_now")}</button>
      </footer>
    </form>
  <//>`;
}

export function AddMembers({ group, close }) {
  const { t, client } = useApp();
  const [chosen, setChosen] = useState([]);
  const inside = (client.groups.members.value.get(group.id) ?? []).map(({ user }) => user.id);
  const [form, submit] = useForm(async () => {
    await addMembers(client, group.id, chosen);
    close();
  });
  return html`<${Dialog} title=${t("groups.add_title")} close=${close}>
    <form class="db" onSubmit=${submit}>
      <${PeoplePicker} chosen=${chosen} onChange=${setChosen} without=${inside} />
      ${form.error && html`<p class="err" role="alert">${form.error}</p>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy || !chosen.length}>${t("groups.add_n", { n: chosen.length })}</button>
      </footer>
    </form>
  <//>`;
}

/** Change one text of a group. */
export function EditText({ title, value, rows, max, required = false, save, close }) {
  const { t } = useApp();
  const [text, setText] = useState(value);
  const [form, submit] = useForm(async () => {
    await save(text.trim());
    close();
  });
  return html`<${Dialog} title=${title} close=${close}>
    <form class="db" onSubmit=${submit}>
      ${rows === 1
        ? html`<${Field} id="edit-text" label=${title} value=${text} onInput=${setText} error=${form.error} required=${required} maxlength=${max} autocomplete="off" />`
        : html`<div class="field"><label for="edit-text">${title}</label>
            <textarea class="ta" id="edit-text" rows=${rows} maxlength=${max} value=${text}
              onInput=${(event) => setText(event.currentTarget.value)}></textarea>
            ${form.error && html`<p class="err" role="alert">${form.error}</p>`}</div>`}
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${form.busy}>${t("action.save")}</button>
      </footer>
    </form>
  <//>`;
}

/** Choose people: one's contacts, or anyone found by name. `without`: ids not offered. */
function PeoplePicker({ chosen, onChange, without = [] }) {
  const { t, client } = useApp();
  const [query, setQuery] = useState("");
  const [found] = useUserSearch(query);
  const wanted = query.trim().toLowerCase();
  const contacts = client.contacts.accepted.value
    .map(({ user }) => user)
    .filter((user) => !wanted || client.people.name(user.id).toLowerCase().includes(wanted));
  const known = new Set(contacts.map((user) => user.id));
  const offered = [...contacts, ...found.filter((user) => !known.has(user.id))].filter((user) => !without.includes(user.id));
  const toggle = (id) => onChange(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return html`<fieldset class="picker" onKeyDown=${toFirstFound}>
    <legend class="lab">${t("groups.members")}</legend>
    ${chosen.length > 0 &&
    html`<ul class="chosen">
      ${chosen.map(
        (id) => html`<li key=${id}><button type="button" class="chip" onClick=${() => toggle(id)}
          aria-label=${t("groups.unpick", { name: client.people.name(id) })}>
          <${Avatar} id=${id} name=${client.people.name(id)} size="xs" />${client.people.name(id)}<span aria-hidden="true">×</span></button></li>`,
      )}
    </ul>`}
    <${SearchBox} value=${query} onInput=${setQuery} placeholder=${t("contacts.find_by")} />
    <ul class="picks">
      ${offered.map(
        (user) => html`<li key=${user.id}><label class="mem">
          <input type="checkbox" checked=${chosen.includes(user.id)} onChange=${() => toggle(user.id)} />
          <${Avatar} id=${user.id} name=${client.people.name(user.id)} size="s" />
          <span class="nm">${client.people.name(user.id)}</span></label></li>`,
      )}
    </ul>
    ${!offered.length && html`<p class="nothing">${wanted ? t("contacts.no_match", { query }) : t("groups.pick_text")}</p>`}
  </fieldset>`;
}
