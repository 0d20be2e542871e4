import { html, useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";

const NARROW = "(max-width: 719px)";

/** Whether one screen at a time is shown. */
export function useNarrow() {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const list = matchMedia(NARROW);
    const onChange = () => setNarrow(list.matches);
    list.addEventListener("change", onChange);
    return () => list.removeEventListener("change", onChange);
  }, []);
  return narrow;
}

/** A list pane; on a narrow screen, where nothing stands beside it, it is the main part. */
export function PaneFrame({ label, children }) {
  const { router } = useApp();
  const { area, id } = router.place.value;
  const alone = useNarrow() && id === null && area !== "settings";
  return html`<section class="pane" role=${alone ? "main" : undefined} aria-label=${label} data-region>
    ${children}
  </section>`;
}
