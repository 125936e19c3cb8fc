"""What goes wrong between a real client and a real server: the exit code, and one plain sentence for people."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.tls import authority
from tests.client.certificates import Authority
from tests.peers.programs import run_client
from tests.process import PASSWORD, SERVER, ServerProcess

CANNOT_CONNECT, UNTRUSTED, LOGIN_REFUSED = 3, 4, 5
YESTERDAY = (sys.executable, "-m", "tests.peers.yesterday")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that these tests share: none of them changes what another one sees."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        server.add_account("anna")
        yield server


def invite(server: ServerProcess, *arguments: str) -> str:
    """A link, as the operator gets it."""
    link: str = json.loads(server.admin("invite", "create", "--json", *arguments).stdout)["link"]
    return link


def said(run: "subprocess.CompletedProcess[str]", code: int) -> str:
    """What the client says that ended with `code`: one line of it, and no secret in it."""
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    (line,) = run.stderr.splitlines()
    assert PASSWORD not in line
    assert line.startswith("securechat-client: ")
    return line.removeprefix("securechat-client: ")


def to(server: ServerProcess) -> list[str]:
    """The arguments for a server whose CA is known."""
    return ["--ca", str(server.folder / "certs" / "ca.pem"), "--room", "general", f"localhost:{server.port}"]


@pytest.mark.parametrize(("name", "password"), [("anna", "not the password"), ("nobody", PASSWORD)])
def test_a_wrong_password_and_an_unknown_user_look_the_same(
    server: ServerProcess, tmp_path: Path, name: str, password: str
) -> None:
    run = run_client(["--user", name, *to(server)], tmp_path, "text\n", SECURECHAT_PASSWORD=password)
    assert said(run, LOGIN_REFUSED) == "Name or password is wrong."
    assert password not in run.stderr


def test_a_used_invite(server: ServerProcess, tmp_path: Path) -> None:
    link = invite(server)
    assert run_client([link, "--user", "bob"], tmp_path / "bob", "text\n").returncode == 0
    run = run_client([link, "--user", "carol"], tmp_path / "carol", "text\n")
    assert said(run, LOGIN_REFUSED) == "This invite was used already. Ask for a new one."
    assert run_client(["--user", "bob"], tmp_path / "bob", "text\n", SECURECHAT_ROOM="general").returncode == 0


def test_an_invite_that_was_revoked_or_never_given(server: ServerProcess, tmp_path: Path) -> None:
    made = json.loads(server.admin("invite", "create", "--json").stdout)
    link = made["link"]
    assert server.admin("invite", "revoke", str(made["invite"]["number"])).returncode == 0
    never_given = re.sub("invite=[^&]+", "invite=AAAAAAAAAAAAAAAAAAAAAA", link)
    for refused, sentence in (
        (link, "This invite was taken back. Ask for a new one."),
        (never_given, "The server does not know this invite. Ask for a new one."),
    ):
        run = run_client([refused, "--user", "dora"], tmp_path, "text\n")
        assert said(run, LOGIN_REFUSED) == sentence


def test_an_expired_invite(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, command=YESTERDAY) as server:
        link = invite(server, "--expires", "12h")
    with ServerProcess(tmp_path, port=server.port, command=SERVER):
        run = run_client([link, "--user", "bob"], tmp_path / "bob", "text\n")
        assert said(run, LOGIN_REFUSED) == "This invite has expired. Ask for a new one."


def test_an_expired_certificate(tmp_path: Path) -> None:
    theirs = Authority(tmp_path / "theirs")
    blocks = re.split("(?=-----BEGIN )", theirs.issue(expired=True).read_text())
    certificates = tmp_path / "certs"
    certificates.mkdir()
    (certificates / "ca.pem").write_text(theirs.pem)
    (certificates / "server.pem").write_text(blocks[1] + theirs.pem)
    (certificates / "server.key").touch(0o600)
    (certificates / "server.key").write_text(blocks[2])
    with ServerProcess(tmp_path) as server:
        server.add_account("anna")
        ended = authority.status(certificates / "server.pem").not_after
        sentence = (
            f"The certificate of localhost has expired (on {ended:%Y-%m-%d %H:%M} UTC). Nothing was sent. "
            "The operator renews it with: securechat-gencert renew"
        )
        assert said(run_client(["--user", "anna", *to(server)], tmp_path / "a", "text\n"), UNTRUSTED) == sentence
        link = invite(server, "--host", "localhost")
        assert said(run_client([link, "--user", "bob"], tmp_path / "b", "text\n"), UNTRUSTED) == sentence
        server.stop()
        assert not [record for record in server.log if record["message"] in {"Logged in", "Login failed"}]


def test_another_authority(server: ServerProcess, tmp_path: Path) -> None:
    theirs = Authority(tmp_path / "theirs")
    address = f"localhost:{server.port}"
    run = run_client(["--user", "anna", "--ca", str(theirs.path), "--room", "general", address], tmp_path, "text\n")
    assert said(run, UNTRUSTED) == (
        "The certificate of localhost is not signed by the authority that this client trusts. Nothing was sent. "
        "Copy certs/ca.pem from the server and name it with --ca, or ask for a new link."
    )


def test_no_server_at_all(tmp_path: Path, server: ServerProcess) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        run = run_client(["--user", "anna", *to(server)[:-1], address], tmp_path, "text\n")
    assert said(run, CANNOT_CONNECT) == f"Cannot connect to {address}: Connection refused"


def test_a_port_without_tls(tmp_path: Path, server: ServerProcess) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as plain:
        port = plain.getsockname()[1]

        def greet() -> None:
            for _ in range(2):
                link, _address = plain.accept()
                with link:
                    link.sendall(b"220 mail.lan ESMTP\r\n")
                    received.append(link.recv(65536))

        received: list[bytes] = []
        thread = threading.Thread(target=greet)
        thread.start()
        sentence = f"localhost:{port} does not speak TLS; is the port right? securechat's is 6697."
        arguments = ["--user", "anna", *to(server)[:-1], f"localhost:{port}"]
        assert said(run_client(arguments, tmp_path / "a", "text\n"), CANNOT_CONNECT) == sentence
        link = re.sub(r"//[^/]+/", f"//localhost:{port}/", invite(server))
        assert said(run_client([link, "--user", "bob"], tmp_path / "b", "text\n"), CANNOT_CONNECT) == sentence
        thread.join(20)
    for data in received:
        assert data[:1] == b"\x16"  # a TLS handshake record and nothing that anybody could read
