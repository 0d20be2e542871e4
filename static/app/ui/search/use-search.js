import { useEffect, useRef, useState } from "../../../vendor/preact.js";
import { heldHits, ledIn, wordsOf } from "../../core/matching.js";
import { useApp } from "../context.js";
import { EVERYTHING, fieldsOf } from "./filters.js";

/** What is looked for rests this long before the node is asked, in ms. */
const NAMES_REST_MS = 150;
const MESSAGES_REST_MS = 250;
/** Longest query and longest part of a name that the node takes, in characters. */
const MAX_QUERY = 100;
const MAX_NAME = 64;
/** Messages asked for at once, and shown of what is held here. */
const PAGE = 20;
const MAX_HELD = 50;
/** Messages shown at most: more words lead further than more pages. */
const MAX_SHOWN = 400;

const NO_NAMES = { contacts: [], groups: [], people: [] };
const NOTHING = { state: "idle", hits: [], cursor: null, incomplete: false, error: null };

/** Names the node finds: `{contacts, groups, people}` of `{conv, id, title, name, ranges}`. */
export function useNames(query) {
  const { client } = useApp();
  const [found, setFound] = useState(NO_NAMES);
  const text = query.trim().slice(0, MAX_NAME);
  useEffect(() => {
    setFound(NO_NAMES);
    if (!text) return undefined;
    let current = true;
    const timer = setTimeout(
      () =>
        client.api.get(`/search/names?q=${encodeURIComponent(text)}`).then(
          (answer) => current && setFound(answer),
          // What is known here is shown all the same.
          () => {},
        ),
      NAMES_REST_MS,
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  return found;
}

/**
 * Messages that have all words of a query, in all conversations or in `conv`, narrowed by a `filter`; of one person
 * also without words: `{state, hits, more, retry,
 * incomplete, error}` with `state` one of idle, searching, done, more (on its way), error, and held (there
 * is no connection: only what this page holds). `more()` fetches what is older, if there is any.
 */
export function useMessages(query, conv = null, filter = EVERYTHING) {
  const { client } = useApp();
  const offline = client.offline.value;
  const [found, setFound] = useState(NOTHING);
  const [attempt, setAttempt] = useState(0);
  /** The question that stands; an answer to another one comes too late. */
  const asked = useRef(null);
  const text = query.trim().slice(0, MAX_QUERY);

  const narrowed = JSON.stringify(fieldsOf(filter, client.now()));

  const ask = async (token, cursor, before) => {
    const fields = { q: text, limit: String(PAGE), ...(conv && { conv }), ...(cursor && { cursor }), ...JSON.parse(narrowed) };
    try {
      const page = await client.api.get(`/search/messages?${new URLSearchParams(fields)}`);
      if (asked.current !== token) return;
      client.people.learn(page.users);
      const hits = [...before, ...page.hits.map((hit) => shownAs(hit, page.conversations))];
      const ended = hits.length >= MAX_SHOWN;
      setFound({
        state: "done",
        hits,
        cursor: ended ? null : (page.cursor ?? null),
        incomplete: (page.incomplete ?? false) || ended,
        error: null,
      });
    } catch (error) {
      if (asked.current === token) setFound({ ...NOTHING, state: "error", hits: before, cursor, error });
    }
  };

  useEffect(() => {
    const token = {};
    asked.current = token;
    if (!text && !filter.from) {
      setFound(NOTHING);
      return undefined;
    }
    if (offline) {
      setFound({ ...NOTHING, state: "held", hits: held(client, text, conv, JSON.parse(narrowed)) });
      return undefined;
    }
    setFound({ ...NOTHING, state: "searching" });
    const timer = setTimeout(() => ask(token, null, []), MESSAGES_REST_MS);
    return () => {
      clearTimeout(timer);
      asked.current = null;
    };
  }, [text, conv, narrowed, offline, attempt]);

  const older = () => {
    setFound({ ...found, state: "more" });
    ask(asked.current, found.cursor, found.hits);
  };
  return {
    ...found,
    more: found.state === "done" && found.cursor ? older : null,
    retry: () => (found.cursor ? older() : setAttempt(attempt + 1)),
  };
}

function shownAs(hit, conversations) {
  const { conv, seq, from, time, text, ranges } = hit;
  const place = conversations.find((one) => one.conv === conv);
  return { conv, seq, from, time, place, ...ledIn({ text, ranges, cutStart: hit.cut_start, cutEnd: hit.cut_end }) };
}

function held(client, text, conv, { from, after = 0, before = Infinity }) {
  const fits = (entry) => (!from || String(entry.from) === from) && entry.time >= after && entry.time < before;
  const logs = [...client.history.logs.values()].map(({ log }) => log).filter((log) => !conv || log.conv === conv);
  return heldHits(logs.map(({ entries }) => entries.filter(fits)), wordsOf(text), MAX_HELD).map((hit) => ({ ...hit, ...ledIn(hit) }));
}
