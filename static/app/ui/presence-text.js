/** Online, away since when, or when last here; that they are gone for good, or never here: a webhook. */
export function presenceText({ t, client, times }, user) {
  const { deleted, kind } = client.people.get(user) ?? {};
  if (deleted) return t("people.deleted_text");
  if (kind === "webhook") return t("people.webhook");
  if (client.link.value.name !== "online") return t("presence.unknown");
  const standing = client.people.standing(user);
  if (standing === "online") return t("presence.online");
  const seen = client.people.presence.value.get(user)?.last_seen;
  const when = seen && t("presence.last_seen", { time: times.ago(seen) });
  if (!standing) return when || t("presence.offline");
  return [t("presence.away"), when].filter(Boolean).join(" · ");
}
