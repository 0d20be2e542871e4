"""Healing brings what was missed, and nothing that was not."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from im.app import Listening, Messenger, open_messenger
from im.durations import HOUR_MS
from im.protocol.client import Send
from im.protocol.outgoing import Outgoing, OutgoingBatch
from im.protocol.server import Message
from im.services.identity import Identity
from im.settings import Settings
from im.store import members

NOBODY = Listening(address="", port=1, metrics_port=0, worker=0)


class Connection:
    """A reader that keeps the numbers it gets."""

    def __init__(self, user: int) -> None:
        self.user = user
        self.session = 1
        self.seen: defaultdict[str, list[int]] = defaultdict(list)

    def deliver(self, outgoing: Outgoing) -> None:
        frame = outgoing.frame
        if isinstance(frame, Message):
            self.seen[frame.conv].append(frame.seq)

    def deliver_all(self, batch: OutgoingBatch) -> None:
        for outgoing in batch.frames:
            self.deliver(outgoing)

    def end(self) -> None:
        raise AssertionError("nobody ended this session")


async def node(folder: Path, name: str) -> Messenger:
    """A node on the folder's database; nodes of one folder hear nothing of each other."""
    given = {"node": {"data_dir": folder, "name": name}, "relay": {"bus": "none"}}
    messenger = await open_messenger(Settings.model_validate(given), NOBODY)
    await messenger.start()
    return messenger


async def person(messenger: Messenger, name: str) -> Identity:
    """Someone with an account."""
    row = await messenger.accounts.create(None, name, "correct-horse")
    return Identity(row.id, 1, row.name, "user", "admin", "en")


async def healed(messenger: Messenger) -> None:
    """Look at everything, and wait until what was missing has been read."""
    await messenger.healing.look(whole=True)
    await asyncio.gather(*messenger.delivery._healing.values())


def test_what_another_node_wrote_is_found_without_a_bus(tmp_path: Path) -> None:
    async def run() -> None:
        here, there = await node(tmp_path, "here"), await node(tmp_path, "there")
        one, other = await person(here, "one"), await person(here, "other")
        reader = Connection(other.user)
        await here.admission.admit(reader)
        for text in ("a", "b", "c"):
            await there.messages.send(one, Send(to=f"u:{other.user}", text=text))
        await there.messages.send(one, Send(to="all", text="everyone"))
        group = await there.groups.create(one, "g", [other.user])
        await there.messages.send(one, Send(to=f"g:{group.id}", text="hello"))
        await healed(here)
        await healed(here)
        private = f"p:{one.user}:{other.user}"
        assert dict(reader.seen) == {private: [1, 2, 3], "all": [1], f"g:{group.id}": [3]}
        await there.close()
        await here.close()

    asyncio.run(run())


def test_who_is_still_being_looked_up_gets_no_history_as_news(tmp_path: Path) -> None:
    async def run() -> None:
        here = await node(tmp_path, "here")
        one, other = await person(here, "one"), await person(here, "other")
        group = await here.groups.create(one, "g", [other.user])
        for target in (f"u:{other.user}", f"g:{group.id}"):
            for text in ("old", "older"):
                await here.messages.send(one, Send(to=target, text=text))
        reader = Connection(other.user)
        here.registry.add(reader)
        here.delivery.begin_loading(other.user)
        await healed(here)
        for standing in await here.database.read(members.standings, [other.user]):
            here.delivery.open(standing.name, standing.last_seq)
        here.delivery.end_loading(other.user)
        await healed(here)
        assert dict(reader.seen) == {}
        await here.close()

    asyncio.run(run())


