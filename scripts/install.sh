#!/bin/sh
# Installs a list of pinned packages into .venv, which it makes first if there is none.
#   scripts/install.sh requirements.txt
set -eu
cd "$(dirname "$0")/.."

fits='import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

# Without pip it is one that was cut short; made again, it becomes whole.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    found=
    for python in python3.13 python3.12 python3.11 python3; do
        if "$python" -c "$fits" 2>/dev/null; then
            found=$python
            break
        fi
    done
    if [ -z "$found" ]; then
        echo "This needs Python 3.11, 3.12 or 3.13 with its venv module." >&2
        echo "Debian, Ubuntu: sudo apt-get install python3-venv" >&2
        echo "Fedora: sudo dnf install python3.13    macOS: brew install python@3.13" >&2
        exit 1
    fi
    echo "Making .venv with $($found --version)"
    "$found" -m venv .venv
fi

echo "Installing $1"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$1"
