"""Addresses of databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.store.url import MysqlAddress, SqliteAddress, parse_url


def test_a_sqlite_address_is_a_path() -> None:
    assert parse_url("sqlite:///var/im.db") == SqliteAddress(Path("var/im.db"))
    assert parse_url("sqlite:////srv/my%20im.db") == SqliteAddress(Path("/srv/my im.db"))


def test_a_mysql_address_has_all_parts_decoded() -> None:
    assert parse_url("mysql://u%40x:p%3A%2Fs@db.lan:3307/im") == MysqlAddress(
        "db.lan", 3307, "u@x", "p:/s", "im"
    )
    assert parse_url("mariadb://u@[::1]/im") == MysqlAddress("::1", 3306, "u", "", "im")
    found = parse_url("mysql://u@localhost/im?unix_socket=/run/mysqld.sock")
    assert isinstance(found, MysqlAddress)
    assert found.unix_socket == "/run/mysqld.sock"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("mysql://u@127.0.0.1/im", True),
        ("mysql://u@localhost/im", True),
        ("mysql://u@[::1]/im", True),
        ("mysql://u@db/im?unix_socket=/s", True),
        ("mysql://u@192.168.1.2/im", False),
        ("mysql://u@db.lan/im", False),
    ],
)
def test_only_this_machine_goes_without_tls(url: str, here: bool) -> None:
    found = parse_url(url)
    assert isinstance(found, MysqlAddress)
    assert found.on_this_machine is here


@pytest.mark.parametrize(
    "url",
    [
        *("", "im.db", "postgres://u:secret@h/im", "sqlite://", "sqlite://host/im.db"),
        *("mysql://u:secret@h", "mysql://u:secret@h/", "mysql://u:secret@h/a/b"),
        *("mysql://u:secret@h:99999/im", "mysql://u:secret@h/im?ssl=1"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|Unknown") as refusal:
        parse_url(url)
    assert "secret" not in str(refusal.value)