@pytest.mark.parametrize("asked", [members.groups_of, members.latest])
def test_who_is_put_out_while_healing_asks_who_belongs_to_a_group_reads_nothing_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Callable[..., object]
) -> None:
    async def run() -> None:
        here = await node(tmp_path, "here")
        one, other = await person(here, "one"), await person(here, "other")
        readers = Connection(one.user), Connection(other.user)
        for reader in readers:
            await here.admission.admit(reader)
        group = await here.groups.create(one, "g", [other.user])
        read = here.database.read

        async def put_out_meanwhile(question: Callable[..., Any], *args: object) -> Any:
            answer = await read(question, *args)
            if question is asked:
                await here.groups.remove(one, group.id, other.user)
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(here.database, "read", put_out_meanwhile)
            await healed(here)
        sent = await here.messages.send(one, Send(to=f"g:{group.id}", text="without you"))
        assert [reader.seen[sent.conv] for reader in readers] == [[sent.seq], []]
        await here.groups.add(one, group.id, [other.user])
        again = await here.messages.send(one, Send(to=f"g:{group.id}", text="with you"))
        assert readers[1].seen[sent.conv] == [again.seq], "who comes back reads again"
        await here.close()

    asyncio.run(run())


@pytest.mark.parametrize("asked", [members.groups_of, members.latest])
def test_who_was_put_out_unheard_is_not_let_in_where_another_log_in_opened_the_group_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Callable[..., object]
) -> None:
    async def run() -> None:
        here, there = await node(tmp_path, "here"), await node(tmp_path, "there")
        people = [await person(here, name) for name in ("one", "other", "third")]
        one, other, third = people
        readers = [Connection(each.user) for each in people]
        for reader in readers[1:]:
            await here.admission.admit(reader)
        group = await there.groups.create(one, "g", [other.user, third.user])
        read = here.database.read

        async def put_out_meanwhile(question: Callable[..., Any], *args: object) -> Any:
            answer = await read(question, *args)
            if question is asked:
                await there.groups.remove(one, group.id, other.user)
                await here.admission.admit(readers[0])
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(here.database, "read", put_out_meanwhile)
            await here.healing.look(whole=asked is members.groups_of)
        await here.messages.send(one, Send(to=f"g:{group.id}", text="without you"))
        await healed(here)
        sent = await here.messages.send(one, Send(to=f"g:{group.id}", text="still without you"))
        last = [reader.seen[sent.conv][-1:] for reader in readers]
        assert last == [[sent.seq], [], [sent.seq]]
        await there.close()
        await here.close()

    asyncio.run(run())


def test_healing_goes_on_when_it_cannot_be_said_who_is_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        messenger = await node(tmp_path, "one")
        asked, looked = asyncio.Event(), asyncio.Event()

        async def strangers() -> list[str]:
            asked.set()
            raise RuntimeError("a mistake")

        async def look(*, whole: bool) -> None:
            looked.set()

        monkeypatch.setattr(messenger.healing, "_strangers", strangers)
        monkeypatch.setattr(messenger.healing, "look", look)
        await asyncio.wait_for(asked.wait(), 30)
        messenger.healing.soon()
        await asyncio.wait_for(looked.wait(), 30)
        await messenger.close()

    asyncio.run(main())


def test_what_was_written_since_the_clock_was_put_back_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        here, there = await node(tmp_path, "here"), await node(tmp_path, "there")
        one, other = await person(here, "one"), await person(here, "other")
        reader = Connection(other.user)
        await here.admission.admit(reader)
        here.healing._looked_at += HOUR_MS  # at the last look it was an hour later
        sent = await there.messages.send(one, Send(to=f"u:{other.user}", text="hello"))
        await healed(here)
        assert reader.seen[sent.conv] == [sent.seq]
        await there.close()
        await here.close()

    asyncio.run(run())


def test_a_look_after_a_gap_that_fails_is_taken_again_whatever_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        messenger = await node(tmp_path, "one")
        looks: list[str] = []
        again = asyncio.Event()

        async def look_for_revoked() -> None:
            looks.append("whole")
            if len(looks) == 1:
                raise RuntimeError("a mistake")
            again.set()

        monkeypatch.setattr(messenger.sessions, "look_for_revoked", look_for_revoked)
        messenger.healing.soon()
        await again.wait()
        await messenger.close()

    asyncio.run(main())
