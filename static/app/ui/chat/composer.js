import { html, useEffect, useLayoutEffect, useRef, useSignal, useState } from "../../../vendor/preact.js";
import { partOf } from "../../client/parts.js";
import { Said } from "../../client/said.js";
import { byteLength } from "../../core/text.js";
import { ALL } from "../../core/names.js";
import { useApp } from "../context.js";
import { Icon, IconButton } from "../elements.js";
import { Sticker, stickerNamed } from "../emoji/sticker-set.js";
import { useEnterSends } from "../enter-sends.js";
import { later, useLater } from "../idle.js";
import { isComposing } from "../input-method.js";
import { lazy } from "../lazy.js";
import { Attach } from "../media/attach.js";
import { pastedFiles } from "../media/sender.js";
import { Completion, useCompletion } from "./completion.js";
import { useMentions } from "./mentions.js";
import { QuickButton, QuickReplyPanel, useQuickReplies } from "./quick.js";
import { Quote } from "./row.js";
import { reason } from "../reason.js";

const EmojiPanel = lazy(() => import("../emoji/panel.js"), "EmojiPanel", ["emoji"]);
const holding = later(() => import("../media/hold.js"));
const Recorder = lazy(() => import("../media/recorder.js"), "Recorder");
const MAX_LINES = 8;

/**
 * Where a message is written. `about`: what is replied to or edited; `handle`: for the pane; `sender`:
 * where files go.
 */
