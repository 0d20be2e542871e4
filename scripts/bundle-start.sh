#!/bin/sh
# Starts the messenger from this folder, without internet. The first time it makes an environment
# (.venv) from the packages in wheels/. Words are those of run.py:  ./start.sh --port 8888
set -eu
cd "$(dirname "$0")"

if [ ! -e .venv/complete ]; then
    wanted=@PYTHON@
    for python in "${PYTHON:-python$wanted}" python3; do
        found=$("$python" -c 'import sys, ensurepip, venv
print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
        [ "$found" != "$wanted" ] || break
    done
    if [ "$found" != "$wanted" ]; then
        echo "This needs Python $wanted with its venv module (Debian, Ubuntu: python3-venv)." >&2
        exit 1
    fi
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-index \
        --find-links wheels --require-hashes --requirement requirements.txt
    touch .venv/complete
fi
exec .venv/bin/python run.py "$@"
