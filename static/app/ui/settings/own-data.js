import { html, useRef, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Icon } from "../elements.js";
import { reason } from "../reason.js";

/** All of one's data in one file. */
export function OwnDataCard() {
  const { t } = useApp();
  return html`<section class="card list">
    <${ExportLink} look="opt">
      <${Icon} name="download" /><div>${t("settings.export")}<small>${t("settings.export_text")}</small></div><//>
  </section>`;
}

/**
 * The browser saves the file while the server makes it, and shows how far it is. Before, it is asked
 * whether it can be had now: a browser would save nothing and not say why.
 */
export function ExportLink({ look, children }) {
  const { t, client } = useApp();
  const [asking, setAsking] = useState(false);
  const [refusal, setRefusal] = useState(null);
  const link = useRef(null);
  const allowed = useRef(false);
  const onClick = async (event) => {
    if (allowed.current) return void (allowed.current = false);
    event.preventDefault();
    if (asking) return;
    setAsking(true);
    setRefusal(null);
    try {
      await ask(client.api);
      allowed.current = true;
      link.current?.click();
    } catch (error) {
      setRefusal(error);
    }
    setAsking(false);
  };
  return html`<a class=${look} href="/api/me/export" download ref=${link} aria-busy=${asking} onClick=${onClick}>${children}</a>
    ${refusal && html`<p class="err" role="alert"><${Icon} name="alert" size="s" />${reason(t, refusal)}</p>`}`;
}

/** Throws why not. An answer to HEAD has no words; asking for the whole, which is refused, has them. */
async function ask(api) {
  const answer = await fetch("/api/me/export", { method: "HEAD" }).catch(() => null);
  if (!answer) throw { code: "unreachable" };
  if (!answer.ok) await api.get("/me/export");
}
