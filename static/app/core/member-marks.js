/**
 * How far each other member of a group has come, `Map(user -> {joined, read, delivered})`: as told with
 * the members, and since. Empty while the members are not known, or in a group too large for marks.
 * A mark begins at `joined` and says nothing of what was before.
 */
export function marksIn(summary, members, me) {
  const marks = new Map();
  for (const { user, joined_seq: joined, read_seq: read, delivered_seq: delivered } of members ?? []) {
    if (user.id === me || (read === undefined && delivered === undefined)) continue;
    const told = summary?.memberMarks?.get(user.id) ?? {};
    const furthest = Math.max(read ?? 0, told.read ?? 0);
    marks.set(user.id, { joined, read: furthest, delivered: Math.max(delivered ?? 0, told.delivered ?? 0, furthest) });
  }
  return marks;
}
