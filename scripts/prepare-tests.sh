#!/bin/sh
# Installs what the tests need and a machine may lack: MariaDB, Redis, nginx, haproxy, Chromium,
# Firefox, nftables, libfaketime, certutil, fonts, and wscat where there is Node.js. The tests start
# servers of their own and touch no other.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

WSCAT=6.1.0

has() { command -v "$1" >/dev/null 2>&1; }

# Ubuntu's chromium is a snap, which can't start for root or use temporary folders.
has_chromium() {
    has chromium && ! head -c 4096 "$(command -v chromium)" | grep -q /snap/bin
}

has_package() {
    ! has dpkg-query || dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

missing=
has mariadbd && has mariadb-install-db || missing="$missing mariadb-server"
has redis-server || missing="$missing redis-server"
has nginx || missing="$missing nginx"
has haproxy || missing="$missing haproxy"
if [ "${1:-}" = galera ]; then
    [ -e /usr/lib/galera/libgalera_smm.so ] || missing="$missing galera-4"
    has rsync || missing="$missing rsync"
fi
[ "$(uname)" != Linux ] || has nft || missing="$missing nftables"
[ "$(uname)" != Linux ] || has ip || missing="$missing iproute2"
[ "$(uname)" != Linux ] || has_package libfaketime || missing="$missing libfaketime"
[ "$(uname)" != Linux ] || has certutil || missing="$missing libnss3-tools"
has curl || missing="$missing curl"
has_package fonts-noto-cjk || missing="$missing fonts-noto-cjk"
has_package fonts-noto-color-emoji || missing="$missing fonts-noto-color-emoji"
python=$(ls .venv/bin/python 2>/dev/null || echo python3)
"$python" -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
# Ubuntu has neither browser but as a snap: there Playwright brings a Chromium, below, and the test
# with Firefox is left out unless someone installs one.
if ! grep -qs '^ID=ubuntu' /etc/os-release; then
    has_chromium || missing="$missing chromium"
    has firefox-esr || has firefox || missing="$missing firefox-esr"
fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif has sudo && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        as_root=none
    fi
    if ! has apt-get || [ "$as_root" = none ]; then
        echo "The tests need these packages (named as in Debian and Ubuntu):$missing" >&2
        echo "Install them, or run this as root once:" >&2
        echo "  apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    echo "Installing$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 # the names are words of their own
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends $missing >/dev/null
fi

make --silent --no-print-directory .venv/test.stamp

has_chromium || .venv/bin/python -c 'from tests.services.chromium import executable; import sys
from playwright.sync_api import sync_playwright; from pathlib import Path
with sync_playwright() as p: sys.exit(not (executable() or Path(p.chromium.executable_path).exists()))' ||
    .venv/bin/python -m playwright install --with-deps chromium

if has npm && [ ! -x "build/wscat-$WSCAT/node_modules/.bin/wscat" ]; then
    echo "Installing wscat $WSCAT"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "build/wscat-$WSCAT" \
        "wscat@$WSCAT"
fi
