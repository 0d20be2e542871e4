#!/bin/sh
# Gives what strangers can send to a node so many cases, grown by the code that they reach:
#   scripts/fuzz.sh 10000000
# What has been found worth keeping is in build/fuzz, and the next run begins with it.
set -eu
cd "$(dirname "$0")/.."

ATHERIS=3.0.0 # the fuzzer; needed here only
cases=${1:?how many cases}
python=${PYTHON:-.venv/bin/python}
packages=build/fuzz/packages

if [ ! -d "$packages/atheris-$ATHERIS.dist-info" ]; then
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --upgrade --target "$packages" "atheris==$ATHERIS"
fi

# A datagram's case is a whole node and takes four times as long as a frame's. A case that takes ten
# seconds or half a GiB has broken a promise, too.
fuzz() {
    PYTHONPATH=$packages "$python" -m tests.fuzz.run "$1" -runs="$2" -timeout=10 \
        -rss_limit_mb=512 -print_final_stats=1 >"build/fuzz/$1.log" 2>&1
}
fuzz frames $((cases / 5 * 4)) &
frames=$!
failed=
fuzz datagrams $((cases / 5)) || failed=datagrams
wait $frames || failed="$failed frames"
for each in frames datagrams; do
    echo "$each: $(grep -a ' cov: ' "build/fuzz/$each.log" | tail -n 1)"
    grep -a '^stat::' "build/fuzz/$each.log" || true
done
[ -z "$failed" ] || {
    for each in $failed; do tail -n 40 "build/fuzz/$each.log" >&2; done
    exit 1
}
