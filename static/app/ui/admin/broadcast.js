import { html, useRef, useState } from "../../../vendor/preact.js";
import { newKey } from "../../core/keys.js";
import { ALL } from "../../core/names.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Confirm } from "../layer-views.js";
import { useAdmin } from "./context.js";
import { reason } from "../reason.js";

/** Write to everyone who has an account here, after a look at what it is. */
export function BroadcastCard() {
  const { t, client, layers, router } = useApp();
  const { administration, live } = useAdmin();
  const [text, setText] = useState("");
  const [error, setError] = useState(null);
  // Whoever tries again after a cut says the same thing once.
  const key = useRef(newKey());
  const field = useRef(null);
  const send = async () => {
    try {
      await administration.broadcast(text.trim(), key.current);
    } catch (problem) {
      setError(reason(t, problem));
      return;
    }
    key.current = newKey();
    setText("");
    setError(null);
    field.current?.focus();
    layers.say(t("admin.broadcast_done"));
  };
  const ask = (event) => {
    event.preventDefault();
    layers.open(Confirm, {
      title: t("admin.broadcast_title"),
      text: text.trim(),
      action: t("admin.broadcast_send"),
      onConfirm: send,
    });
  };
  const may = client.canBroadcast.value;
  return html`<section class="card" aria-label=${t("admin.broadcast_everyone")}>
    <h3><${Icon} name="horn" /><span>${t("admin.broadcast_everyone")}</span></h3>
    <form class="form wide" onSubmit=${ask}>
      <div class="field">
        <label for="admin-broadcast" class="vh">${t("admin.broadcast_text")}</label>
        <textarea ref=${field} class="ta" id="admin-broadcast" rows="4" value=${text} disabled=${!may} placeholder=${t("broadcast.write")}
          aria-describedby="admin-broadcast-hint" onInput=${(event) => setText(event.currentTarget.value)}></textarea>
        ${error && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${error}</p>`}
        <p class="hint" id="admin-broadcast-hint"><${Icon} name="info" size="s" />${may
          ? t("admin.broadcast_hint", { n: live.online })
          : t("broadcast.read_only")}</p>
      </div>
      <div class="line">
        <a class="linkish" href=${router.href("chats", ALL)}>${t("admin.broadcast_before")}</a><span class="sp"></span>
        <button class="btn primary" disabled=${!may || !text.trim()}>${t("admin.broadcast_send")}</button>
      </div>
    </form>
  </section>`;
}
