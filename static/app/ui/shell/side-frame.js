import { html } from "../../../vendor/preact.js";
import { useNarrow } from "./pane-frame.js";

/** Details beside a chat; on a narrow screen in its place. */
export function SideFrame({ label, children }) {
  const role = useNarrow() ? "main" : "complementary";
  return html`<section class="side" role=${role} aria-label=${label} data-region>${children}</section>`;
}
