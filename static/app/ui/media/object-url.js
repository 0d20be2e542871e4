import { useEffect, useMemo } from "../../../vendor/preact.js";

/** An address for bytes in memory, as long as it is shown; null without bytes. */
export function useObjectUrl(blob) {
  const url = useMemo(() => (blob ? URL.createObjectURL(blob) : null), [blob]);
  useEffect(() => () => url && URL.revokeObjectURL(url), [url]);
  return url;
}
