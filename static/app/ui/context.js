import { createContext, useContext } from "../../vendor/preact.js";

/** `{client, t, times, lang, router, layers, base}`: what every component may use. */
export const AppContext = createContext(null);

export function useApp() {
  return useContext(AppContext);
}
