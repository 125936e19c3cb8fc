"""The addresses of the machine: from the kernel's tables, and from elsewhere where there are none."""

import json
import shutil
import socket
import subprocess
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from securechat.tls import interfaces

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.1.0.0/16 2 0 2
        |-- 10.1.0.0
           /16 link UNICAST
        |-- 10.1.2.3
           /32 host LOCAL
        |-- 10.1.255.255
           /32 link BROADCAST
Local:
  +-- 127.0.0.0/8 2 0 2
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
  |-- 10.1.2.3
     /32 host LOCAL
"""
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fe8000000000000000fc00fffe000001 02 40 20 80     eth0
fd000000000000000000000000000002 02 40 00 80     eth0
"""


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(interfaces, "_IPV4_TABLE", tmp_path / "fib_trie")
    monkeypatch.setattr(interfaces, "_IPV6_TABLE", tmp_path / "if_inet6")
    monkeypatch.setattr(interfaces, "_HOSTS", tmp_path / "hosts")
    return tmp_path


def test_the_tables_of_linux(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tables / "fib_trie").write_text(FIB_TRIE)
    (tables / "if_inet6").write_text(IF_INET6)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("the name service might make us wait"))
    assert interfaces.local_addresses() == [
        ip_address(text) for text in ("127.0.0.1", "::1", "10.1.2.3", "fe80::fc:ff:fe00:1", "fd00::2")
    ]


def test_empty_tables(tables: Path) -> None:
    """A network namespace with nothing up."""
    (tables / "fib_trie").write_text("")
    (tables / "if_inet6").write_text("\n")
    assert interfaces.local_addresses() == [IPv4Address("127.0.0.1"), IPv6Address("::1")]


def test_without_tables(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    infos = [
        (socket.AF_INET, 1, 6, "", ("192.0.2.9", 0)),
        (socket.AF_INET6, 1, 6, "", ("fe80::9%eth0", 0, 0, 2)),
        (socket.AF_INET, 1, 6, "", ("0.0.0.0", 0)),
        (socket.AF_INET, 1, 6, "", ("224.0.0.1", 0)),
    ]
    monkeypatch.setattr(interfaces, "_FAR", ())
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: infos)
    assert interfaces.local_addresses() == [ip_address(text) for text in ("127.0.0.1", "::1", "192.0.2.9", "fe80::9")]


def test_without_tables_and_name_service(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise socket.gaierror("no name service")

    monkeypatch.setattr(interfaces, "_FAR", ((socket.AF_INET, "127.0.0.9"), (999, "no such family")))
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert interfaces.local_addresses() == [IPv4Address("127.0.0.1"), IPv6Address("::1")]


@pytest.mark.skipif(shutil.which("ip") is None, reason="needs the ip command")
def test_this_machine_as_the_system_shows_it() -> None:
    shown = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True, timeout=60).stdout)
    expected = {ip_address(one["local"]) for link in shown for one in link["addr_info"] if "local" in one}
    assert expected
    assert expected <= set(interfaces.local_addresses())


def test_names_in_the_hosts_file(tables: Path) -> None:
    (tables / "hosts").write_text(
        "127.0.0.1 localhost\n127.0.1.1 Box.example.org box # box.comment\n\n10.0.0.1 other # box\n10.0.0.2 BOX b2\n"
    )
    assert interfaces.host_aliases("box") == ["Box.example.org", "box", "BOX", "b2"]
    assert interfaces.host_aliases("nobody") == []


def test_without_a_readable_hosts_file(tables: Path) -> None:
    assert interfaces.host_aliases("box") == []
    (tables / "hosts").write_bytes(b"\xff\xfe box")
    assert interfaces.host_aliases("box") == []
