import { useEffect } from "../../vendor/preact.js";
import { partOf } from "../client/parts.js";
import { Preferences } from "../client/preferences.js";
import { useApp } from "./context.js";

/**
 * Whether Enter sends: `[sends, choose]`. It is the account's, so hands find it on every device; this browser
 * remembers it for the time until the node has told it.
 */
export function useEnterSends() {
  const { client, storage } = useApp();
  const store = partOf(client, Preferences);
  const told = store.values.value?.enter_sends;
  useEffect(() => {
    if (told === undefined) store.refresh();
    else storage.set("enter", told ? "send" : "newline");
  }, [told]);
  return [told ?? storage.get("enter") !== "newline", (on) => store.change({ enter_sends: on })];
}
