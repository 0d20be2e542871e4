import { html, useEffect, useLayoutEffect, useRef } from "../../../vendor/preact.js";
import { ALL } from "../../core/names.js";
import { useApp } from "../context.js";
import { Avatar, IconButton } from "../elements.js";
import { isComposing } from "../input-method.js";
import { Palette } from "../keyboard.js";
import { presenceText } from "../presence-text.js";
import { LinkMark } from "../shell/navigation.js";

/** Who or what the conversation is with. */
export function ChatHeader({ conv, summary }) {
  const { t, client, router, layers } = useApp();
  const title = client.conversations.title(summary);
  const { peer, group } = summary;
  /** What was looked for in this conversation. */
  const memory = useRef({ query: "" });
  const search = () => layers.open(Palette, { conv, memory: memory.current });
  // Not after the drawing: who sees the conversation may press them.
  useLayoutEffect(() => {
    const onKey = (event) => {
      const command = (event.ctrlKey || event.metaKey) && event.shiftKey && !event.altKey;
      if (!command || event.key.toLowerCase() !== "f" || isComposing(event) || event.defaultPrevented) return;
      event.preventDefault();
      if (!layers.dialog.value) search();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const details = router.place.value.details;
  const turn = () => (details ? router.back() : router.go("chats", conv, { details: true }));
  /** The name leads to the details as well, but for keys, which have the button. */
  const onClick = conv === ALL ? undefined : (event) => event.target.closest("button") || turn();
  useEffect(() => {
    if (group) {
      client.groups.needMembers(group).then(
        () => client.peopleShown(),
        () => {},
      );
    }
  }, [group?.id]);
  return html`<header class="chat-h ${onClick ? "leads" : ""}" onClick=${onClick}>
    <${IconButton} icon="back" class="back" label=${t("action.back")} onClick=${() => router.back("chats")} />
    <${Avatar}
      id=${peer ?? (conv === ALL ? "4" : group?.id)}
      name=${title}
      kind=${peer ? "person" : "group"}
      size="s"
      presence=${peer ? client.people.standing(peer) : ""}
    />
    <div class="who">
      <h2>${title}</h2>
      <p class="sub"><${LinkMark} />${subtitle(useApp(), conv, summary)}</p>
    </div>
    <${IconButton} icon="search" label=${t("search.open")} onClick=${search} />
    ${conv !== ALL &&
    html`<${IconButton}
      icon="info"
      class=${details ? "on" : ""}
      label=${t("chat.details")}
      aria-expanded=${details ? "true" : "false"}
      onClick=${turn}
    />`}
  </header>`;
}

function subtitle({ t, client, times }, conv, { peer, group }) {
  if (conv === ALL) return t("broadcast.subtitle");
  if (peer) {
    const user = client.people.get(peer);
    return [user?.kind === "bot" && t("people.bot"), presenceText({ t, client, times }, peer)].filter(Boolean).join(" · ");
  }
  if (!group) return "";
  const online = client.groups.online(group);
  const count = t("groups.members_n", { n: group.members });
  return online ? `${count} · ${t("groups.online_n", { n: online })}` : count;
}
