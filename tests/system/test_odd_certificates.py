"""Certificates that the trusted authority has signed, and that nobody would write: they cost nobody anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.tls import files
from tests.process import QUICK, ServerProcess
from tests.tls import certificates
from tests.tls.certificates import ADDRESS, EMAIL, URI


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("odd"), QUICK) as running:
        running.add_account("anna")
        yield running


@pytest.mark.parametrize(
    "name",
    [
        (URI, b"securechat:account:ann\xe4"),
        (EMAIL, b"ann\xe4@example.org"),
        (URI, b"securechat:account:anna\0.example"),
        (ADDRESS, b"\1\2\3"),
    ],
)
def test_it_counts_as_no_certificate(server: ServerProcess, tmp_path: Path, name: tuple[int, bytes]) -> None:
    key, made = certificates.sign(server.folder / "certs", certificates.names(name))
    files.write_pair(tmp_path, ("odd.key", "odd.pem"), key, [made])
    before = len(server.log)
    with server.client(certificate=(tmp_path / "odd.pem", tmp_path / "odd.key")) as odd:
        assert ":sasl=PLAIN,SCRAM-SHA-256" in " ".join(odd.ask("CAP LS 302")).split()
    with server.client() as other:
        assert other.ask("CAP LS 302")
    told = [str(record) for record in server.log[before:] if "certificate" in str(record)]
    assert len(told) <= 1
    assert all("'info'" in one and "it counts as none" in one for one in told)
    assert not any(word in one for one in told for word in ("account:", "example", "xe4"))
