import { createContext, useContext } from "../../../vendor/preact.js";

/** `{administration, live}`: what every part of the administrator's page may use. */
export const AdminContext = createContext(null);

export function useAdmin() {
  return useContext(AdminContext);
}
