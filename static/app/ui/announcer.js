import { html, signal } from "../../vendor/preact.js";
import { useApp } from "./context.js";
import { mediaText } from "./list/preview.js";

/** Lines kept for screen readers; older ones have been read. */
const MAX_LINES = 5;

/** How long the name of someone new is waited for before their message is read out, in ms. */
const UNKNOWN_MS = 500;

/** Says new messages of the open conversation once, as "name, text, time". */
export function createAnnouncer({ t, client, router, times, clock }) {
  const lines = signal([]);
  let next = 0;

  function say(text, about) {
    next += 1;
    lines.value = [...lines.value, { id: next, text, about }].slice(-MAX_LINES);
  }

  return {
    lines,
    /** An entry came. What is recalled is nowhere any more, here neither. */
    entry({ op, kind, conv, seq, target, from, ...rest }) {
      if (kind === "recall") lines.value = lines.value.filter(({ about }) => about !== `${conv} ${target}`);
      if (op !== "message" || from === client.me.id || router.place.value.id !== conv) return;
      const read = () => {
        const line = [client.people.name(from), mediaText(t, rest), times.clock(rest.time)];
        say(line.join(", "), `${conv} ${seq}`);
      };
      // Someone new has a name in a moment.
      if (client.people.get(from)) read();
      else clock.setTimeout(read, UNKNOWN_MS);
    },
  };
}

export function Announcer() {
  const { t, announcer } = useApp();
  return html`<div class="vh" role="log" aria-live="polite" aria-label=${t("chat.arrivals")}>
    ${announcer.value?.lines.value.map(({ id, text }) => html`<p key=${id}>${text}</p>`)}
  </div>`;
}
