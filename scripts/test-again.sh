#!/bin/sh
# For the end of a run in which tests failed: runs those once more, one after the other with nothing
# beside them, and names what passed then. Such a test is to be looked at, but two cores that
# were busy with three servers and a browser may have been its only fault.
# Fails if one fails again, or if more than ten had failed. $1: the run's exit code.
set -eu
cd "$(dirname "$0")/.."
MOST=10
[ "$1" -eq 1 ] || exit "$1"

failed() {
    .venv/bin/python -c 'import json; print(*json.load(open(".pytest_cache/v/cache/lastfailed")), sep="\n")'
}

names=$(failed) || exit 1
[ "$(echo "$names" | wc -l)" -le "$MOST" ] || exit 1
echo "Once more, alone:"
.venv/bin/python -m pytest --last-failed --last-failed-no-failures none
printf 'FAILED beside others and passed alone:\n%s\n' "$names"
