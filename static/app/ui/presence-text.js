/** Online, or when last here. */
export function presenceText({ t, client, times }, user) {
  if (client.link.value.name !== "online") return t("presence.unknown");
  const state = client.people.presence.value.get(user);
  if (state?.online) return t("presence.online");
  if (state?.last_seen) return t("presence.last_seen", { time: times.ago(state.last_seen) });
  return t("presence.offline");
}
