import { useApp } from "./context.js";

/** A clock that is wrong by less changes nothing that one reads, in ms. */
const FAR_MS = 2 * 60_000;

/** A sentence where this device's clock is far from the server's, null where it is not or not known. */
export function useClockError() {
  const { t, client } = useApp();
  const { offset } = client;
  if (client.link.value.name !== "online" || Math.abs(offset) < FAR_MS) return null;
  const minutes = String(Math.round(Math.abs(offset) / 60_000));
  return t(offset < 0 ? "clock.ahead" : "clock.behind", { minutes });
}
