import { html } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Avatar, Badge, Icon } from "../elements.js";

const AREAS = [
  ["chats", "chat"],
  ["contacts", "book"],
  ["groups", "people"],
];

function useBadges() {
  const { t, client } = useApp();
  const asking = client.groups.list.value.reduce((n, group) => n + (group.requests ?? 0), 0);
  void client.outboxVersion.value;
  const { failed } = client.outbox;
  const badge = (n, words) => html`<${Badge} kind="red" n=${n} label=${t(words, { n })} />`;
  return {
    chats: [
      badge(client.conversations.unread.value, "list.unread"),
      failed > 0 && html`<span class="fails"><${Icon} name="alert" size="s" /><span class="vh">${t("send.failed_n", { n: failed })}</span></span>`,
    ],
    contacts: badge(client.contacts.incoming.value.length, "contacts.requests_n"),
    groups: badge(asking, "groups.asking"),
  };
}

/** On wide screens: the areas, the state of the link, and myself. */
export function Rail() {
  const { t, router, client } = useApp();
  const badges = useBadges();
  const area = router.place.value.area;
  const me = client.account.user.value;
  return html`<nav class="rail" aria-label=${t("nav.main")} data-region>
    <span class="mark"><${Icon} name="mark" /></span>
    ${[...AREAS, ["settings", "gear"], ...(me.role === "admin" ? [["admin", "pulse"]] : [])].map(
      ([name, icon]) => html`<a
        class="it"
        key=${name}
        href=${router.href(name)}
        aria-current=${area === name ? "page" : undefined}
      ><${Icon} name=${icon} /><span>${t(`area.${name}`)}</span>${badges[name]}</a>`,
    )}
    <span class="gap"></span>
    <${LinkState} />
    <a class="rail-me" href=${router.href("settings", "profile")} aria-label=${t("nav.profile", { name: me.name })}>
      <${Avatar} id=${me.id} name=${me.name} presence=${client.link.value.name === "online" ? "online" : ""} />
    </a>
  </nav>`;
}

/** Whether and how well the node is reached, in an icon, a class and words. */
function useLink() {
  const { t, client } = useApp();
  const link = client.link.value;
  const trip = client.roundTrip.value;
  const online = link.name === "online";
  const icon = online ? "wifi" : "link-off";
  const kind = `lan ${online ? "" : link.name === "connecting" ? "wait" : "bad"}`;
  const words = online
    ? trip === null
      ? t("link.on")
      : t("link.trip", { n: Math.max(1, Math.round(trip)) })
    : t(link.name === "connecting" ? "link.connecting" : "link.off");
  return { icon, kind, words };
}

/** The state alone, where there is no rail and no tab bar. */
export function LinkMark() {
  const { icon, kind, words } = useLink();
  return html`<span class=${kind}><${Icon} name=${icon} size="s" /><span class="vh">${words}</span></span>`;
}

/** Signal mark and round trip. */
function LinkState() {
  const { t, client } = useApp();
  const { icon, kind, words } = useLink();
  return html`<button
    type="button"
    class=${kind}
    title=${t("link.title")}
    onClick=${() => client.connection.check()}
  >
    <${Icon} name=${icon} />
    <span class="num">${words}</span><span class="vh">${t("link.title")}</span>
  </button>`;
}

/** On phones: four tabs below, and the state of the link. */
export function TabBar() {
  const { t, router } = useApp();
  const badges = useBadges();
  const area = router.place.value.area;
  return html`<nav class="tabs" aria-label=${t("nav.main")}>
    ${[...AREAS, ["settings", "person"]].map(
      ([name, icon]) => html`<a
        key=${name}
        href=${router.href(name)}
        aria-current=${area === name ? "page" : undefined}
      ><${Icon} name=${icon} /><span>${t(name === "settings" ? "area.me" : `area.${name}`)}</span>${badges[name]}</a>`,
    )}
    <${LinkState} />
  </nav>`;
}
