// What can be done with the people one knows.

/** `who`: `{name}` or `{user}`. */
export async function addContact({ api, contacts }, who, note = "") {
  await api.post("/contacts", note ? { ...who, note } : who);
  await contacts.refresh();
}

export async function acceptContact({ api, contacts }, id) {
  await api.post(`/contacts/${id}/accept`);
  await contacts.refresh();
}

/** Decline for good, also when the page is going away. */
export async function declineContact({ api, contacts }, id) {
  await api.post(`/contacts/${id}/decline`, {}, { keepalive: true });
  await contacts.refresh();
}

export async function removeContact({ api, contacts }, id) {
  await api.delete(`/contacts/${id}`);
  await contacts.refresh();
}

export async function blockContact({ api, contacts }, id, blocked) {
  if (blocked) await api.put(`/contacts/${id}/block`);
  else await api.delete(`/contacts/${id}/block`);
  await contacts.refresh();
}

export async function remarkContact({ api, contacts }, id, remark) {
  await api.patch(`/contacts/${id}`, { remark });
  await contacts.refresh();
}
