import { html, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { Field } from "../form-elements.js";
import { reason } from "../reason.js";

/**
 * A form of labelled fields that is saved as a whole. `fields`: `[{name, label, ...input}]`;
 * `check(values)` answers errors by name before anything is sent; `save(values)` may throw an
 * error with `field` and `message`. A summary of what is wrong takes the focus. `danger`: it cannot return.
 * `onCancel`: in a dialog, whose footer it fills. `ready`: whether it may be sent yet.
 */
export function SettingsForm({ id, fields, initial = {}, check = () => ({}), save, action, onSaved, onCancel, ready = true, danger = false }) {
  const { t } = useApp();
  const [values, setValues] = useState(() =>
    Object.fromEntries(fields.map(({ name }) => [name, initial[name] ?? ""])),
  );
  const [errors, setErrors] = useState({});
  const [busy, setBusy] = useState(false);
  const summary = useRef(null);
  const fail = (found) => {
    setErrors(found);
    requestAnimationFrame(() => summary.current?.focus());
  };
  const submit = async (event) => {
    event.preventDefault();
    const found = check(values);
    if (Object.keys(found).length) {
      fail(found);
      return;
    }
    setBusy(true);
    try {
      await save(values);
      setErrors({});
      onSaved?.(() => setValues(Object.fromEntries(fields.map(({ name }) => [name, ""]))));
    } catch (error) {
      const message = reason(t, error);
      const known = fields.some(({ name }) => name === error.field);
      fail(known ? { [error.field]: message } : { "": message });
    } finally {
      setBusy(false);
    }
  };
  const count = Object.keys(errors).length;
  const button = html`<button class="btn ${danger ? "danger" : "primary"}" disabled=${busy || !ready}>${action}</button>`;
  return html`<form class="form" noValidate onSubmit=${submit}>
    ${count > 0 &&
    html`<div class="sumerr" role="alert" tabindex="-1" ref=${summary}>
      <${Icon} name="alert" /><span>${errors[""] ?? t("form.errors", { n: count })}</span></div>`}
    ${fields.map(
      ({ name, ...input }) => html`<${Field} key=${name} id="${id}-${name}" value=${values[name]} error=${errors[name]}
        onInput=${(value) => setValues({ ...values, [name]: value })} ...${input} />`,
    )}
    ${onCancel
      ? html`<footer class="da"><button type="button" class="btn quiet" onClick=${onCancel}>${t("action.cancel")}</button>${button}</footer>`
      : html`<div>${button}</div>`}
  </form>`;
}
