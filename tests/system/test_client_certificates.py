"""SASL EXTERNAL over real TLS: a client's certificate from the command that makes it to the login."""

import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securechat.cli import gencert
from securechat.tls import authority
from securechat.tls.client_certificates import issue_client_certificate
from tests.process import DEADLINE, QUICK, ServerProcess

Pair = tuple[Path, Path]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("external"), QUICK) as running:
        running.add_account("anna")
        yield running


def pair_for(server: ServerProcess, name: str) -> Pair:
    assert gencert.main(["client", name, "--dir", str(server.folder / "certs"), "--force"]) == 0
    folder = server.folder / "certs" / "clients"
    return folder / f"{name}.pem", folder / f"{name}.key"


def test_a_certificate_lets_its_account_in_without_a_password(server: ServerProcess) -> None:
    with server.client(certificate=pair_for(server, "anna")) as anna:
        offered = anna.ask("CAP LS 302")
        assert any(":sasl=EXTERNAL,PLAIN,SCRAM-SHA-256" in line.split() for line in offered)
        lines = anna.ask("NICK anna", "USER anna 0 * :Anna", "CAP REQ sasl", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +")
        assert [line.split()[1] for line in lines][-2:] == ["900", "903"]
        assert any(" 001 anna " in line for line in anna.ask("CAP END"))


def test_an_account_that_there_is_not_is_refused_like_a_wrong_password(server: ServerProcess) -> None:
    with server.client(certificate=pair_for(server, "nobody")) as one:
        lines = one.ask("CAP LS 302", "NICK anna", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +")
        assert lines[-1].endswith(
            " 904 anna :SASL authentication failed; if the account has a second factor, give its code as well"
        )


def test_without_a_certificate_it_is_not_offered(server: ServerProcess) -> None:
    with server.client() as one:
        assert ":sasl=PLAIN,SCRAM-SHA-256" in " ".join(one.ask("CAP LS 302")).split()


@pytest.mark.parametrize(
    ("case", "alert", "why"),
    [
        ("expired", "CERTIFICATE_EXPIRED", "certificate has expired"),
        ("another authority", "UNKNOWN_CA", "unable to get local issuer certificate"),
        ("a server's", "UNSUPPORTED_CERTIFICATE", "unsuitable certificate purpose"),
    ],
)
def test_a_certificate_that_is_not_good_ends_the_handshake_with_the_reason(
    server: ServerProcess, tmp_path: Path, case: str, alert: str, why: str
) -> None:
    certs = server.folder / "certs"
    if case == "expired":
        start = datetime.now(UTC) - timedelta(days=3)
        pair = issue_client_certificate(certs, "anna", days=1, force=True, start=start)
    elif case == "another authority":
        authority.make(tmp_path / "other", ["localhost"], [])
        pair = issue_client_certificate(tmp_path / "other", "anna")
    else:
        pair = (certs / "server.pem", certs / "server.key")
    one = server.client(certificate=pair)
    with pytest.raises(ssl.SSLError, match=alert):
        # In TLS 1.3 the client is done before the server has looked at its certificate.
        one.ask("CAP LS 302", "NICK anna")
    server.wait_for_log(f"Closing: The certificate of the client was refused: ({why})")


def test_openssl_shows_it_too(server: ServerProcess) -> None:
    certificate, key = pair_for(server, "anna")
    done = subprocess.run(
        [
            "openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-verify_return_error", "-quiet", "-crlf",
            "-CAfile", server.folder / "certs" / "ca.pem", "-cert", certificate, "-key", key,
        ],
        input="CAP LS 302\nNICK anna\nUSER anna 0 * :Anna\nAUTHENTICATE EXTERNAL\nAUTHENTICATE +\nCAP END\nQUIT\n",
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )  # fmt: skip
    assert " 903 anna :SASL authentication successful" in done.stdout
    assert " 001 anna :Welcome" in done.stdout


def test_they_can_be_turned_off(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, f"{QUICK}\n[tls]\nclient_certificates = false\n") as server:
        server.add_account("anna")
        with server.client(certificate=pair_for(server, "anna")) as one:
            assert ":sasl=PLAIN,SCRAM-SHA-256" in " ".join(one.ask("CAP LS 302")).split()
