"""A running server takes up new certificates on SIGHUP, and nobody who is connected notices."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securechat.cli import gencert
from securechat.tls import authority
from tests.process import DEADLINE, RawClient, ServerProcess

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path) as running:
        yield running


def served(client: RawClient) -> str:
    """The fingerprint of the certificate that the server showed to this client."""
    certificate = client.socket.getpeercert(binary_form=True)
    assert certificate is not None
    return authority.fingerprint(certificate)


def on_disk(server: ServerProcess) -> str:
    """The fingerprint of the server's certificate in its folder."""
    return authority.status(server.folder / "certs" / "server.pem").fingerprint


def hang_up(server: ServerProcess) -> None:
    server.process.send_signal(signal.SIGHUP)


def test_a_renewed_certificate_is_served_at_once_and_nobody_is_dropped(server: ServerProcess) -> None:
    with server.client() as old:
        before = served(old)
        assert before == on_disk(server)
        assert gencert.main(["renew", "--dir", str(server.folder / "certs"), "--name", "chat.example"]) == 0
        assert before != on_disk(server)
        hang_up(server)
        server.wait_for_log("Serving the new certificate")
        with server.client("chat.example") as new:  # a name that only the new one has
            assert served(new) == on_disk(server)
            assert old.ask() == []  # PING and PONG
            assert new.ask() == []
        assert served(old) == before


def test_a_due_certificate_is_renewed_and_served_by_the_server_itself(server: ServerProcess) -> None:
    folder = server.folder / "certs"
    with server.client() as old:
        names, addresses = authority.local_names()
        authority.issue_server_certificate(folder, names, addresses, days=1)
        due = authority.status(folder / "server.pem")
        authority.issue_server_certificate(
            folder, names, addresses, days=3, not_before=due.not_before - (due.not_after - due.not_before) * 2.5
        )
        almost_over = on_disk(server)
        hang_up(server)
        server.wait_for_log("Renewed the server certificate")
        server.wait_for_log("Serving the new certificate")
        with server.client() as new:
            assert served(new) == on_disk(server) != almost_over
        assert old.ask() == []


def test_files_that_cannot_be_served_change_nothing(server: ServerProcess) -> None:
    """The server says so once, serves the old certificate, and the good one that follows."""
    certificate = server.folder / "certs" / "server.pem"
    with server.client() as old:
        before = served(old)
        certificate.write_text("not a certificate")
        hang_up(server)
        server.wait_for_log("The certificate from before is served on: .*server.pem is not a certificate in PEM form")
        with server.client() as other:
            assert served(other) == before
        certificate.unlink()
        assert gencert.main(["renew", "--dir", str(certificate.parent)]) == 0
        hang_up(server)
        server.wait_for_log("Serving the new certificate")
        with server.client() as new:
            assert served(new) == on_disk(server) != before
        assert old.ask() == []


def test_newcomers_are_given_a_new_authority(server: ServerProcess) -> None:
    """After `--force` the answer to CACERT is the new CA: a link made from it can be used without a restart."""
    import base64

    assert gencert.main(["--dir", str(server.folder / "certs"), "--force"]) == 0
    hang_up(server)
    server.wait_for_log("Serving the new certificate")
    with server.client() as client:
        client.send("CACERT")
        parts = [line.split()[-1].removeprefix(":") for line in client.until(r"CACERT \*$")[:-1]]
    assert base64.b64decode("".join(parts)) == authority.certificate_der(server.folder / "certs" / "ca.pem")


def test_the_operator_is_warned_of_a_certificate_that_ends_and_cannot_be_renewed(server: ServerProcess) -> None:
    folder = server.folder / "certs"
    authority.issue_server_certificate(folder, *authority.local_names(), days=2)
    (folder / "ca.key").unlink()
    hang_up(server)
    server.wait_for_log("server.pem is valid until .* is not renewed by itself")


def test_the_operator_is_warned_from_the_start(tmp_path: Path) -> None:
    """Of a certificate that has ended and of one that is not good yet: in both cases no client connects."""
    with ServerProcess(tmp_path):
        pass
    folder = tmp_path / "certs"
    names = authority.local_names()
    authority.issue_server_certificate(folder, *names, not_before=datetime.now(UTC) + timedelta(days=2))
    with ServerProcess(tmp_path) as server:
        server.wait_for_log("server.pem is not valid before .* Is the clock of this machine right?")
    authority.issue_server_certificate(folder, *names, days=1, not_before=datetime.now(UTC) - timedelta(days=3))
    (folder / "ca.key").rename(tmp_path / "ca.key")
    with ServerProcess(tmp_path) as server:
        server.wait_for_log("server.pem is valid until .* is not renewed by itself")
    (tmp_path / "ca.key").rename(folder / "ca.key")
    with ServerProcess(tmp_path) as server:
        server.wait_for_log("Renewed the server certificate in certs")
        server.client().close()


def test_closing_the_terminal_stops_the_server_in_order(tmp_path: Path) -> None:
    """SIGHUP from a terminal that is gone is no wish for a reload: a server that nobody sees would keep the port."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "securechat.cli.server", "--listen", "127.0.0.1:0"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    os.close(theirs)
    try:
        shown = b""
        while b"Listening on" not in shown:
            shown += os.read(ours, 4096)
        os.close(ours)
        ours = -1
        process.send_signal(signal.SIGHUP)
        assert process.wait(DEADLINE) == 0  # also when it was just about to greet
    finally:
        if ours >= 0:
            os.close(ours)
        process.kill()
        process.wait(DEADLINE)