export function Composer({ conv, summary, about, handle, sender }) {
  const app = useApp();
  const { t, client, layers } = app;
  const { replyTo, editing } = about.value;
  const draft = useRef(null);
  draft.current ??= client.drafts.get(conv) ?? {};
  const [text, setText] = useState(draft.current.text ?? "");
  const [emoji, setEmoji] = useState(false);
  const [enterSends] = useEnterSends();
  const [recording, setRecording] = useState(() => Boolean(client.drafts.recording(conv)));
  const input = useRef(null);
  const box = useRef(null);
  const kept = useRef("");
  const mentions = useMentions({ client, summary, draft: draft.current });
  const completion = useCompletion({ input, names: Boolean(summary.group) });
  const quick = useQuickReplies({ text, editing, client, t, summary, replyTo });

  useGrowing(input, text);
  useEffect(() => {
    if (draft.current.replyTo) about.value = { replyTo: draft.current.replyTo, editing: null };
    // Who comes back from choosing messages is among them still.
    const among = document.activeElement?.closest(".log");
    if (matchMedia("(hover: hover)").matches && !among) input.current.focus();
    return () => client.drafts.flush();
  }, []);
  useEffect(() => {
    if (editing) return;
    const mine = client.drafts.get(conv);
    const same = (mine?.text ?? "") === text && mine?.replyTo?.seq === replyTo?.seq;
    if (same || (!mine && !text && !replyTo)) return;
    client.drafts.note(conv, { text, replyTo, mentions: mentions.chosen });
  }, [text, replyTo, editing]);
  useDraftFromElsewhere({ client, conv, input, setText, editing });

  const write = (value) => {
    setText(value);
    if (editing) return;
    client.drafts.note(conv, { text: value, replyTo, mentions: mentions.chosen });
    if (value) client.tellTyping(conv);
  };
  const place = (value) => {
    setText(value);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(value.length, value.length);
    });
  };
  handle.current = {
    focus: () => input.current?.focus(),
    text: () => text,
    /** What is written has gone out as the caption of a file. */
    sent() {
      if (!editing) write("");
      // While the dialog is still there, nothing outside it can have the focus.
      if (matchMedia("(hover: hover)").matches) requestAnimationFrame(() => input.current?.focus());
    },
    put: (value) => place(text ? `${text}\n${value}` : value),
    edit(value) {
      if (!about.value.editing) kept.current = text;
      place(value);
    },
  };

  const limit = client.limits?.text_bytes ?? 65_536;
  const size = text.length * 3 > limit ? byteLength(text) : 0;
  const tooLong = size > limit;
  const ready = text.trim() !== "" && !tooLong;

  const stopAbout = () => {
    if (about.value.editing) place(kept.current);
    kept.current = "";
    about.value = { replyTo: null, editing: null };
    input.current.focus();
  };
  const send = async () => {
    if (!ready) return;
    setEmoji(false);
    if (editing) {
      const entry = editing;
      stopAbout();
      if (text === entry.text) return;
      await partOf(client, Said).edit(entry, text).catch((error) => {
        layers.say(reason(t, error));
        // What was begun meanwhile is there again after the edit.
        handle.current.edit(text);
        about.value = { replyTo: null, editing: entry };
      });
      return;
    }
    const options = { replyTo: replyTo?.seq ?? null, mentions: mentions.named(text) };
    setText("");
    mentions.reset();
    completion.close();
    about.value = { replyTo: null, editing: null };
    client.drafts.note(conv, { text: "" });
    client.drafts.flush();
    await client.send(conv, text, options).catch((error) => {
      layers.say(reason(t, error));
      handle.current.put(text);
    });
  };
  /** What is being written stays, but for the slash that led here. */
  const sendQuick = async (words) => {
    quick.close();
    const options = { replyTo: replyTo?.seq ?? null };
    about.value = { replyTo: null, editing: null };
    if (quick.query !== null) write("");
    await client.send(conv, words, options).catch((error) => {
      layers.say(reason(t, error));
      handle.current.put(words);
    });
  };
  const fillQuick = (words) => {
    quick.close();
    const value = quick.query === null && text.trim() ? `${text}\n${words}` : words;
    write(value);
    place(value);
  };
  const editLast = () => {
    const { log } = client.history.log(conv);
    for (let index = log.entries.length - 1; index >= 0; index -= 1) {
      const entry = log.entries[index];
      if (entry.from !== client.me.id || entry.recalled || entry.media !== "text") continue;
      if (client.now() - entry.time >= client.limits.edit_ms) return;
      about.value = { replyTo: null, editing: entry };
      handle.current.edit(entry.text);
      return;
    }
  };
  const onKeyDown = (event) => {
    if (isComposing(event) || quick.onKey(event) || completion.onKey(event)) return;
    if (event.key === "Enter" && !event.altKey) {
      const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
      if (plain ? !enterSends : !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && !text && !replyTo && !event.altKey) {
      event.preventDefault();
      editLast();
    }
  };
  const onEscape = (event) => {
    if (event.key !== "Escape" || isComposing(event) || event.defaultPrevented) return;
    if (!emoji && !replyTo && !editing) return;
    event.preventDefault();
    event.stopPropagation();
    if (emoji) closeEmoji();
    else stopAbout();
  };
  const insert = (characters) => {
    const { selectionStart: from, selectionEnd: to } = input.current;
    write(text.slice(0, from) + characters + text.slice(to));
    requestAnimationFrame(() => {
      input.current?.setSelectionRange(from + characters.length, from + characters.length);
    });
  };
  const closeEmoji = () => {
    setEmoji(false);
    input.current?.focus();
  };
  const sendSticker = async (id) => {
    const options = { media: "sticker", text: t(`sticker.${id}`), extra: { sticker: id }, replyTo: editing ? null : (replyTo?.seq ?? null) };
    closeEmoji();
    if (!editing) about.value = { replyTo: null, editing: null };
    await client.post(conv, options).catch((error) => {
      layers.say(reason(t, error));
    });
  };
  const offered = editing ? null : stickerNamed(text, t);
  const startRecording = () => {
    setEmoji(false);
    setRecording(true);
  };
  const hold = useSignal(null);
  const begin = useRef(null);
  begin.current = startRecording;
  useLater(holding, ({ followHold }) => followHold(box.current.querySelector(".mic-b"), hold, begin));
  const stopRecording = () => {
    setRecording(false);
    requestAnimationFrame(() => box.current?.querySelector(".mic-b").focus());
  };
  const meant = editing ?? replyTo;
  const held = client.history.log(conv);
  void held.version.value;
  /** As it is now: it may have been taken back meanwhile. */
  const quoted = meant && (held.log.get(meant.seq) ?? meant);

  return html`<div class="comp" ref=${box} onKeyDown=${onEscape}>
    ${emoji && html`<${EmojiPanel} onPick=${insert} onSticker=${sendSticker} close=${closeEmoji} within=${box} />`}
    <${Completion} completion=${completion} input=${input} summary=${summary} onNamed=${mentions.add} />
    ${!recording && html`<${QuickReplyPanel} quick=${quick} send=${sendQuick} fill=${fillQuick} within=${box} />`}
    ${offered && !emoji && !recording &&
    html`<button type="button" class="offer pop" aria-label=${t("sticker.offer", { name: t(`sticker.${offered.id}`) })} onClick=${() => {
      write("");
      sendSticker(offered.id);
    }}><span aria-hidden="true"><${Sticker} id=${offered.id} /></span></button>`}
    ${recording &&
    html`<${Recorder} conv=${conv} replyTo=${editing ? null : (replyTo?.seq ?? null)} close=${stopRecording} hold=${hold}
      sent=${() => editing || (about.value = { replyTo: null, editing: null })} />`}
    <div class="box ${ready || editing ? "" : "blank"}" hidden=${recording}>
      ${quoted &&
      html`<div class="ctx">
        <${Quote} quoted=${quoted} title=${editing ? t("chat.editing") : t("chat.replying", { name: client.people.name(quoted.from) })} />
        <${IconButton} icon="close" label=${editing ? t("chat.edit_cancel") : t("chat.reply_cancel")} onClick=${stopAbout} />
      </div>`}
      <textarea
        ref=${input}
        rows="1"
        value=${text}
        aria-label=${t("chat.write_to", { name: client.conversations.title(summary) })}
        placeholder=${conv === ALL ? t("broadcast.write") : t("chat.write")}
        enterkeyhint="send"
        autocomplete="off"
        aria-invalid=${tooLong ? "true" : undefined}
        aria-describedby=${tooLong ? "too-long" : undefined}
        onInput=${(event) => {
          write(event.currentTarget.value);
          completion.look(event);
        }}
        onPaste=${(event) => {
          const files = pastedFiles(event);
          if (!files.length) return;
          event.preventDefault();
          sender.open(files);
        }}
        onCompositionEnd=${completion.look}
        onSelect=${completion.look}
        onClick=${completion.look}
        onBlur=${completion.close}
        onKeyDown=${onKeyDown}
      ></textarea>
      <div class="tools">
        <${IconButton} icon="smile" class=${emoji ? "on" : ""} label=${t("emoji.open")} aria-expanded=${emoji ? "true" : "false"}
          onClick=${() => (emoji ? closeEmoji() : setEmoji(true))} />
        <${Attach} sender=${sender} more=${[quick.item]} />
        <${QuickButton} quick=${quick} />
        <span class="sp"></span>
        ${tooLong
          ? html`<span class="err" id="too-long" role="alert">${t("chat.too_long", { size: Math.ceil(size / 1024), limit: Math.floor(limit / 1024) })}</span>`
          : html`<span class="hintk keys">${t(enterSends ? "chat.keys" : "chat.keys_swapped")
              .split(/ (?=·)/)
              .map((part) => html`<span key=${part}>${part}</span>${" "}`)}</span>`}
        <${IconButton} class="mic-b" icon="mic" label=${t("voice.record")} onClick=${startRecording} />
        <button type="button" class="ib solid send-b ${ready ? "" : "idle"}" aria-label=${t(editing ? "chat.save" : "chat.send")}
          title=${t(editing ? "chat.save" : "chat.send")} aria-disabled=${ready ? undefined : "true"}
          onClick=${() => {
            send();
            input.current.focus();
          }}>
          <${Icon} name=${editing ? "check" : "send"} />
        </button>
      </div>
    </div>
  </div>`;
}

/** As high as its text, up to eight lines. */
function useGrowing(input, text) {
  useLayoutEffect(() => {
    const area = input.current;
    area.style.height = "auto";
    const style = getComputedStyle(area);
    const most = parseFloat(style.lineHeight) * MAX_LINES + parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    area.style.height = `${Math.min(area.scrollHeight, most)}px`;
    area.style.overflowY = area.scrollHeight > most ? "auto" : "hidden";
  }, [text]);
}

/** Another tab wrote on: take its text, unless this field is being used. */
function useDraftFromElsewhere({ client, conv, input, setText, editing }) {
  const draft = client.drafts.map.value.get(conv);
  useEffect(() => {
    if (editing || document.hasFocus() || document.activeElement === input.current) return;
    setText(draft?.text ?? "");
  }, [draft]);
}
