import { html, useEffect, useLayoutEffect, useRef, useState } from "../../../vendor/preact.js";
import { partOf } from "../../client/parts.js";
import { NAME, QuickReplies } from "../../client/quick-replies.js";
import { useApp } from "../context.js";
import { Icon, IconButton, LoadError, Skeleton } from "../elements.js";
import { Dialog } from "../layer-views.js";
import { listen } from "../listen.js";
import { Words } from "../quick/words.js";
import { failing, reason } from "../reason.js";

/** Longest quick reply (the node's limit), in characters. */
const MAX_TEXT = 500;

/** One's quick replies: their texts and their order. */
export function QuickRepliesCard() {
  const { t, client, layers } = useApp();
  const store = partOf(client, QuickReplies);
  const [said, setSaid] = useState("");
  const rows = useRef(null);
  useEffect(() => void store.refresh(), []);
  const failed = failing({ t, layers });
  const list = store.list.value;
  const order = useOrder({
    list: list ?? [],
    rows,
    commit: (ids) => store.putInOrder(ids).catch(failed),
    moved: (place, count) => setSaid(t("quick.moved", { n: place, count })),
  });
  const edit = (reply) => layers.open(EditReply, { reply });
  const remove = (reply, place) =>
    store.remove(reply.id).then(() => layers.offerUndo(t("quick.removed"), () => store.add(reply.text, place).catch(failed)), failed);
  return html`<section class="card list">
    <p class="lead">${t("quick.text")}</p>
    ${!list && (store.error.value
      ? html`<${LoadError} title=${t("quick.error")} error=${store.error.value} onRetry=${() => store.refresh()} />`
      : html`<${Skeleton} rows="3" label=${t("state.loading")} />`)}
    ${list?.length === 0 && html`<p class="nothing">${t("quick.empty")}</p>`}
    <ol class="qlist" ref=${rows}>
      ${order.shown.map(
        (reply, index) => html`<li key=${reply.id} data-id=${reply.id} class=${order.moving === reply.id ? "moving" : ""}>
          <button type="button" class="ib grip" aria-label=${t("quick.move", { text: reply.text })} title=${t("quick.move_hint")}
            ...${order.grip(reply.id)}><${Icon} name="drag" /></button>
          <span class="qt"><${Words} text=${reply.text} label=${t("quick.name")} /></span>
          <${IconButton} icon="edit" label=${t("quick.edit_it", { text: reply.text })} onClick=${() => edit(reply)} />
          <${IconButton} icon="trash" label=${t("quick.remove_it", { text: reply.text })} onClick=${() => remove(reply, index)} />
        </li>`,
      )}
    </ol>
    <button type="button" class="opt" onClick=${() => edit(null)}><${Icon} name="plus" /><span>${t("quick.add")}</span></button>
    <p class="vh" role="status">${said}</p>
  </section>`;
}

/** Write a quick reply; `reply` is the one that is changed. */
function EditReply({ reply, close }) {
  const { t, client } = useApp();
  const store = partOf(client, QuickReplies);
  const [text, setText] = useState(reply?.text ?? "");
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const area = useRef(null);
  const insert = () => {
    const { selectionStart: from, selectionEnd: to } = area.current;
    setText(text.slice(0, from) + NAME + text.slice(to));
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(from + NAME.length, from + NAME.length);
    });
  };
  const save = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await (reply ? store.change(reply.id, text) : store.add(text));
      close();
    } catch (problem) {
      setError(reason(t, problem));
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${t(reply ? "quick.edit" : "quick.add")} close=${close}>
    <form class="db" onSubmit=${save}>
      <div class="field"><label for="quick-text">${t("quick.words")}</label>
        <textarea class="ta" id="quick-text" ref=${area} value=${text} maxlength=${MAX_TEXT} rows="3" aria-describedby="quick-hint"
          aria-invalid=${error ? "true" : undefined} onInput=${(event) => setText(event.currentTarget.value)}></textarea>
        ${error && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${error}</p>`}
        <p class="hint" id="quick-hint">${t("quick.name_hint", { variable: NAME })}</p></div>
      <div><button type="button" class="btn quiet small" onClick=${insert}><${Icon} name="plus" size="s" />${t("quick.insert_name")}</button></div>
      <footer class="da">
        <button type="button" class="btn quiet" onClick=${close}>${t("action.cancel")}</button>
        <button class="btn primary" disabled=${busy || !text.trim()}>${t("action.save")}</button>
      </footer>
    </form>
  <//>`;
}

/**
 * An order that one changes by dragging a grip or by its arrow keys. `commit(ids)` when it is done;
 * `moved(place, count)` says where the row is now.
 */
function useOrder({ list, rows, commit, moved }) {
  /** Ids while a row is dragged. */
  const [held, setHeld] = useState(null);
  const [moving, setMoving] = useState(null);
  const focus = useRef(null);
  const byId = new Map(list.map((reply) => [reply.id, reply]));
  const shown = held ? held.map((id) => byId.get(id)).filter(Boolean) : list;
  const ids = shown.map(({ id }) => id);
  // A row that changes its place in the document loses the focus.
  useLayoutEffect(() => {
    if (focus.current === null) return;
    rows.current.querySelector(`[data-id="${focus.current}"] .grip`)?.focus();
    focus.current = null;
  });
  const put = (id, to) => {
    const rest = ids.filter((other) => other !== id);
    rest.splice(Math.max(0, Math.min(to, rest.length)), 0, id);
    return rest;
  };
  const onKeyDown = (id) => (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const to = ids.indexOf(id) + step;
    if (to < 0 || to >= ids.length) return;
    focus.current = id;
    moved(to + 1, ids.length);
    commit(put(id, to));
  };
  const onPointerDown = (id) => (event) => {
    if (event.button) return;
    setMoving(id);
    setHeld(ids);
  };
  const move = (event) => {
    const others = [...rows.current.children].filter((row) => Number(row.dataset.id) !== moving);
    const to = others.filter((row) => {
      const { top, height } = row.getBoundingClientRect();
      return event.clientY > top + height / 2;
    }).length;
    if (ids.indexOf(moving) !== to) setHeld(put(moving, to));
  };
  const end = (keep) => {
    focus.current = moving;
    setMoving(null);
    setHeld(null);
    if (!keep || String(ids) === String(list.map(({ id }) => id))) return;
    moved(ids.indexOf(moving) + 1, ids.length);
    commit(ids);
  };
  // On the window: an element that changes its place in the document loses a captured pointer.
  useEffect(() => {
    if (moving === null) return undefined;
    return listen(window, {
      pointermove: move,
      pointerup: () => end(true),
      pointercancel: () => end(false),
      keydown: (event) => event.key === "Escape" && end(false),
    });
  });
  return { shown, moving, grip: (id) => ({ onKeyDown: onKeyDown(id), onPointerDown: onPointerDown(id) }) };
}
