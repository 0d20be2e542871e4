"""The local connection map: who is connected to this node, and who reads which conversation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from im.protocol.names import ALL, parse_conversation
from im.services.delivery import Reader
from im.services.presence_book import Standing


class Registry:
    """Connections by person, and members with a connection by group.

    Implements ``services.delivery.Readers``. A person may have many connections: devices and tabs.
    """

    def __init__(self) -> None:
        self._users: dict[int, tuple[Reader, ...]] = {}
        self._groups: dict[int, set[int]] = {}
        self._groups_of: dict[int, set[int]] = {}
        self._away: set[Reader] = set()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, reader: Reader) -> bool:
        """A connection has shown who it is; whether it is the person's first here."""
        readers = self._users.get(reader.user, ())
        self._users[reader.user] = (*readers, reader)
        self._count += 1
        return not readers

    def remove(self, reader: Reader) -> None:
        """A connection is gone."""
        readers = self._users.get(reader.user, ())
        if reader not in readers:
            return
        self._count -= 1
        self._away.discard(reader)
        if len(readers) > 1:
            self._users[reader.user] = tuple(other for other in readers if other is not reader)
            return
        del self._users[reader.user]
        for group in self._groups_of.pop(reader.user, ()):
            self._forget(group, reader.user)

    def has_user(self, user: int) -> bool:
        """Whether this person has a connection here."""
        return user in self._users

    def set_away(self, reader: Reader, away: bool) -> None:
        """Whether nobody uses the device of a connection."""
        if away and reader in self._users.get(reader.user, ()):
            self._away.add(reader)
        else:
            self._away.discard(reader)

    def standing(self, user: int) -> Standing:
        """How much someone is there, by the most active of their connections."""
        readers = self._users.get(user)
        if not readers:
            return Standing.GONE
        unused = all(reader in self._away for reader in readers)
        return Standing.AWAY if unused else Standing.HERE

    def users(self) -> Collection[int]:
        """Ids of all who have a connection here."""
        return self._users.keys()

    def of_user(self, user: int) -> list[Reader]:
        """The person's connections, in the order in which they came."""
        return list(self._users.get(user, ()))

    def everyone(self) -> Iterator[Reader]:
        """All connections."""
        for readers in list(self._users.values()):
            yield from readers

    def join(self, group: int, user: int) -> None:
        """This person, who has a connection here, is a member of the group."""
        if user in self._users:
            self._groups.setdefault(group, set()).add(user)
            self._groups_of.setdefault(user, set()).add(group)

    def leave(self, group: int, user: int) -> None:
        """This person is no longer a member of the group."""
        self._forget(group, user)
        groups = self._groups_of.get(user)
        if groups is not None:
            groups.discard(group)

    def groups_of(self, user: int) -> frozenset[int]:
        """Groups of a person who has a connection here."""
        return frozenset(self._groups_of.get(user, ()))

    def of_conversation(self, conversation: str) -> list[Reader]:
        """Connections of those who read this conversation."""
        name = parse_conversation(conversation)
        if name is None:
            return []
        kind, ids = name
        if kind == ALL:
            return list(self.everyone())
        members: Iterable[int] = ids if kind == "p" else self._groups.get(ids[0], ())
        return list(chain.from_iterable(filter(None, map(self._users.get, members))))

    def has_readers(self, conversation: str) -> bool:
        """Whether anyone here reads this conversation."""
        name = parse_conversation(conversation)
        if name is None:
            return False
        kind, ids = name
        if kind == "p":
            return any(user in self._users for user in ids)
        return bool(self._users) if kind == ALL else ids[0] in self._groups

    def of_sessions(self, sessions: Collection[int]) -> list[Reader]:
        """Connections that belong to one of these sessions."""
        return [reader for reader in self.everyone() if reader.session in sessions]

    def _forget(self, group: int, user: int) -> None:
        members = self._groups.get(group)
        if members is not None:
            members.discard(user)
            if not members:
                del self._groups[group]
