import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { eventText } from "../../static/app/ui/event-text.js";
import { typingText } from "../../static/app/ui/list/preview.js";
import { LinkifyIt } from "../../static/vendor/linkify.js";
import { byInitial } from "../../static/app/core/initials.js";
import { newKey } from "../../static/app/core/keys.js";
import { groupName, parseName, privateName, targetOf } from "../../static/app/core/names.js";
import { initials } from "../../static/app/core/letters.js";
import { fewEmoji, mentionedIn, tokens } from "../../static/app/core/text.js";
import { createTimes } from "../../static/app/core/times.js";
import { translator } from "../../static/app/core/translate.js";
import { reason } from "../../static/app/ui/reason.js";

const catalogue = (lang) =>
  JSON.parse(readFileSync(new URL(`../../im/locales/${lang}.json`, import.meta.url), "utf8"));
const links = new LinkifyIt();

test("names of conversations and targets fit those of the node", () => {
  assert.equal(privateName(9, 4), "p:4:9");
  assert.equal(groupName(7), "g:7");
  assert.deepEqual(parseName("p:4:9", 9), { kind: "private", peer: 4 });
  assert.equal(parseName("p:4:9", 5), null);
  assert.equal(parseName("nonsense", 5), null);
  assert.equal(targetOf("p:4:9", 4), "u:9");
  assert.equal(targetOf("g:7", 4), "g:7");
  assert.equal(targetOf("all", 4), "all");
});

test("links end before Chinese punctuation, and no script is a link", () => {
  const found = tokens("看 http://192.168.1.10/paiban，好；javascript:alert(1)", { links });
  assert.deepEqual(found.filter(({ type }) => type === "link").map(({ text }) => text), ["http://192.168.1.10/paiban"]);
});

test("whatever is written comes out again, letter by letter", () => {
  for (const text of ["<b>@林晓</b> http://a.b/?q=@林晓", "@林晓@林晓", "", "\n\n", "a@b.com @林晓"]) {
    const found = tokens(text, { links, mentions: [{ id: 1, name: "林晓" }] });
    assert.equal(found.map((token) => token.text).join(""), text);
  }
});

test("one to three emoji are shown large, words and digits are not", () => {
  for (const text of ["😀", "👍🙏", "👨‍👩‍👧 🇨🇳", "1️⃣"]) assert.equal(fewEmoji(text), true, text);
  for (const text of ["", "1", "ok", "好", "👍👍👍👍", "👍 ok", "©x"]) assert.equal(fewEmoji(text), false, text);
});

test("Chinese and Latin names stand under their initials", () => {
  const names = ["周明", "陈静", "Ana", "王芳", "#1", "郑", "安"];
  const groups = byInitial(names, (name) => name).map(({ letter, items }) => [letter, items]);
  assert.deepEqual(groups, [["A", ["安", "Ana"]], ["C", ["陈静"]], ["W", ["王芳"]], ["Z", ["郑", "周明"]], ["#", ["#1"]]]);
});

test("an avatar has one Chinese character or up to two Latin letters", () => {
  assert.deepEqual(["周明医生", "Bridge & Engine", "bob", "访客 4071", ""].map(initials), ["周", "BE", "B", "访", "?"]);
});

test("times follow the words of each language", () => {
  const now = () => new Date("2026-11-25T12:00").getTime();
  const at = (text) => new Date(text).getTime();
  const zh = createTimes("zh", translator(catalogue("zh"), "zh"), now);
  const en = createTimes("en", translator(catalogue("en"), "en"), now);
  assert.equal(zh.short(at("2026-11-25T10:42")), "10:42");
  assert.equal(zh.short(at("2026-11-24T10:42")), "昨天");
  assert.equal(en.short(at("2026-11-22T10:42")), "Sun");
  assert.equal(en.short(at("2026-11-02T10:42")), "2 Nov");
  assert.equal(zh.short(at("2025-11-02T10:42")), "2025年11月2日");
  assert.equal(zh.day(at("2026-11-25T10:42")), "今天 · 11月25日 星期三");
  assert.equal(en.day(at("2026-11-25T10:42")), "Today · Wednesday 25 November");
  assert.equal(en.left(84_000), "1:24");
});

