"""The bundle installs and runs where there is no network at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]

ALONE = """
set -e
ip link set lo up
! curl -s --max-time 2 http://192.0.2.1/ >/dev/null
./start.sh --port 8888 --relay none >node.log 2>&1 &
node=$!
for turn in $(seq 300); do
    curl -sf http://127.0.0.1:8888/readyz && break
    kill -0 $node
    sleep 0.2
done
curl -sf http://127.0.0.1:8888/ | grep -o '<title>[^<]*'
curl -sf http://127.0.0.1:8888/api/register -d name=ann -d password=correct-horse \
    -d repassword=correct-horse | grep -o '"code":0'
kill $node
wait $node
"""


@pytest.mark.timeout(300)
def test_what_is_packed_installs_and_runs_without_a_network(tmp_path: Path) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("network namespaces need root on Linux")
    made = subprocess.run(
        [HOME / "scripts" / "bundle.sh"],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        cwd=HOME,
    )
    if "NewConnectionError" in made.stderr or "name resolution" in made.stderr:
        pytest.skip("packages can be fetched from no index here")
    assert made.returncode == 0, made.stderr
    archive = HOME / made.stdout.splitlines()[-1]
    with tarfile.open(archive) as packed:
        names = packed.getnames()
        packed.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    assert not [name for name in names if "/tests/" in name or "/bench/" in name]
    environment = {name: value for name, value in os.environ.items() if "IM_" not in name}
    environment = {k: v for k, v in environment.items() if not k.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", ALONE],
        cwd=folder,
        env={**environment, "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
    )
    log = (folder / "node.log").read_text("utf-8") if (folder / "node.log").exists() else ""
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log}"
    assert '"code":0' in done.stdout
