import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Dialog } from "../layer-views.js";

const KEYS = [
  ["general", [["find", "Ctrl K"], ["find_here", "Ctrl Shift F"], ["help", "Ctrl /"], ["conversations", "Alt ↑ ↓"], ["region", "F6"], ["close", "Esc"]]],
  ["writing", [["send", "Enter"], ["newline", "Shift Enter"], ["edit_last", "↑"], ["quick", "/"], ["mention", "@"], ["emoji", ":"]]],
  ["message", [["reply", "R"], ["copy", "C"], ["forward", "F"], ["select", "X"], ["select_range", "Shift Space"], ["edit", "E"], ["delete", "Del"], ["menu", "Shift F10"]]],
];

/** All keys at a glance. */
export function KeyHelp({ close }) {
  const { t } = useApp();
  return html`<${Dialog} title=${t("help.title")} close=${close}>
    <div class="db help" tabindex="0" role="region" aria-label=${t("help.title")}>
      ${KEYS.map(
        ([name, keys]) => html`<section key=${name}>
          <h3>${t(`help.${name}`)}</h3>
          <dl>
            ${keys.map(
              ([what, key]) => html`<div key=${what}><dt>${t(`help.${what}`)}</dt>
                <dd>${key.split(" ").map((part) => html`<kbd>${part}</kbd>${" "}`)}</dd></div>`,
            )}
          </dl>
        </section>`,
      )}
    </div>
  <//>`;
}
