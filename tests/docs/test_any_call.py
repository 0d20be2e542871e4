"""Whatever is sent to the HTTP API, the answer is one that the document describes, and no fault.

schemathesis makes the calls, right ones and wrong ones, from the document itself. Here it makes a
few of each operation, the same in each run; ``make fuzz`` makes many, others each time, and rows of
them where one's answer goes into the next. Some of the right ones are about what exists
(``right_calls``), so that each operation goes well at least once.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import right_calls
from tests.docs.test_contract import Api, log_in
from tests.services.node import NodeFactory

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = int(os.environ.get("IM_TEST_API_EXAMPLES", "0"))
OFTEN = {
    f"IM_LIMITS_{name}": "100000/minute"
    for name in (
        *("REGISTRATIONS", "LOGINS", "LOGINS_PER_ADDRESS", "UPLOADS", "SEARCHES", "WEBHOOKS"),
        *("CONTACT_REQUESTS", "PROFILES", "EXPORTS", "JOIN_REQUESTS", "GROUPS"),
    )
}
MUCH = {
    "IM_GROUPS_PER_USER": "100000",
    "IM_SESSIONS_TOKENS": "1000",
    "IM_LIMITS_FRAMES_PER_SECOND": "100000",
    "IM_LIMITS_FRAMES_BURST": "100000",
}
UNFIT = (
    # A call may fit the document and break a rule that is a setting (a password's length), or that
    # no schema can say (the two passwords are the same).
    "positive_data_acceptance",
)


@pytest.mark.timeout(1800 if EXAMPLES else 300)
def test_every_answer_to_any_call_is_a_described_one(node: NodeFactory, tmp_path: Path) -> None:
    started = node("--relay", "none", env={**OFTEN, **MUCH})
    api = Api(started.url)
    # The caller is an administrator whose number no generated call is likely to hit.
    for name in ("ann", "bob", "carol", "dave"):
        log_in(api, name)
    token, number = log_in(api, "caller")
    with sqlite3.connect(started.data / "im.db") as database:
        database.execute("UPDATE user_basic SET role = 'admin' WHERE id = ?", (number,))
    amount = ["--max-examples", str(EXAMPLES or 3)]
    phases = "coverage,fuzzing,stateful" if EXAMPLES else "coverage,fuzzing"
    again = [] if EXAMPLES else ["--generation-deterministic"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{started.url}/api/openapi.json"),
            *("--header", f"Authorization: Bearer {token}", "--request-timeout", "20"),
            *("--phases", phases, "--continue-on-failure", *amount, *again),
            *("--exclude-checks", ",".join(UNFIT), "--no-color"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": right_calls.__name__,
            "IM_TEST_TOKEN": token,
        },
        capture_output=True,
        text=True,
    )
    # What was called, for ``make fuzz`` to show.
    print(done.stdout[-3_000:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    called: dict[str, set[str]] = {}
    for line in (tmp_path / right_calls.CALLED).read_text().splitlines():
        operation, status = line.split("\t")
        called.setdefault(operation, set()).add(status[0])
    assert len(called) == sum(map(len, api.document["paths"].values())), "each was called"
    never = sorted(operation for operation, statuses in called.items() if "2" not in statuses)
    assert never == [], "these never went well: see tests/docs/right_calls.py"
    # A fault is a line in the log even where the answer hid it.
    assert " failed" not in started.log and "Traceback" not in started.log
