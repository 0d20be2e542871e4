#!/bin/sh
# Holds the socket layer against the Autobahn test suite: bench.echo is the server, the suite's
# fuzzing client goes through the sections on framing, pings, reserved bits, opcodes, fragments,
# UTF-8, closing, limits and what else RFC 6455 asks. Sections 12 and 13 are on compression, which
# the node does not offer.
#   scripts/autobahn.sh [--tls] [PORT]
# With --tls all of it inside TLS.
# The suite needs Python 2.7: PYTHON2=... names it. Its report: build/autobahn/report/index.html
set -eu
cd "$(dirname "$0")/.."

SUITE=0.8.2
python=${PYTHON:-.venv/bin/python}
scheme=ws
tls=
if [ "${1:-}" = --tls ]; then
    scheme=wss
    tls=--tls
    shift
fi
port=${1:-9001}
folder=build/autobahn

for candidate in "${PYTHON2:-}" python2.7 "$HOME"/.pyenv/versions/2.7.*/bin/python; do
    if [ -n "$candidate" ] &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null; then
        python2=$candidate
        break
    fi
done
[ -n "${python2:-}" ] || { echo "This needs Python 2.7: PYTHON2=/path/to/python2.7" >&2; exit 1; }

mkdir -p $folder
if [ ! -e $folder/lib/zope/__init__.py ]; then
    "$python2" -m pip install --quiet --disable-pip-version-check --target $folder/lib \
        "autobahntestsuite==$SUITE" 2>$folder/pip.log || { cat $folder/pip.log >&2; exit 1; }
    # Python 2 finds a package only where there is such a file.
    touch $folder/lib/zope/__init__.py
fi

cat >$folder/spec.json <<JSON
{
  "outdir": "$folder/report",
  "servers": [{"agent": "im", "url": "$scheme://127.0.0.1:$port"}],
  "cases": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"],
  "exclude-cases": [],
  "exclude-agent-cases": {}
}
JSON

rm -rf $folder/report
"$python" -m bench.echo --port "$port" $tls >$folder/server.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT INT TERM
tries=0
until grep -q ready $folder/server.log; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat $folder/server.log >&2; exit 1; }
    sleep 0.1
done

PYTHONPATH=$folder/lib "$python2" -c 'from autobahntestsuite.wstest import run; run()' \
    -m fuzzingclient -s $folder/spec.json >$folder/client.log 2>&1 ||
    { tail -20 $folder/client.log >&2; exit 1; }
"$python" -m bench.autobahn $folder/report/index.json
