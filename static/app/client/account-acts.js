// What can be done with one's own account, besides changing its fields.

export async function register({ api, account }, fields) {
  await api.post("/me/register", fields);
  await account.refresh();
}

export function changePassword({ api }, fields) {
  return api.post("/me/password", fields);
}

export async function endSession({ api, account }, id) {
  await api.delete(`/sessions/${id}`);
  await account.refreshSessions();
}

export async function endOtherSessions({ api, account }) {
  await api.delete("/sessions");
  await account.refreshSessions();
}

/** For good. A guest has no password. */
export function removeAccount({ api }, password = "") {
  return api.delete("/me", { password });
}
