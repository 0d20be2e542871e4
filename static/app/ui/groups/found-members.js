import { useEffect, useState } from "../../../vendor/preact.js";
import { useApp } from "../context.js";

/** After the last letter the node is asked, in ms. */
const PAUSE_MS = 150;

/**
 * Members of a group too large to be known whole whose name has these letters, as the node finds them: at most so many
 * users; null until it has answered, also where nothing is asked.
 */
export function useFoundMembers(letters, group, limit) {
  const { client } = useApp();
  const [found, setFound] = useState(null);
  const ask = letters && group && !client.groups.whole(group);
  useEffect(() => {
    setFound(null);
    if (!ask) return undefined;
    let current = true;
    const timer = setTimeout(async () => {
      const { members } = await client.groups.membersPage(group.id, { q: letters, limit }).catch(() => ({ members: [] }));
      if (current) setFound(members.map(({ user }) => user));
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [ask, letters]);
  return found;
}
