import { html, useEffect, useState } from "../../vendor/preact.js";
import { again } from "../core/again.js";
import { useApp } from "./context.js";
import { LoadError } from "./elements.js";

/**
 * A component whose module, and style sheets, are fetched when it is first shown; until then
 * `meanwhile()` stands in its place, and `failing(retry)` when they cannot be had; what has a `close` and
 * no way of its own to fail is closed then, with a word. It has all of the page's sentences, unless it is part of the `first` view.
 */
export function lazy(load, name, styles = [], meanwhile = () => null, { failing = failed, first = false } = {}) {
  let module = null;
  const fetchAll = async (sentences) => {
    const needed = [load, ...(first ? [] : [sentences.rest]), ...styles.map((name) => () => loadStyle(name))];
    [module] = await Promise.all(needed.map((part) => again(part)));
  };
  const closes = ({ close }) => close && failing === failed;
  return function Lazy(props) {
    const { t, client, sentences, layers } = useApp();
    const online = client.link.value.name === "online";
    const [state, setState] = useState("loading");
    const start = () => {
      setState("loading");
      fetchAll(sentences).then(
        () => setState("ready"),
        () => {
          setState("error");
          if (!closes(props)) return;
          props.close();
          layers.say(t("link.needs"));
        },
      );
    };
    useEffect(() => {
      // Between drawing and here another one of the kind may have fetched it.
      if (module) setState("ready");
      else start();
    }, []);
    useEffect(() => {
      if (online && state === "error") start();
    }, [online]);
    if (module) return html`<${module[name]} ...${props} />`;
    if (state === "error" && !closes(props)) return failing(start, t);
    return meanwhile();
  };
}

/** Call a function whose module is fetched when it is first needed. */
export function call({ t, layers, sentences }, load, name, ...args) {
  return Promise.all([load, sentences.rest].map((part) => again(part))).then(
    ([module]) => module[name](...args),
    () => layers.say(t("link.needs")),
  );
}

const failed = (retry, t) => html`<${LoadError} title=${t("state.error")} onRetry=${retry} />`;

/** Add a style sheet to the page, once; resolves when it holds. */
function loadStyle(name) {
  const { pathname } = new URL(`../../css/${name}.css`, import.meta.url);
  const present = document.querySelector(`link[href="${pathname}"]`);
  if (present) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = pathname;
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new Error(name));
    };
    document.head.append(link);
  });
}
