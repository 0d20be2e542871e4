import { html, useRef, useState } from "../../../vendor/preact.js";
import { IconButton } from "../elements.js";
import { useApp } from "../context.js";
import { lazy } from "../lazy.js";

const QuickPanel = lazy(() => import("../quick/panel.js"), "QuickPanel", ["quick"]);

/** A slash at the very beginning, and letters after it in the same line. */
const BEGUN = /^\/([^\n/]*)$/;

/** Quick replies of the composer: opened by a button or a slash; fetched when that happens. */
export function useQuickReplies({ text, editing, client, t, summary, replyTo }) {
  const [pressed, setPressed] = useState(false);
  /** The text at which the panel was closed, until the slash is gone. */
  const [closed, setClosed] = useState(false);
  const handle = useRef(null);
  const begun = BEGUN.exec(text)?.[1] ?? null;
  if (begun === null && closed) setClosed(false);
  const open = !editing && (pressed || (begun !== null && !closed));
  const answered = summary.peer ?? (replyTo?.from === client.me.id ? null : replyTo?.from);
  const toggle = () => {
    setPressed(!open);
    setClosed(open);
  };
  return {
    open,
    handle,
    toggle,
    /** In the menu of what there is no room for. */
    item: { icon: "bolt", label: t("quick.title"), run: toggle },
    /** What the other letters must have; null when a button opened it over another text. */
    query: begun,
    /** The name that everyone knows: a remark is one's own. */
    name: client.people.get(answered)?.name ?? t("quick.everyone"),
    close() {
      setPressed(false);
      setClosed(true);
    },
    onKey(event) {
      if (!open || event.altKey || event.ctrlKey || event.metaKey || !handle.current?.(event)) return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}

export function QuickButton({ quick }) {
  const { t } = useApp();
  return html`<${IconButton} icon="bolt" class="hide-s ${quick.open ? "on" : ""}" label=${t("quick.title")}
    aria-expanded=${quick.open ? "true" : "false"} onClick=${quick.toggle} />`;
}

export function QuickReplyPanel({ quick, send, fill, within }) {
  if (!quick.open) return null;
  return html`<${QuickPanel} query=${quick.query} name=${quick.name} handle=${quick.handle} send=${send} fill=${fill}
    close=${quick.close} within=${within} />`;
}
