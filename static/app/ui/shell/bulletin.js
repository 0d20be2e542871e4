import { html, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";

/** Something to be told above the panes; with `close` there is a button that says `done`. */
export function Bulletin({ icon, label, role, done, close, children }) {
  return html`<section class="bcast" role=${role} aria-label=${label}>
    <${Icon} name=${icon} />
    <p>${children}</p>
    ${close && html`<button type="button" class="btn small" onClick=${close}>${done}</button>`}
  </section>`;
}

/** What is told until it was seen once in this browser, which remembers that by `name`. */
export function Once({ name, ...told }) {
  const { storage } = useApp();
  const key = `${name}_seen`;
  const [seen, setSeen] = useState(storage.get(key) ?? false);
  const close = () => {
    storage.set(key, true);
    setSeen(true);
  };
  return seen ? null : html`<${Bulletin} ...${told} close=${close} />`;
}
