#!/bin/sh
# Writes requirements.txt and requirements-test.txt from setup.cfg: every package, also those that
# packages need, at one exact version with its hashes, for Python 3.11 to 3.13.
set -eu
cd "$(dirname "$0")/.."

UV=0.13.9 # the resolver; needed here only
python=${PYTHON:-.venv/bin/python}

[ -x build/lock/bin/uv ] || "$python" -m venv build/lock
build/lock/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV"

# Versions that the files hold already are kept as long as setup.cfg allows; "make lock ARGS=-U"
# takes the newest.
compile() {
    build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --custom-compile-command "make lock" "$@" setup.cfg
}
compile --output-file requirements.txt "$@"
compile --extra test --extra dev --constraint requirements.txt \
    --output-file requirements-test.txt "$@"
