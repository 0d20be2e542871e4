import { useEffect, useMemo } from "../../../vendor/preact.js";
import { useApp } from "../context.js";
import { Player } from "./player.js";
import { addressOf } from "./sizes.js";

/** Recordings that were heard are remembered, the latest so many. */
const MAX_HEARD = 300;

/** The voice messages of a conversation: `player`, and the track of each. The next one follows by itself. */
export function useVoices(conv) {
  const { client, storage } = useApp();
  const voices = useMemo(() => {
    const player = new Player({ rate: storage.get("rate") ?? 1, onRate: (rate) => storage.set("rate", rate) });
    const heard = (file) => (storage.get("heard") ?? []).includes(file.id);
    const load = async ({ file }, blob) => {
      if (blob) return blob;
      const answer = await fetch(addressOf(file));
      if (!answer.ok) throw Object.assign(new Error("no recording"), { gone: answer.status === 404 });
      return answer.blob();
    };
    const next = ({ seq, from }) => {
      const { entries } = client.history.log(conv).log;
      const following = entries.find((one) => one.seq > seq && one.op === "message");
      const goesOn = following?.media === "audio" && following.file && following.from === from;
      return goesOn && from !== client.me.id && !heard(following.file) ? track(following) : null;
    };
    const track = (entry, blob = null) => ({
      key: keyOf(entry),
      load() {
        const { file } = entry;
        if (file.id) storage.set("heard", [file.id, ...(storage.get("heard") ?? []).filter((id) => id !== file.id)].slice(0, MAX_HEARD));
        return load(entry, blob);
      },
      next: () => (entry.seq ? next(entry) : null),
    });
    return { player, track, heard };
  }, [conv]);
  useEffect(() => () => voices.player.stop(), [voices]);
  return voices;
}

/** What one recording is known by, also before it has been stored. */
export const keyOf = ({ file, time }) => file.id ?? `waiting ${time}`;