test("plurals follow the language", () => {
  const en = translator(catalogue("en"), "en");
  assert.equal(en("groups.members_n", { n: 1 }), "1 member");
  assert.equal(en("groups.members_n", { n: 1200 }), "1,200 members");
  assert.equal(translator(catalogue("zh"), "zh")("groups.members_n", { n: 3 }), "3 人");
});

test("Chinese has a space beside a name that is not Chinese, and none beside one that is", () => {
  const said = (lang, who, names) => {
    const all = { 1: who, 2: names };
    const app = { t: translator(catalogue(lang), lang), client: { me: { id: 9 }, people: { name: (id) => all[id] } } };
    return eventText(app, { kind: "joined", from: 1, users: [2] });
  };
  assert.equal(said("zh", "张三", "李四"), "张三邀请李四加入群组");
  assert.equal(said("zh", "张三", "Bo"), "张三邀请 Bo 加入群组");
  assert.equal(said("zh", "Bo", "张三（值班）"), "Bo 邀请张三（值班）加入群组");
  assert.equal(said("zh", "3 号机", "李 四"), "3 号机邀请李 四加入群组");
  assert.equal(said("en", "张三", "李四"), "张三 added 李四");
});

test("keys are never drawn twice and fit the protocol", () => {
  const keys = new Set(Array.from({ length: 1000 }, () => newKey()));
  assert.equal(keys.size, 1000);
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
});

test("who is named in a text is found by the whole of the name", () => {
  const people = [
    { id: 1, name: "Me" },
    { id: 2, name: "An" },
    { id: 3, name: "Anna" },
    { id: 4, name: "陈静" },
    { id: 5, name: "Anna L" },
  ];
  const named = (text) => mentionedIn(text, people, 1);
  assert.deepEqual(named("@Anna, look"), [3]);
  assert.deepEqual(named("@An look"), [2]);
  assert.deepEqual(named("@Anna L look"), [5]);
  assert.deepEqual(named("@Andrew look"), []);
  assert.deepEqual(named("请@陈静看一下，@An也看"), [4, 2]);
  assert.deepEqual(named("mail me@anna.example or @Me"), []);
});

test("why something was not done is told in the reader's language, never as a code", () => {
  const t = translator(catalogue("zh"), "zh");
  for (const code of ["unreachable", "disconnected", "timeout", "busy"]) {
    assert.equal(reason(t, { code, message: code }), t("link.needs"));
  }
  assert.equal(reason(t, { code: "forbidden", message: "只有群主可以这样做" }), "只有群主可以这样做");
  assert.equal(reason(t, new DOMException("The quota has been exceeded.", "QuotaExceededError")), t("state.error"));
  assert.equal(reason(t, new TypeError("x is undefined")), t("state.error"));
});

test("of many who write two are named", () => {
  const names = { 2: "Anna", 3: "Bo", 4: "Cem", 5: "Dee" };
  const people = { name: (id) => names[id] };
  const t = (key, { name, names: all, n } = {}) => (key === "list.comma" ? ", " : `${key} ${name ?? all} ${n}`);
  const said = (...users) => typingText({ t, client: { people } }, "g:1", users);
  assert.equal(said(2, 3), "typing.names Anna, Bo 2");
  assert.equal(said(2, 3, 4), "typing.many Anna, Bo 1");
  assert.equal(said(2, 3, 4, 5), "typing.many Anna, Bo 2");
});

test("of many who came or went the first are named, oneself among them, and the others counted", () => {
  const names = (count) => Array.from({ length: count }, (_, index) => index + 2);
  const said = (lang, kind, users) => {
    const app = { t: translator(catalogue(lang), lang), client: { me: { id: 9 }, people: { name: (id) => `P${id}` } } };
    return eventText(app, { kind, from: 1, users });
  };
  assert.equal(said("en", "joined", names(4)), "P1 added P2, P3, P4, P5");
  assert.equal(said("en", "joined", names(5)), "P1 added P2, P3, P4 and 2 others");
  assert.equal(said("en", "removed", names(100)), "P1 removed you, P2, P3 and 97 others");
  assert.equal(said("zh", "joined", names(100)), "P1 邀请你、P2、P3 和另外 97 人加入群组");
});
