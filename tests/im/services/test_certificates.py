"""The certificate of a node: made once, renewed while it runs, kept when files are broken."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from im.errors import Unavailable
from im.services.authority import PERIOD_MS, make_authority
from im.services.certificates import (
    CertificateFiles,
    Certificates,
    OwnAuthority,
    Source,
    open_authority,
    renew_authority,
)
from im.store.bootstrap import bootstrap
from im.store.database import Database, DatabaseSettings, open_database
from im.store.migrations import migrate
from tests.cluster.wait import until

NOW = 1_790_000_000_000


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(DatabaseSettings(url))
    try:
        await migrate(database)
        await bootstrap(database)
        yield database
    finally:
        await database.close()


class Machine:
    """A machine that can be called otherwise, and whose clock can be set."""

    def __init__(self) -> None:
        self.names = ["box", "10.0.0.1"]
        self.now = NOW

    def source(self, database: Database, *names: str) -> OwnAuthority:
        return OwnAuthority(database, names, lambda: list(self.names), lambda: self.now)


def test_nodes_that_start_at_once_have_one_authority(url: str) -> None:
    async def run() -> None:
        async with opened(url) as one, opened(url) as other:
            made = await asyncio.gather(*(open_authority(d, [], NOW) for d in (one, other) * 4))
            assert len({authority.pem for authority in made}) == 1
            assert (await open_authority(one, [], NOW)).pem == made[0].pem

    asyncio.run(run())


def test_a_certificate_is_made_again_when_names_time_or_authority_change(url: str) -> None:
    machine = Machine()

    async def run() -> None:
        async with opened(url) as database:
            source = machine.source(database, "given.lan")
            first = await source.look(True)
            assert first is not None and first.names == ("given.lan", "box", "10.0.0.1")
            assert await source.look(False) is None, "nothing has changed"
            machine.names.append("10.0.0.2")
            second = await source.look(False)
            assert second is not None and "10.0.0.2" in second.names
            machine.now += PERIOD_MS
            third = await source.look(False)
            assert third is not None and third.expires_at > second.expires_at
            renewed = await renew_authority(database, ["given.lan"], machine.now)
            assert await source.look(False) is not None
            assert source.authority is not None and source.authority.pem == renewed.pem

    asyncio.run(run())


def test_what_the_authority_may_not_vouch_for_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine()

    async def run() -> None:
        async with opened(f"sqlite:///{tmp_path / 'im.db'}") as database:
            await open_authority(database, [], NOW)
            machine.names.append("2001:db8::77")
            shown = await machine.source(database, "chat.example.org").look(True)
            assert shown is not None and shown.names == ("10.0.0.1",)

    asyncio.run(run())
    (warning,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "chat.example.org, box:" in warning and "run.py trust renew" in warning
    assert "2001:db8::77" not in warning, "nobody types it"


def test_a_database_that_does_not_answer_leaves_the_certificate_as_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(f"sqlite:///{tmp_path / 'im.db'}") as database:
            source = Machine().source(database)
            certificates = Certificates(source)
            await certificates.start()
            held = certificates.context()
            await database.close()
            certificates.reload_soon()
            await until(lambda: not certificates._asked.is_set(), what="the look")
            with pytest.raises(Unavailable):
                await source.look(True)
            assert certificates.context() is held is not None
            await certificates.close()

    asyncio.run(run())


def files(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate as from elsewhere, and its key."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    made = make_authority(names, NOW).issue(names, NOW)
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.chain)
    key.write_bytes(
        made.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return certificate, key


def test_files_are_read_again_when_asked_and_a_broken_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = files(tmp_path, "chat.example.org")

    async def run() -> None:
        certificates = Certificates(CertificateFiles(certificate, key))
        await certificates.start()
        first = certificates.shown
        assert first is not None and first.names == ("chat.example.org",)
        assert certificates.authority is None
        certificate.write_text("nonsense")
        certificates.reload_soon()
        await until(lambda: "stays as it was" in caplog.text, what="the refusal")
        assert certificates.shown is first
        files(tmp_path, "other.example.org", "10.9.9.9")
        certificates.reload_soon()
        await until(lambda: certificates.shown is not first, what="the other certificate")
        assert certificates.shown is not None
        assert certificates.shown.names == ("other.example.org", "10.9.9.9")
        await certificates.close()

    asyncio.run(run())
    assert str(certificate) in caplog.text


@pytest.mark.parametrize("broken", ["missing", "nonsense", "other key", "encrypted"])
def test_a_node_does_not_start_with_broken_files_and_says_which(
    tmp_path: Path, broken: str
) -> None:
    certificate, key = files(tmp_path, "chat.example.org")
    if broken == "missing":
        key.unlink()
    elif broken == "nonsense":
        certificate.write_text("nonsense")
    elif broken == "other key":
        kept = certificate.read_bytes()
        files(tmp_path, "chat.example.org")
        certificate.write_bytes(kept)
    else:
        from cryptography.hazmat.primitives import serialization

        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        key.write_bytes(
            loaded.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"secret"),
            )
        )

    async def run() -> None:
        await Certificates(CertificateFiles(certificate, key)).start()

    with pytest.raises((OSError, ValueError), match=r"key\.pem"):
        asyncio.run(run())


def test_without_a_source_there_is_no_tls() -> None:
    async def run(source: Source | None) -> ssl.SSLContext | None:
        certificates = Certificates(source)
        await certificates.start()
        await certificates.close()
        return certificates.context()

    assert asyncio.run(run(None)) is None
