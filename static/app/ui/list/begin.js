// Ways to begin: to find people, and to make or join groups.

import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Empty, Icon } from "../elements.js";
import { lazy } from "../lazy.js";

export const AddContact = lazy(() => import("../contacts/dialogs.js"), "AddContact", ["details"]);
export const CreateGroup = lazy(() => import("../groups/dialogs.js"), "CreateGroup", ["details"]);
export const JoinGroup = lazy(() => import("../groups/dialogs.js"), "JoinGroup", ["details"]);

/** The menu of the button above the list. */
export function openNewMenu({ t, layers }, at) {
  layers.openMenu({
    at,
    label: t("list.new"),
    items: [
      { icon: "user-plus", label: t("contacts.find"), run: () => layers.open(AddContact) },
      { icon: "people", label: t("groups.create"), run: () => layers.open(CreateGroup) },
      { icon: "plus", label: t("groups.join"), run: () => layers.open(JoinGroup) },
    ],
  });
}

/** What stands in the place of a list that has nothing. */
export function NoConversations() {
  const { t, layers } = useApp();
  return html`<${Empty} drawing title=${t("list.empty")} text=${t("list.empty_text")}>
    <button type="button" class="btn primary" onClick=${() => layers.open(AddContact)}>
      <${Icon} name="user-plus" />${t("contacts.find")}
    </button>
    <button type="button" class="btn quiet" onClick=${() => layers.open(JoinGroup)}>${t("groups.join")}</button>
  <//>`;
}
