"""What people read when trust fails: what was expected, what was found, what to do."""

import hashlib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securechat.errors import TrustError
from securechat.tls import authority
from securechat.tls.contexts import client_context, server_context
from securechat.tls.trust import check_fingerprint, explain, names_in_certificate
from tests.tls.handshakes import Peer, refusal, refusal_of_peer, shake

NOW = datetime.now(UTC)


def test_another_authority(folder: Path, tmp_path: Path) -> None:
    authority.create_authority(tmp_path / "other")
    assert refusal(server_context(folder), tmp_path / "other" / "ca.pem", "localhost", "asked was other/ca.pem") == (
        "The certificate of localhost is not signed by the authority that this client trusts (asked was other/ca.pem). "
        "Nothing was sent. Copy certs/ca.pem from the server and name it with --ca, or ask for a new link."
    )


def test_another_authority_with_the_same_name(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of an authority proves nothing; a forger copies it. The signature is another then."""
    monkeypatch.setattr("os.urandom", lambda count: b"\1" * count)
    authority.make(tmp_path / "ours", ["localhost"], [])
    authority.make(tmp_path / "forged", ["localhost"], [])
    assert "is not signed by the authority that this client trusts" in refusal(
        server_context(tmp_path / "forged"), tmp_path / "ours" / "ca.pem"
    )


def test_another_name(folder: Path) -> None:
    assert refusal(server_context(folder), folder / "ca.pem", "elsewhere.lan") == (
        "The certificate of the server is not for elsewhere.lan, but for localhost, chat.lan, 127.0.0.1, ::1. "
        "Nothing was sent. Use a name or address that it is for, or have the operator run: "
        "securechat-gencert renew --name elsewhere.lan"
    )


@pytest.mark.parametrize("address", ["10.0.0.1", "fd00::1"])
def test_another_address(folder: Path, address: str) -> None:
    text = refusal(server_context(folder), folder / "ca.pem", address)
    assert f"is not for {address}, but for localhost, chat.lan, 127.0.0.1, ::1." in text
    assert f"securechat-gencert renew --ip {address}" in text


def test_only_some_of_very_many_names_are_shown(folder: Path) -> None:
    authority.issue_server_certificate(folder, [f"host{number}.lan" for number in range(40)], [])
    text = refusal(server_context(folder), folder / "ca.pem", "elsewhere.lan")
    assert "host0.lan, " in text
    assert "host11.lan and 28 more." in text
    assert "host12" not in text


def test_expired(folder: Path) -> None:
    start = NOW - timedelta(days=4)
    authority.issue_server_certificate(folder, ["localhost"], [], days=2, not_before=start)
    assert refusal(server_context(folder), folder / "ca.pem") == (
        f"The certificate of localhost has expired (on {start + timedelta(days=2):%Y-%m-%d %H:%M} UTC). "
        "Nothing was sent. The operator renews it with: securechat-gencert renew"
    )


def test_not_yet_valid(folder: Path) -> None:
    start = NOW + timedelta(days=2)
    authority.issue_server_certificate(folder, ["localhost"], [], not_before=start)
    assert refusal(server_context(folder), folder / "ca.pem") == (
        "The certificate of localhost is not valid yet (before "
        f"{start - timedelta(minutes=5):%Y-%m-%d %H:%M} UTC). Nothing was sent. Is the clock of this computer right?"
    )


def caught(server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost") -> ssl.SSLError:
    with pytest.raises(ssl.SSLError) as error:
        shake(server, client, name)
    return error.value


def test_names_and_dates_are_left_out_when_they_are_not_known(folder: Path) -> None:
    error = caught(server_context(folder), client_context(folder / "ca.pem"), "elsewhere.lan")
    for certificate in (b"", b"no certificate"):
        text = str(explain(error, "elsewhere.lan", 6697, certificate=certificate))
        assert text.startswith("The certificate of the server is not for elsewhere.lan. Nothing was sent.")
    authority.issue_server_certificate(folder, ["localhost"], [], days=1, not_before=NOW - timedelta(days=2))
    error = caught(server_context(folder), client_context(folder / "ca.pem"))
    for certificate in (b"", b"no certificate"):
        assert "has expired. Nothing was sent." in str(explain(error, "localhost", 6697, certificate=certificate))


def test_any_other_reason_is_told_as_openssl_words_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.x509.oid import ExtendedKeyUsageOID

    monkeypatch.setattr(ExtendedKeyUsageOID, "SERVER_AUTH", ExtendedKeyUsageOID.CLIENT_AUTH)
    authority.issue_server_certificate(folder, ["localhost"], [])
    assert refusal(server_context(folder), folder / "ca.pem", "localhost", "certs/ca.pem") == (
        "The certificate of localhost cannot be trusted (certs/ca.pem): unsuitable certificate purpose. "
        "Nothing was sent."
    )


def answering(answer: bytes) -> Peer:
    def serve(link: socket.socket) -> None:
        link.recv(4096)
        link.sendall(answer)
        while link.recv(4096):
            pass

    return serve


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b":irc.example NOTICE * :*** Looking up your hostname...\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_a_port_without_tls(answer: bytes) -> None:
    assert str(refusal_of_peer(answering(answer))) == (
        "chat.lan:6667 does not speak TLS; is the port right? securechat's is 6697."
    )


def test_a_peer_that_hangs_up() -> None:
    def hang_up(link: socket.socket) -> None:
        link.recv(4096)

    assert str(refusal_of_peer(hang_up)) == (
        "chat.lan:6667 closed the connection during the TLS handshake; is it a securechat server?"
    )


def test_no_version_in_common(folder: Path) -> None:
    old = client_context(folder / "ca.pem")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert str(explain(caught(server_context(folder), old), "::1", 6697)) == (
        "[::1]:6697 and this program have no version of TLS in common. A securechat server wants TLS 1.3, unless its "
        'configuration says minimum = "1.2".'
    )


def test_any_other_alert(folder: Path) -> None:
    weak = client_context(folder / "ca.pem")
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    assert str(explain(caught(server_context(folder, "1.2"), weak), "chat.lan", 6697)) == (
        "chat.lan:6697 refused the TLS handshake (sslv3 alert handshake failure)."
    )


def test_an_error_that_nobody_thought_of() -> None:
    assert str(explain(ssl.SSLError(1, "?"), "chat.lan", 1)) == (
        "The TLS handshake with chat.lan:1 failed: no reason was given."
    )


def test_the_right_fingerprint_passes(folder: Path) -> None:
    certificate = authority.certificate_der(folder / "ca.pem")
    plain = hashlib.sha256(certificate).hexdigest()
    colons = ":".join(plain[at : at + 2] for at in range(0, 64, 2)).upper()
    for expected in (plain, plain.upper(), colons, f" {plain}\n"):
        check_fingerprint(certificate, expected)


@pytest.mark.parametrize("expected", ["0" * 64, "", "ff", "é" * 64, "\x1b[31m"])
def test_a_wrong_fingerprint(folder: Path, expected: str) -> None:
    """Expected, found, and what to do; and nothing that a terminal would obey."""
    certificate = authority.certificate_der(folder / "ca.pem")
    with pytest.raises(TrustError) as error:
        check_fingerprint(certificate, expected)
    text = str(error.value)
    shown = expected.replace("\x1b", "\\u{1b}")
    assert f"has the fingerprint {hashlib.sha256(certificate).hexdigest()}, the link says {shown}. Nothing was" in text
    assert "Ask whoever gave you the link for a new one" in text
    assert "\x1b" not in text


def test_one_wrong_digit_is_enough(folder: Path) -> None:
    certificate = authority.certificate_der(folder / "ca.pem")
    good = hashlib.sha256(certificate).hexdigest()
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    for expected in (wrong, good[:-1], good + "0"):
        with pytest.raises(TrustError):
            check_fingerprint(certificate, expected)


def test_names_in_a_certificate(folder: Path) -> None:
    certificate = authority.certificate_der(folder / "server.pem")
    assert names_in_certificate(certificate) == ["localhost", "chat.lan", "127.0.0.1", "::1"]
    assert names_in_certificate(authority.certificate_der(folder / "ca.pem")) == []


def test_hostile_names_are_made_harmless(folder: Path) -> None:
    authority.issue_server_certificate(folder, ["evil\x1b]0;owned\x07.lan"], [])
    certificate = authority.certificate_der(folder / "server.pem")
    assert names_in_certificate(certificate) == ["evil\\u{1b}]0;owned\\u{7}.lan"]


@pytest.mark.parametrize("certificate", [b"", b"\x30\x03\x02\x01\x01", b"garbage"])
def test_what_is_no_certificate(certificate: bytes) -> None:
    with pytest.raises(TrustError, match="cannot be read"):
        names_in_certificate(certificate)


def test_any_cut_or_damaged_certificate_is_read_or_refused(folder: Path) -> None:
    """Bytes of a stranger: nothing but TrustError may come of them."""
    certificate = authority.certificate_der(folder / "server.pem")
    refused = 0
    damaged = [certificate[:at] for at in range(len(certificate))]
    damaged += [
        certificate[:at] + bytes([certificate[at] ^ mask]) + certificate[at + 1 :]
        for at in range(len(certificate))
        for mask in (1, 2, 0x55, 0x80, 0xFF)
    ]
    for one in damaged:
        try:
            names_in_certificate(one)
        except TrustError:
            refused += 1
    assert refused >= len(certificate)
