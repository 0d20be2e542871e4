import { html } from "../../../vendor/preact.js";
import { NAME } from "../../client/quick-replies.js";

/** A quick reply with its variables as chips; `name`: what they stand for, if that is known. */
export function Words({ text, name = null, label }) {
  return text
    .split(NAME)
    .flatMap((part, index) => (index ? [html`<span class="var">${name ?? label}</span>`, part] : [part]));
}
