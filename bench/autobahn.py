"""Reads the report of the Autobahn test suite; ends with 1 unless every case went well.

python -m bench.autobahn build/autobahn/report/index.json
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

GOOD = frozenset({"OK", "NON-STRICT", "INFORMATIONAL"})
SECTIONS = frozenset(["1", "2", "3", "4", "5", "6", "7", "9", "10"])


def judge(report: dict[str, dict[str, dict[str, Any]]]) -> tuple[Counter[str], list[str]]:
    """How often each behaviour was seen, and a line for each case that went wrong.

    A section without a case counts as wrong, too: nothing was shown then.
    """
    seen: Counter[str] = Counter()
    wrong = []
    sections = set()
    for cases in report.values():
        for number, case in cases.items():
            sections.add(number.partition(".")[0])
            behaviours = case["behavior"], case["behaviorClose"]
            seen[behaviours[0]] += 1
            if not GOOD.issuperset(behaviours):
                wrong.append(f"{number}: {behaviours[0]}, close: {behaviours[1]}")
    wrong += [f"section {section}: no case" for section in sorted(SECTIONS - sections)]
    return seen, wrong


def main() -> int:
    """Print the outcome."""
    seen, wrong = judge(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    print(f"{seen.total()} cases:", ", ".join(f"{count} {kind}" for kind, count in seen.items()))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
