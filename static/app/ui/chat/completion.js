import { html, useRef, useState } from "../../../vendor/preact.js";
import { lazy } from "../lazy.js";

const List = lazy(() => import("./completion-list.js"), "CompletionList", [], undefined, { failing: () => null });

/**
 * A sign and the letters after it, up to the caret: @ and a name; : and the name of an emoji, of two letters or one
 * Chinese character, so that no smiley, time or address begins one.
 */
const BEGUN = {
  "@": /(?:^|[\s\p{Script=Han}，。！？、：；])@([^\s@]{0,32})$/u,
  ":": /(?:^|[\s，。！？、；\uFE0F\p{Emoji_Presentation}])[:：]((?:\p{Script=Han}|[\p{L}+][\p{L}\p{N}_])[\p{L}\p{N}_-]{0,30})$/u,
};
/** Keys that move the caret away from what has begun. */
const AWAY = /^(Arrow(Left|Right)|Home|End|Page(Up|Down))$/;

/** Completing what is being written: names after an @, where there are `names`, and emoji after a colon. */
export function useCompletion({ input, names }) {
  /** `{sign, letters}` */
  const [begun, setBegun] = useState(null);
  const handle = useRef(null);
  const close = () => setBegun(null);
  return {
    begun,
    handle,
    close,
    /** After what was written, or where the caret was put; letters that are still composed are the input method's. */
    look(event) {
      const { value, selectionStart } = input.current;
      const before = value.slice(0, selectionStart);
      const found = Object.entries(BEGUN)
        .map(([sign, begins]) => ({ sign, letters: begins.exec(before)?.[1] }))
        .find(({ sign, letters }) => letters !== undefined && (names || sign !== "@"));
      setBegun((!event.isComposing && found) || null);
    },
    onKey(event) {
      if (AWAY.test(event.key)) close();
      if (!begun || event.altKey || event.ctrlKey || event.metaKey || !handle.current?.(event)) return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}

export function Completion({ completion, ...rest }) {
  const { begun, handle, close } = completion;
  return begun && html`<${List} key=${begun.sign} ...${begun} handle=${handle} close=${close} ...${rest} />`;
}
