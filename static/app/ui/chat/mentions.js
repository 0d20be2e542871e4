import { useState } from "../../../vendor/preact.js";
import { mentionedIn } from "../../core/text.js";

/** Members of the conversation, as far as they are known. */
export function membersOf(client, summary) {
  const members = client.groups.members.value.get(summary.group?.id) ?? [];
  return members.map(({ user }) => client.people.get(user.id));
}

/** Who is named in what is being written. */
export function useMentions({ client, summary, draft }) {
  const [chosen, setChosen] = useState(() => draft.mentions ?? []);
  return {
    chosen,
    add: ({ id, name }) => setChosen([...chosen.filter((other) => other.id !== id), { id, name }]),
    reset: () => setChosen([]),
    /** Ids of those who are named in a text, chosen or written out in full. */
    named: (value) => mentionedIn(value, [...chosen, ...membersOf(client, summary)], client.me.id),
  };
}
