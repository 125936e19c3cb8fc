"""Two hosts: a server on an address that is not loopback, and clients elsewhere that know nothing but a link."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.network import ADDRESS, OTHER_ADDRESS, TwoHosts, two_hosts
from tests.peers.programs import CLIENT, Program, client_environment, needs, needs_root, run_client
from tests.process import DEADLINE, PASSWORD, QUICK, SERVER, ServerProcess

pytestmark = [pytest.mark.peers, needs_root, needs("ip")]

LISTENING = (sys.executable, "-m", "tests.peers.listening")
PORT = 6697
MESSAGES = 200


@pytest.fixture
def hosts() -> Iterator[TwoHosts]:
    with two_hosts() as made:
        yield made


def serve(hosts: TwoHosts, folder: Path, *command: str) -> ServerProcess:
    """A server on its own host, on all addresses, with certificates that it makes there."""
    prefix = hosts.on(hosts.server)
    return ServerProcess(folder, QUICK, port=PORT, command=[*prefix, *(command or SERVER)], host="0.0.0.0")


def invite(server: ServerProcess) -> str:
    """A link, as the operator gets it."""
    made = server.admin("invite", "create")
    match = re.search(r"securechat-client '(securechat://\S+)'", made.stdout)
    assert match is not None, made
    return match[1]


def reader(hosts: TwoHosts, host: str, home: Path, *arguments: str) -> Program:
    """A client that prints what is said from now on."""
    home.mkdir(exist_ok=True)
    command = [*hosts.on(host), *CLIENT, "--room", "general", "--follow", "--json", *arguments]
    return Program(command, home, client_environment(home))


def texts_of(program: Program) -> list[str]:
    """The texts that a reader has printed so far, whole lines only."""
    records = [json.loads(line) for line in program.text.splitlines(keepends=True) if line.endswith("}\n")]
    return [record["text"] for record in records if record["type"] == "message"]


def test_a_link_is_all_that_somebody_elsewhere_needs(hosts: TwoHosts, tmp_path: Path) -> None:
    with serve(hosts, tmp_path) as server:
        link = invite(server)
        assert link.startswith(f"securechat://{ADDRESS}:{PORT}/general?invite=")
        there = hosts.on(hosts.client)
        first = run_client([link, "--user", "bob"], tmp_path / "bob", "I am new here\n", there)
        assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
        here = hosts.on(hosts.server)
        assert run_client([invite(server), "--user", "anna"], tmp_path / "anna", "so am I\n", here).returncode == 0
        with (
            reader(hosts, hosts.client, tmp_path / "bob", "--tail", "10") as bob,
            reader(hosts, hosts.server, tmp_path / "anna", "--tail", "10") as anna,
        ):
            for program in (bob, anna):
                program.wait("so am I")
                assert texts_of(program) == ["I am new here", "so am I"]
            run_client(["--room", "general"], tmp_path / "anna", "from the server's host\n", here)
            bob.wait("from the server's host")
            run_client(["--room", "general"], tmp_path / "bob", "from the other host\n", there)
            anna.wait("from the other host")


def test_a_wrong_fingerprint_or_name_ends_before_a_credential_is_sent(hosts: TwoHosts, tmp_path: Path) -> None:
    there = hosts.on(hosts.client)
    with serve(hosts, tmp_path, *LISTENING) as server:
        link = invite(server)
        fingerprint = link.rpartition("ca=")[2]
        wrong_fingerprint = link.replace(fingerprint, "0" * 64)
        run = run_client([wrong_fingerprint, "--user", "bob"], tmp_path / "bob", "text\n", there)
        assert (run.returncode, run.stdout) == (4, "")
        assert run.stderr == (
            "securechat-client: This is not the server that the link is for: its certificate authority has the "
            f"fingerprint {fingerprint}, the link says {'0' * 64}. Nothing was sent. Ask whoever gave you the link for "
            "a new one; if it says the same, somebody may be between you and the server.\n"
        )
        hosts.add_address()
        for arguments in (
            [link.replace(ADDRESS, OTHER_ADDRESS), "--user", "bob"],
            [
                "--ca",
                str(tmp_path / "certs" / "ca.pem"),
                "--user",
                "bob",
                "--room",
                "general",
                f"{OTHER_ADDRESS}:{PORT}",
            ],
        ):
            run = run_client(arguments, tmp_path / "bob", "text\n", there)
            assert (run.returncode, run.stdout) == (4, "")
            assert re.fullmatch(
                rf"securechat-client: The certificate of the server is not for {OTHER_ADDRESS}, but for .*{ADDRESS}.*"
                r"\. Nothing was sent\. Use a name or address that it is for, or have the operator run: "
                rf"securechat-gencert renew --ip {OTHER_ADDRESS}\n",
                run.stderr,
            ), run.stderr
        # The same client sends all of it once the server is the right one: what follows is no accident.
        run = run_client([link, "--user", "bob"], tmp_path / "bob", "text\n", there)
        assert (run.returncode, run.stderr) == (0, "")
        server.stop()
    received = re.findall("(?m)^Received (.*)$", server.output)
    assert received[:3] == [repr(b"CACERT\r\n")] * 3  # all that a server is asked before it is trusted, by each link
    credentials = "".join(received[3:])
    assert link.partition("invite=")[2].partition("&")[0] in credentials
    assert PASSWORD in credentials


@needs("nft")
def test_a_cable_that_loses_packets_loses_no_message(hosts: TwoHosts, tmp_path: Path) -> None:
    there = hosts.on(hosts.client)
    with serve(hosts, tmp_path) as server:
        for name in ("anna", "bob"):
            assert run_client([invite(server), "--user", name], tmp_path / name, "before\n", there).returncode == 0
        hosts.lose(10)
        with reader(hosts, hosts.client, tmp_path / "bob", "--tail", "1") as bob:
            bob.wait('"before"')  # it is in the room now
            sent = [f"message {number}" for number in range(MESSAGES)]
            lines = "".join(f"{text}\n" for text in sent)
            run = run_client(["--room", "general", "--timeout", "60"], tmp_path / "anna", lines, there)
            assert (run.returncode, run.stdout) == (0, "")
            bob.wait(f'"message {MESSAGES - 1}"', 3 * DEADLINE)
            assert texts_of(bob) == ["before", *sent]
        assert min(hosts.lost()) > 5
