import { html, useEffect, useMemo, useRef, useSignal } from "../../../vendor/preact.js";
import { ALL } from "../../core/names.js";
import { useApp } from "../context.js";
import { Empty, Icon, IconButton } from "../elements.js";
import { later, useLater } from "../idle.js";
import { call, lazy } from "../lazy.js";
import { typingText } from "../list/preview.js";
import { unmark } from "../list/row.js";
import { useSender } from "../media/sender.js";
import { useVoices } from "../media/voices.js";
import { Composer } from "./composer.js";
import { ChatHeader } from "./header.js";
import { LogView } from "./log-view.js";
import { unreachable, useSilenced } from "./silenced.js";

const dropping = later(() => import("../media/drop.js"));
const ForwardDialog = lazy(() => import("./forward.js"), "ForwardDialog", ["details"]);
const Lightbox = lazy(() => import("../media/lightbox.js"), "Lightbox", ["lightbox"]);
const loadSelecting = () => import("./selecting.js");
const SelectBar = lazy(loadSelecting, "SelectBar", ["select"]);
const loadNoField = () => import("./no-field.js");
const Silenced = lazy(loadNoField, "Silenced", [], undefined, { failing: () => null });
const Unreachable = lazy(loadNoField, "Unreachable", [], undefined, { failing: () => null });
const ReadersDialog = lazy(() => import("./readers.js"), "ReadersDialog", ["details"]);

/** The main pane of the chats: a conversation, or a welcome when none is open. */
export function ChatPane({ conv }) {
  const { t, client, router } = useApp();
  const summary = conv ? summaryOf(client, conv) : null;
  if (!conv) return html`<main class="chat" id="main" tabindex="-1" data-region><${Welcome} /></main>`;
  if (!summary) {
    return html`<main class="chat" id="main" tabindex="-1" data-region>
      <${Empty} level=${2} icon="alert" title=${t("chat.unknown")} text=${t("chat.unknown_text")}>
        <button type="button" class="btn quiet" onClick=${() => router.back("chats")}>${t("action.back")}</button>
      <//>
    </main>`;
  }
  return html`<${OpenChat} conv=${conv} summary=${summary} />`;
}

/** A conversation's summary, also before its first message; of a former group as long as something of mine failed there. */
function summaryOf({ conversations, outbox, outboxVersion }, conv) {
  void outboxVersion.value;
  const summary = conversations.get(conv) ?? conversations.unlisted(conv);
  return summary?.former && !outbox.items(conv).length ? null : summary;
}

function OpenChat({ conv, summary }) {
  const app = useApp();
  const { t, client, layers } = app;
  /** `{replyTo, editing}`: entries that the composer is about. */
  const about = useSignal({ replyTo: null, editing: null });
  /** The messages that are being chosen, or null. */
  const selection = useSignal(null);
  const composer = useRef(null);
  const main = useRef(null);
  const silenced = useSilenced(summary.group);
  const cut = summary.peer === null ? null : unreachable(client, summary.peer);
  const canWrite = conv === ALL ? client.canBroadcast.value : silenced === null && !cut && !summary.former;
  const sender = useSender({ conv, about, handle: composer });
  const over = useSignal(false);
  const take = useRef(null);
  take.current = canWrite ? sender.open : null;
  useLater(dropping, ({ followDrop }) => followDrop(main, over, take));
  useEffect(() => {
    client.openConversation(conv);
    client.peopleShown();
  }, [conv]);
  // A mark that is set meanwhile stays.
  const listed = client.conversations.state.value;
  useEffect(() => {
    if (summary.marked_unread) unmark(app, conv);
  }, [conv, listed, summary.last_seq]);
  const voices = useVoices(conv);
  const forward = (entry) => layers.open(ForwardDialog, { entries: [entry] });
  const forwardAll = (entries, done) => layers.open(ForwardDialog, { entries, done });
  const actions = useMemo(
    () => ({
      voices,
      reply(entry) {
        about.value = { replyTo: entry, editing: null };
        composer.current?.focus();
      },
      edit(entry) {
        about.value = { replyTo: null, editing: entry };
        composer.current?.edit(entry.text);
      },
      reedit(text) {
        composer.current?.put(text);
      },
      forward,
      view: (entry) => layers.open(Lightbox, { entry, forward }),
      select(entry) {
        if (about.value.editing) about.value = { replyTo: null, editing: null };
        return call(app, loadSelecting, "begin", selection, entry);
      },
      choose: (...which) => call(app, loadSelecting, "choose", app, selection, ...which),
      readers: (entry) => layers.open(ReadersDialog, { entry }),
    }),
    [],
  );
  return html`<main class="chat" id="main" tabindex="-1" data-region ref=${main}>
    <${ChatHeader} conv=${conv} summary=${summary} />
    ${summary.group?.announcement && html`<${GroupNotice} group=${summary.group} key=${summary.group.id} />`}
    <${LogView} conv=${conv} summary=${summary} actions=${actions} canWrite=${canWrite} selection=${selection} />
    <${TypingLine} conv=${conv} />
    ${selection.value
      ? html`<${SelectBar} conv=${conv} selection=${selection} forward=${forwardAll} />`
      : canWrite
        ? html`<${Composer} conv=${conv} summary=${summary} about=${about} handle=${composer} sender=${sender} />`
        : cut
          ? html`<${Unreachable} id=${summary.peer} why=${cut} />`
          : silenced !== null
            ? html`<${Silenced} until=${silenced} />`
            : html`<p class="read-only">${t(summary.former ? "chat.unknown_text" : "broadcast.read_only")}</p>`}
    ${over.value &&
    html`<div class="drop" aria-hidden="true"><p><${Icon} name="upload" size="xl" />${t("upload.drop", { name: client.conversations.title(summary) })}</p></div>`}
  </main>`;
}

/** The group's announcement on top, until it is closed; a new one shows again. */
function GroupNotice({ group }) {
  const { t, router, storage } = useApp();
  const closed = useSignal(storage.get(`notice-${group.id}`));
  const text = group.announcement;
  if (closed.value === text) return null;
  return html`<div class="notice">
    <${Icon} name="horn" />
    <p><b>${t("groups.announcement")}</b>${" "}
      <a href=${router.href("chats", `g:${group.id}`, true)}>${text}</a></p>
    <${IconButton} small icon="close" label=${t("groups.announcement_close")} onClick=${() => {
      storage.set(`notice-${group.id}`, text);
      closed.value = text;
    }} />
  </div>`;
}

function TypingLine({ conv }) {
  const app = useApp();
  void app.client.typingVersion.value;
  const users = app.client.typing.users(conv);
  return html`<div class="typing">
    ${users.length > 0 &&
    html`<i aria-hidden="true"><b></b><b></b><b></b></i><span>${typingText(app, conv, users)}</span>`}
  </div>`;
}

function Welcome() {
  const { t, client } = useApp();
  return html`<${Empty} level=${2} wide drawing title=${t("welcome.title", { name: client.account.user.value.name })}
    text=${t("welcome.text")}>
    <ul class="tips">
      <li><b><kbd>Ctrl</kbd>${" "}<kbd>K</kbd></b>${t("welcome.find")}</li>
      <li><b><kbd>Alt</kbd>${" "}<kbd>↑</kbd>${" "}<kbd>↓</kbd></b>${t("welcome.next")}</li>
      <li><b><kbd>Ctrl</kbd>${" "}<kbd>/</kbd></b>${t("welcome.keys")}</li>
    </ul>
  <//>`;
}
