"""What many ask for at the same time is looked up together, and each gets an answer of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from im.errors import Unavailable
from im.services import gathering
from im.services.gathering import Gathering


class Books:
    """A look-up that answers when it is told to."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.called = asyncio.Semaphore(0)
        self.gate = asyncio.Event()
        self.broken = False

    async def __call__(self, keys: list[int]) -> Mapping[int, str]:
        self.calls.append(keys)
        self.called.release()
        await self.gate.wait()
        if self.broken:
            raise Unavailable("away")
        return {key: f"book {key}" for key in keys if key < 1000}


def test_what_is_asked_for_during_calls_goes_together_into_the_next() -> None:
    async def main() -> None:
        books = Books()
        gathered = Gathering(books, most=50)
        asked = [asyncio.ensure_future(gathered.get(number)) for number in range(100)]
        for _ in range(2):
            await books.called.acquire()
        books.gate.set()
        assert await asyncio.gather(*asked) == [f"book {number}" for number in range(100)]
        assert len(books.calls) == 2
        assert sorted(key for keys in books.calls for key in keys) == list(range(100))

    asyncio.run(main())


def test_one_key_asked_for_twice_is_looked_up_once() -> None:
    async def main() -> None:
        books = Books()
        gathered = Gathering(books)
        busy = [asyncio.ensure_future(gathered.get(number)) for number in (1, 2)]
        await books.called.acquire()
        twice = [asyncio.ensure_future(gathered.get(7)) for _ in range(2)]
        await asyncio.sleep(0)
        books.gate.set()
        assert await asyncio.gather(*twice) == ["book 7", "book 7"]
        await asyncio.gather(*busy)
        assert sum(keys.count(7) for keys in books.calls) == 1

    asyncio.run(main())


def test_an_answer_is_never_older_than_its_question() -> None:
    async def main() -> None:
        books = Books()
        gathered = Gathering(books)
        first = asyncio.ensure_future(gathered.get(7))
        await books.called.acquire()
        again = asyncio.ensure_future(gathered.get(7))
        await books.called.acquire()
        books.gate.set()
        assert await first == await again == "book 7"
        assert books.calls == [[7], [7]]

    asyncio.run(main())


def test_who_asks_at_the_moment_when_all_calls_end_is_answered() -> None:
    async def main() -> None:
        books = Books()
        gathered = Gathering(books, most=1)
        asked = [asyncio.ensure_future(gathered.get(number)) for number in range(gathering.CALLS)]
        for _ in asked:
            await books.called.acquire()
        books.gate.set()
        # It runs after the calls have ended, before anything else hears of that.
        late = asyncio.ensure_future(gathered.get(7))
        assert await asyncio.wait_for(late, 30) == "book 7"
        await asyncio.gather(*asked)

    asyncio.run(main())


def test_what_does_not_exist_is_none() -> None:
    async def main() -> None:
        books = Books()
        books.gate.set()
        assert await Gathering(books).get(1000) is None

    asyncio.run(main())


def test_an_error_reaches_all_who_asked_and_nobody_later() -> None:
    async def main() -> None:
        books = Books()
        gathered = Gathering(books)
        asked = [asyncio.ensure_future(gathered.get(number)) for number in range(5)]
        books.broken = True
        books.gate.set()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
        books.broken = False
        assert await gathered.get(1) == "book 1"

    asyncio.run(main())


def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    async def main() -> None:
        books = Books()
        gathered = Gathering(books)
        impatient = asyncio.ensure_future(gathered.get(1))
        patient = asyncio.ensure_future(gathered.get(1))
        await books.called.acquire()
        impatient.cancel()
        books.gate.set()
        assert await patient == "book 1"
        assert impatient.cancelled()

    asyncio.run(main())


def test_who_would_wait_beyond_the_limit_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        monkeypatch.setattr(gathering, "MAX_WAITING", 3)
        books = Books()
        gathered = Gathering(books, most=1)
        asked = [asyncio.ensure_future(gathered.get(number)) for number in range(2)]
        for _ in range(2):
            await books.called.acquire()
        asked += [asyncio.ensure_future(gathered.get(number)) for number in range(10, 13)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await gathered.get(99)
        books.gate.set()
        await asyncio.gather(*asked)

    asyncio.run(main())
