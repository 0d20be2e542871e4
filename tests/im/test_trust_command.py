"""``run.py trust``: shows, writes and renews what devices trust."""

from __future__ import annotations

import hashlib
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.node import RUN
from tests.services.qr import DARK, scan


def trust(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """``run.py trust …`` on a database of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IM_")}
    return subprocess.run(
        [sys.executable, str(RUN), "trust", *words, "--data-dir", str(folder)],
        capture_output=True,
        text=True,
        env=kept,
        timeout=60,
    )


def fingerprint(shown: str) -> str:
    """The fingerprint among the lines."""
    rest = shown.partition("SHA-256")[2].split("\n\n")[0]
    return "".join(rest.split())


def test_it_shows_where_to_go_and_writes_the_same_certificate_until_it_is_renewed(
    tmp_path: Path,
) -> None:
    first = trust(tmp_path)
    assert first.returncode == 0, first.stderr
    address = scan(DARK.picture(first.stdout))
    assert address.endswith(":8888/trust") and f"  {address}\n" in first.stdout
    file = tmp_path / "lan.crt"
    assert trust(tmp_path, str(file)).returncode == 0
    der = ssl.PEM_cert_to_DER_cert(file.read_text())
    assert hashlib.sha256(der).hexdigest().upper() == fingerprint(first.stdout)
    assert "PRIVATE" not in file.read_text()
    renewed = trust(tmp_path, "renew")
    assert renewed.returncode == 0 and "every device has to trust it" in renewed.stdout
    assert fingerprint(renewed.stdout) != fingerprint(first.stdout)
    assert fingerprint(trust(tmp_path).stdout) == fingerprint(renewed.stdout)


@pytest.mark.parametrize("words", [("renw",), ("a.crt", "b.crt")])
def test_a_mistyped_word_writes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = trust(tmp_path, *words)
    assert done.returncode == 2 and "trust renew" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_where_the_cluster_is_no_authority_it_says_so(tmp_path: Path) -> None:
    done = trust(tmp_path, "--tls-enabled", "false")
    assert done.returncode == 1 and "tls.enabled is false" in done.stderr
    done = trust(tmp_path, "--tls-cert", "x.pem", "--tls-key", "y.pem")
    assert done.returncode == 1 and "tls.cert is set" in done.stderr


@pytest.mark.parametrize("given", ["cert", "key"])
def test_a_certificate_without_its_key_stops_the_start(tmp_path: Path, given: str) -> None:
    done = trust(tmp_path, f"--tls-{given}", "x.pem")
    assert done.returncode == 2 and f"tls.{given} needs tls." in done.stderr


@pytest.mark.parametrize("name", ["a b", "http://x", "*.lan", "-x", "x/y"])
def test_a_name_that_is_none_stops_the_start(tmp_path: Path, name: str) -> None:
    done = trust(tmp_path, "--tls-names", f"chat.lan,{name}")
    assert done.returncode == 2 and "tls.names" in done.stderr, done.stderr
