import { html, render, signal } from "../vendor/preact.js";
import { Client } from "./client/client.js";
import { again } from "./core/again.js";
import { parseName } from "./core/names.js";
import { createTimes } from "./core/times.js";
import { translator } from "./core/translate.js";
import { createApi } from "./data/api.js";
import { openDatabase } from "./data/database.js";
import { openSentences } from "./data/sentences.js";
import { createStorage } from "./data/storage.js";
import { createTabs } from "./data/tabs.js";
import { AppContext } from "./ui/context.js";
import { loadMenu } from "./ui/layers-shown.js";
import { whenIdle } from "./ui/idle.js";
import { createLayers } from "./ui/layers.js";
import { createRouter } from "./ui/router.js";
import { App, loadChat } from "./ui/shell/app.js";

const CLOCK = {
  now: () => Date.now(),
  setTimeout: (work, ms) => setTimeout(work, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** A page that is looked at again gives its node this long to answer, in ms. */
const RETURN_MS = 5_000;

async function main() {
  /** Shortcuts: on their way beside the page, which can be drawn without them. */
  const keyboard = again(() => import("./ui/keyboard.js"));
  const boot = JSON.parse(document.querySelector("#boot").textContent);
  const { user, lang } = boot;
  const sentences = await openSentences(boot.sentences);
  const t = translator(sentences.messages, lang);
  const times = createTimes(lang, t);
  const router = createRouter(window);
  const layers = createLayers(CLOCK);
  const storage = createStorage(window.localStorage, user.id);
  /** One is logging out: the end of the session is no news. */
  let going = false;
  const leaving = () => again(() => import("./leaving.js"));
  /** The session is over, and what leads to the log-in cannot be had now. */
  const over = signal(false);
  const leave = () => going || leaving().then((way) => way.leave({ database }), () => (over.value = true));
  const api = createApi({
    fetch: (...request) => fetch(...request),
    cookie: () => document.cookie,
    onUnauthorized: leave,
  });
  const database = await openDatabase(user.id);
  /** What tells of messages, to those who hear the page and while one is elsewhere; after the page stands. */
  const announcer = signal(null);
  const notifier = signal(null);
  /** Whether to offer notifications, and whether the node has a newer page than this one. */
  const hint = signal(false);
  const newer = signal(false);
  const tabs = createTabs(user.id, {
    onMessage: (message) => (message.type === "bid" ? notifier.value?.heard(message) : client.heard(message)),
  });
  const client = new Client({
    boot,
    api,
    database,
    tabs,
    storage,
    clock: CLOCK,
    t,
    openSocket: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${boot.ws}`, "im.v1"),
    events: {
      onEntry(entry) {
        announcer.value?.entry(entry);
        notifier.value?.entry(entry);
      },
      onMissed: (entry) => notifier.value?.entry(entry),
      onSent: () => notifier.value?.sent(),
      onSettings: () => followSettings(),
      onSessionOver: leave,
      onAnother: () => leaving().then((way) => way.beginAnew({ client, database })),
      /** A refused handshake looks like any other cut: ask whether the session still holds. */
      onConnectionLost: () => void api.get("/me").catch(() => {}),
      visiblePeople: () => visiblePeople(),
    },
  });

  function followSettings() {
    const { theme, language, role } = client.account.user.value;
    if (theme) document.documentElement.dataset.theme = theme;
    // The page has the sentences of one language, and the administrators' ones for them alone.
    if ((language && language !== lang) || role !== user.role) {
      client.drafts.flush();
      location.reload();
    }
  }

  /** Members of the group that is open, whose chat it is, and whose profile is shown. */
  function visiblePeople() {
    const { area, id } = router.place.value;
    if (area === "contacts" && id) return [Number(id)];
    const { peer, group } = area === "groups" ? { group: Number(id) } : (parseName(id, user.id) ?? {});
    if (peer) return [peer];
    return (client.groups.members.value.get(group) ?? []).map((member) => member.user.id);
  }

  /** `end` ends the session; nothing of the account stays in this browser. */
  async function logOut(end = () => api.post("/logout")) {
    const { wipe } = await leaving();
    going = true;
    try {
      await end();
    } catch (error) {
      going = false;
      throw error;
    }
    await wipe({ client, tabs, database });
  }

  const app = {
    client, t, sentences, times, lang, router, layers, announcer, storage, logOut, notifier, hint, newer, over, leave,
  };
  addEventListener("online", () => client.connection.check());
  addEventListener("offline", () => client.connection.check());
  addEventListener("beforeunload", (event) => {
    // An upload would begin anew with the next page; where the browser keeps nothing, all that waits would be lost.
    if (client.outbox.uploading || (!database.lasting && client.outbox.waiting)) event.preventDefault();
  });
  addEventListener("pagehide", () => {
    client.kept.flush();
    client.drafts.leave();
    layers.endToast();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") client.connection.check(RETURN_MS);
    else {
      client.drafts.flush();
      client.kept.flush();
    }
  });
  keyboard.then(({ listenForKeys }) => listenForKeys(app), () => {});
  await client.start();
  // The chat's code is on its way before it is asked for, but not in the way of the list.
  const idle = whenIdle();
  if (router.place.value.id) loadChat();
  else idle.then(loadChat);
  idle.then(loadMenu);
  render(html`<${AppContext.Provider} value=${app}><${App} /><//>`, document.querySelector("#app"));
  dispatchEvent(new Event("started"));
  await idle;
  const [{ createAnnouncer }, { createNotifier }, { watchUse }, { watchVersions }] = await Promise.all(
    [
      () => import("./ui/announcer.js"),
      () => import("./ui/away/notifier.js"),
      () => import("./ui/away/unused.js"),
      () => import("./ui/away/versions.js"),
      sentences.rest,
      () => client.loadOwnMarks(),
    ].map((load) => again(load)),
  );
  announcer.value = createAnnouncer({ ...app, clock: CLOCK });
  notifier.value = createNotifier({ ...app, tabs, clock: CLOCK });
  watchUse({ client, clock: CLOCK });
  watchVersions({ client, newer });
}

main();
