"""One holds a lease until it runs out, whatever happens to the database's clock."""

from __future__ import annotations

from functools import partial

import pytest

from im.store import leases
from tests.im.store.harness import on_loop, ready, run

LEASE_MS = 60_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize("put", [HOUR_MS, -HOUR_MS])
@on_loop
async def test_a_lease_of_somebody_gone_is_free_when_the_clock_is_put_forward_or_back(
    url: str, put: int
) -> None:
    async with ready(url) as database:
        take = partial(database.write, leases.take, "x")
        assert await take("gone", LEASE_MS)
        assert not await take("next", LEASE_MS)
        # The same as a clock that is put forward by so much.
        await run(database, "UPDATE cluster SET created_at = created_at - %s", put)
        assert await take("next", LEASE_MS)
        assert not await take("gone", LEASE_MS)
