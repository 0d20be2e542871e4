"""Whatever is sent to the HTTP API, the answer is one that the document describes, and no fault.

schemathesis makes the calls, right ones and wrong ones, from the document itself. Here it makes a
few of each operation, the same in each run; ``make fuzz`` makes many, others each time, and rows of
them where one's answer goes into the next.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_contract import Api, log_in
from tests.services.node import NodeFactory

EXAMPLES = int(os.environ.get("IM_TEST_API_EXAMPLES", "0"))
OFTEN = {
    f"IM_LIMITS_{name}": "100000/minute"
    for name in ("REGISTRATIONS", "LOGINS", "LOGINS_PER_ADDRESS", "UPLOADS", "SEARCHES", "WEBHOOKS")
}
LEFT_OUT = (
    # They end the session with which all calls are made.
    *("/api/logout", "/api/sessions/{session}"),
)
UNFIT = (
    # A call may fit the document and break a rule that is a setting (a password's length), or that
    # no schema can say (the two passwords are the same).
    "positive_data_acceptance",
)


@pytest.mark.timeout(1800 if EXAMPLES else 300)
def test_every_answer_to_any_call_is_a_described_one(node: NodeFactory, tmp_path: Path) -> None:
    started = node("--relay", "none", env=OFTEN)
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
            *(word for path in LEFT_OUT for word in ("--exclude-path", path)),
            *("--exclude-checks", ",".join(UNFIT), "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    # What was called, for ``make fuzz`` to show.
    print(done.stdout[-3_000:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    # A fault is a line in the log even where the answer hid it.
    assert " failed" not in started.log and "Traceback" not in started.log
