"""Bytes that grow by what code they reach, for the parsers that strangers can talk to.

``python -m tests.fuzz.run frames`` runs without end; what follows the name goes to libFuzzer
(``-runs=1000000``, ``-jobs``; a file instead: only that). Cases that have reached something new are
kept in ``build/fuzz/NAME`` and are where the next run begins; one that breaks a promise is kept as
``build/fuzz/NAME-crash-…`` and ends the run. Atheris has to be there: ``make fuzz`` installs it.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found]

FOLDER = Path(__file__).resolve().parents[2] / "build" / "fuzz"
LARGEST = 2048
"""Bytes of a case: more than a datagram has."""


def main(name: str, *arguments: str) -> None:
    """Run what was asked for; does not return."""
    with atheris.instrument_imports(include=["im", "relay"]):
        target = importlib.import_module(f"tests.fuzz.{name}")
    kept = FOLDER / name
    kept.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (kept / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    only = any(Path(argument).is_file() for argument in arguments)
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_len={LARGEST}",
            f"-artifact_prefix={FOLDER / name}-",
            *arguments,
            *([] if only else [str(kept)]),
        ],
        target.check,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
