import { useEffect, useState } from "../../../vendor/preact.js";
import { BEAT_MS, merged } from "../../core/node-figures.js";
import { useApp } from "../context.js";

/** Heartbeats that the plots show: five minutes. */
export const POINTS = 60;

/**
 * The nodes and their figures, fetched anew with each heartbeat while the page is looked at:
 * `{nodes, online, now, at, error, reload}`; `nodes` is null until they are known.
 */
export function useNodes(administration) {
  const { client } = useApp();
  const [state, setState] = useState({ nodes: null, online: 0, now: 0, at: 0, error: null });
  const load = async () => {
    try {
      const { nodes, online, now } = await administration.nodes(POINTS);
      setState((before) => ({ nodes: merged(before.nodes ?? [], nodes, now), online, now, at: client.now(), error: null }));
    } catch (error) {
      setState((before) => ({ ...before, error }));
    }
  };
  useEffect(() => {
    let timer = null;
    let ended = false;
    const round = async () => {
      clearTimeout(timer);
      if (document.visibilityState === "visible") await load();
      if (!ended) timer = setTimeout(round, BEAT_MS);
    };
    const seen = () => document.visibilityState === "visible" && round();
    document.addEventListener("visibilitychange", seen);
    round();
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, []);
  return { ...state, reload: load };
}
