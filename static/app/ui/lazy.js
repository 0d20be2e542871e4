import { html, useEffect, useState } from "../../vendor/preact.js";
import { useApp } from "./context.js";
import { LoadError } from "./elements.js";

/** A component whose module is fetched when it is first shown. */
export function lazy(load, name) {
  let module = null;
  return function Lazy(props) {
    const { t } = useApp();
    const [state, setState] = useState(module ? "ready" : "loading");
    const fetchIt = () => {
      setState("loading");
      load().then(
        (loaded) => {
          module = loaded;
          setState("ready");
        },
        () => setState("error"),
      );
    };
    useEffect(() => {
      if (!module) fetchIt();
    }, []);
    if (module) return html`<${module[name]} ...${props} />`;
    if (state === "error" && !props.close) {
      return html`<${LoadError} title=${t("state.error")} onRetry=${fetchIt} />`;
    }
    return null;
  };
}
