// What forms and settings are made of; not needed for the first picture of the page.

import { html } from "../../vendor/preact.js";
import { Icon } from "./elements.js";

export function Switch({ checked, label, onChange, disabled = false }) {
  return html`<button
    type="button"
    class="switch"
    role="switch"
    aria-checked=${checked ? "true" : "false"}
    aria-label=${label}
    disabled=${disabled}
    onClick=${() => onChange(!checked)}
  ></button>`;
}

/** A choice of a few, shown side by side. `options`: `[{value, label, icon?, lang?}]`. */
export function Segments({ label, value, options, onChange, full = false }) {
  const move = (event, index) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (index + step + options.length) % options.length;
    event.currentTarget.parentElement.children[next].focus();
    onChange(options[next].value);
  };
  return html`<div class="seg ${full ? "full" : ""}" role="radiogroup" aria-label=${label}>
    ${options.map(
      (option, index) => html`<button
        type="button"
        role="radio"
        aria-checked=${option.value === value ? "true" : "false"}
        tabindex=${option.value === value ? 0 : -1}
        lang=${option.lang}
        onClick=${() => onChange(option.value)}
        onKeyDown=${(event) => move(event, index)}
      >${option.icon ? html`<${Icon} name=${option.icon} size="s" />` : null}${option.label}</button>`,
    )}
  </div>`;
}

/** A labelled input with its hint or error beside it. */
export function Field({ id, label, error, hint, value, onInput, type = "text", inputRef, ...rest }) {
  const described = error ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="inp ${error ? "bad" : ""}">
      <input
        id=${id}
        ref=${inputRef}
        type=${type}
        value=${value}
        onInput=${(event) => onInput(event.currentTarget.value)}
        aria-invalid=${error ? "true" : undefined}
        aria-describedby=${described}
        ...${rest}
      />
    </div>
    ${error
      ? html`<p class="err" id="${id}-error"><${Icon} name="alert" size="s" />${error}</p>`
      : hint
        ? html`<p class="hint" id="${id}-hint">${hint}</p>`
        : null}
  </div>`;
}
