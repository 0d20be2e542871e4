// What can be done with groups.

/** `about`: name, members, note, category, icon. */
export async function createGroup({ api, groups }, about) {
  const group = await api.post("/groups", about);
  await groups.refresh();
  return group;
}

export async function joinGroup({ api, groups }, numberOrName) {
  const group = await api.post("/groups/join", { group: numberOrName });
  await groups.refresh();
  return group;
}

export async function changeGroup({ api, groups }, id, fields) {
  await api.patch(`/groups/${id}`, fields);
  await groups.refresh();
}

export async function dissolveGroup({ api, groups }, id) {
  await api.delete(`/groups/${id}`);
  await groups.refresh();
}

export async function leaveGroup({ api, groups, me }, id) {
  await api.delete(`/groups/${id}/members/${me.id}`);
  await groups.refresh();
}

export async function addMembers({ api, groups }, id, users) {
  await api.post(`/groups/${id}/members`, { users });
  await groups.loadMembers(id);
}

export async function removeMember({ api, groups }, id, user) {
  await api.delete(`/groups/${id}/members/${user}`);
  await groups.loadMembers(id);
}

export async function setRole({ api, groups }, id, user, role) {
  await api.put(`/groups/${id}/members/${user}/role`, { role });
  await Promise.all([groups.loadMembers(id), groups.refresh()]);
}

/** Keep a member from writing for so many minutes, or, with null, until `unsilence`. */
export async function silence({ api, groups }, id, user, minutes) {
  await api.put(`/groups/${id}/members/${user}/silence`, minutes === null ? {} : { minutes });
  await groups.loadMembers(id);
}

export async function unsilence({ api, groups }, id, user) {
  await api.delete(`/groups/${id}/members/${user}/silence`);
  await groups.loadMembers(id);
}
