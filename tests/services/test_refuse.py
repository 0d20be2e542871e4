"""The firewall before the tests' MariaDB."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pymysql
import pytest

from tests.services.mariadb import MariaDB
from tests.services.netns import Network
from tests.services.refuse import TLS, without_tls
from tests.services.test_mariadb import cursor


def test_it_refuses_matching_statements_while_it_is_told_to(
    netns: Callable[[int], Network], mariadb: MariaDB, mysql_url: str
) -> None:
    network = netns(1)
    firewall = network.forward(mariadb.port, "FROM\\s+a WHERE")
    with cursor(mysql_url.replace("@127.0.0.1:", f"@{network.host_address}:")) as c:
        c.execute("CREATE TABLE a (x INT)")
        c.execute("INSERT INTO a VALUES (7)")
        c.execute("SELECT x FROM a WHERE x > 0")
        assert c.fetchall() == ((7,),)
        firewall.refuse()
        for _ in range(2):
            with pytest.raises(pymysql.err.OperationalError) as refused:
                c.execute("SELECT x FROM\na WHERE x > 0")
            assert refused.value.args[0] == 1142
        assert firewall.refused == 2
        c.execute("SELECT x FROM a")
        assert c.fetchall() == ((7,),), "others pass, on the same connection"
        c.execute("SELECT REPEAT('x', 1000000)")
        assert c.fetchone() == ("x" * 1000000,)
        firewall.admit()
        c.execute("SELECT x FROM a WHERE x > 0")
        assert c.fetchall() == ((7,),)
        assert firewall.refused == 2


def test_it_takes_the_offer_of_tls_out_of_a_greeting(mariadb: MariaDB) -> None:
    with socket.create_connection((mariadb.host, mariadb.port), timeout=10) as connection:
        stream = connection.makefile("rb")
        header = stream.read(4)
        greeting = stream.read(int.from_bytes(header[:3], "little"))
    place = greeting.index(b"\0", 1) + 14
    before, flags, rest = greeting[:place], greeting[place : place + 2], greeting[place + 2 :]
    plain = int.from_bytes(flags, "little") & ~TLS
    offering = before + (plain | TLS).to_bytes(2, "little") + rest
    assert without_tls(offering) == before + plain.to_bytes(2, "little") + rest
