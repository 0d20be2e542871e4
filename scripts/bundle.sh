#!/bin/sh
# Packs into dist/ all that a machine without internet needs, but for Python itself: this source, the
# pinned packages as wheels for this machine's kind and its Python, and a script that starts it all.
#   scripts/bundle.sh          for the Python of .venv
# There, after unpacking:  ./start.sh --port 8888
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
version=$("$python" - <<'END'
import configparser
setup = configparser.ConfigParser()
setup.read("setup.cfg")
print(setup["metadata"]["version"])
END
)
kind=$("$python" -c 'import sys, sysconfig
print(f"py{sys.version_info[0]}{sys.version_info[1]}-{sysconfig.get_platform()}")')
name="im-lan-$version-$kind"
work=build/bundle

rm -rf "$work"
mkdir -p "$work/$name" dist
# What is committed, and as it lies here; tests and measurements stay behind.
git ls-files -z -- run.py setup.cfg pyproject.toml requirements.txt README.md LICENSE CHANGELOG.md \
    SECURITY.md im handlers relay templates static conf docs |
    tar --null --files-from - --create --file - | tar -x -C "$work/$name" -f -
# The same hashes as at an installation from the network; only wheels, so that nothing is built there.
"$python" -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    --requirement requirements.txt --dest "$work/$name/wheels"
wanted=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
sed "s/@PYTHON@/$wanted/" scripts/bundle-start.sh > "$work/$name/start.sh"
chmod 755 "$work/$name/start.sh"
# The same content gives the same archive.
tar --sort=name --mtime="@$(git log -1 --format=%ct)" --owner=0 --group=0 --numeric-owner \
    -C "$work" -c "$name" | gzip -n -9 > "dist/$name.tar.gz"
rm -rf "$work"
echo "dist/$name.tar.gz"
