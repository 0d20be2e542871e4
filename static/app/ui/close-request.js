import { useEffect } from "../../vendor/preact.js";

/**
 * Calls `close()` when the system asks to close what was opened last: the way back of a phone, which would lead out of the
 * conversation, or Esc wherever the focus is. Only in browsers that tell of it; dialogs have it by themselves.
 */
export function useCloseRequest(close) {
  useEffect(() => {
    if (!window.CloseWatcher) return undefined;
    const watcher = new window.CloseWatcher();
    watcher.onclose = () => close();
    return () => watcher.destroy();
  }, []);
}
