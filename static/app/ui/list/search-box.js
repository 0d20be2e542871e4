import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";

/**
 * A search field over a list; `onInput(value, composing)`. With `palette` it also names the key of the quick
 * switcher.
 */
export function SearchBox({ value, onInput, placeholder, palette = false, field }) {
  const { t } = useApp();
  return html`<label class="search">
    <${Icon} name="search" size="s" />
    <span class="vh">${t("action.search")}</span>
    <input
      ref=${field}
      type="search"
      value=${value}
      placeholder=${placeholder}
      autocomplete="off"
      onInput=${(event) => onInput(event.currentTarget.value, event.isComposing)}
      onCompositionEnd=${(event) => onInput(event.currentTarget.value)}
      onKeyDown=${(event) => {
        if (event.key !== "Escape" || !value || event.isComposing) return;
        event.preventDefault();
        event.stopPropagation();
        onInput("");
      }}
    />
    ${palette && html`<kbd class="keys" aria-hidden="true">Ctrl K</kbd>`}
  </label>`;
}
