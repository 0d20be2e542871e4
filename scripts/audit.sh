#!/bin/sh
# Looks for known weaknesses of all pinned packages, those for tests included, at PyPI (or, with
# "-s osv", at OSV). Exits 0: none; 1: some, which are listed; 2: it could not be found out.
set -u
cd "$(dirname "$0")/.." || exit 2

PIP_AUDIT=2.10.1 # the tool; needed here only
folder=build/audit
python=${PYTHON:-.venv/bin/python}

installed() { [ "$(cat $folder/version 2>/dev/null)" = "$PIP_AUDIT" ]; }
installed || {
    "$python" -m venv $folder &&
        $folder/bin/python -m pip install --quiet --disable-pip-version-check \
            "pip-audit==$PIP_AUDIT" && echo $PIP_AUDIT >$folder/version
} || exit 2

# --strict: a package that is not known there makes the whole answer unknown; without it pip-audit
# says that there are no weaknesses. The longer list holds the shorter one.
rm -f $folder/found.json
$folder/bin/python -m pip_audit --strict --disable-pip --require-hashes --progress-spinner off \
    --requirement requirements-test.txt --format json --output $folder/found.json "$@" \
    2>$folder/said
if [ ! -s $folder/found.json ]; then
    tail -n 1 $folder/said >&2
    echo "Whether packages have known weaknesses could not be found out: the service did not" >&2
    echo "answer for all of them. Run this where PyPI's (or OSV's) own API can be reached." >&2
    exit 2
fi
$folder/bin/python - <<'END'
import json, sys

packages = json.load(open("build/audit/found.json"))["dependencies"]
weak = [(each, one) for each in packages for one in each["vulns"]]
for package, weakness in weak:
    better = " or ".join(weakness["fix_versions"]) or "no version yet"
    print(f"{package['name']} {package['version']}: {weakness['id']}, mended in {better}")
print(f"{len(packages)} packages, {len(weak)} known weaknesses")
sys.exit(bool(weak))
END
