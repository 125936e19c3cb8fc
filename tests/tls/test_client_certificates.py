"""Certificates of clients: what is in them, what they are good for, and whose account they open."""

import errno
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from securechat.tls import authority, files, issuing
from securechat.tls.client_certificates import issue_client_certificate, read_shown
from securechat.tls.contexts import client_context, server_context
from tests.tls import certificates
from tests.tls.folders import DAY, NOW, load, refused
from tests.tls.handshakes import Handshake, shake, talk

URI = "securechat:account:"


def show(folder: Path, certificate: Path, key: Path) -> Handshake:
    """Show a certificate to the server of `folder`. Raises ssl.SSLError as the client gets it."""
    context = client_context(folder / "ca.pem")
    context.load_cert_chain(certificate, key)
    return shake(server_context(folder, client_certificates=True), context)


def test_it_is_for_clients_alone_and_names_the_account(folder: Path) -> None:
    certificate, key = issue_client_certificate(folder, "Анна", days=30)
    assert (certificate, key) == (folder / "clients" / "Анна.pem", folder / "clients" / "Анна.key")
    assert key.stat().st_mode & 0o777 == 0o600
    assert certificate.parent.stat().st_mode & 0o777 == 0o700
    read = load(certificate)
    assert certificate.read_bytes().count(b"BEGIN CERTIFICATE") == 1
    purposes = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [f"{URI}%D0%90%D0%BD%D0%BD%D0%B0"]
    assert timedelta(days=29) < read.not_valid_after_utc - NOW < timedelta(days=31)
    assert show(folder, certificate, key).heard == b"hello"


def test_it_ends_with_its_authority(folder: Path) -> None:
    certificate, _ = issue_client_certificate(folder, "anna", days=3650)
    assert load(certificate).not_valid_after_utc == load(folder / "ca.pem").not_valid_after_utc


def test_nothing_is_replaced_unless_asked_for(folder: Path) -> None:
    certificate, key = issue_client_certificate(folder, "anna")
    before = key.read_bytes()
    text = refused(lambda: issue_client_certificate(folder, "anna"))
    assert text == f"{certificate} is there already; --force replaces it"
    assert key.read_bytes() == before
    issue_client_certificate(folder, "anna", force=True)
    assert key.read_bytes() != before


@pytest.mark.parametrize("name", ["", "9lives", "a/b", "..", "a b", "a\n", "#tea", "e\u0301"])
def test_a_name_that_no_account_has(folder: Path, name: str) -> None:
    assert refused(lambda: issue_client_certificate(folder, name)).startswith("not the name of an account: ")
    assert not (folder / "clients").exists()


@pytest.mark.parametrize("name", ["名" * 30, "a" + "名" * 30, "a" * 65, "名" * 21 + "a"])
def test_a_name_that_is_longer_than_a_common_name(folder: Path, name: str) -> None:
    certificate, key = issue_client_certificate(folder, name)
    (common,) = load(certificate).subject
    assert isinstance(common.value, str)
    assert name.startswith(common.value)
    assert 61 < len(common.value.encode()) <= 64
    assert show(folder, certificate, key).heard == b"hello"


@pytest.mark.parametrize("length", [97, 300])
def test_a_name_that_is_too_long(folder: Path, length: int) -> None:
    assert "longer than 96 bytes" in refused(lambda: issue_client_certificate(folder, "a" * length))


def test_a_folder_that_cannot_be_looked_into(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Path) -> bool:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "exists", broken)
    text = refused(lambda: issue_client_certificate(folder, "anna"))
    assert text == f"cannot make {folder / 'clients' / 'anna.pem'}: Input/output error"


def test_without_the_authoritys_key(folder: Path) -> None:
    (folder / "ca.key").unlink()
    assert "no certificate can be issued" in refused(lambda: issue_client_certificate(folder, "anna"))


@pytest.mark.parametrize(
    ("names", "account"),
    [
        ((("URI", f"{URI}anna"),), "anna"),
        ((("URI", f"{URI}%D0%90%D0%BD%D0%BD%D0%B0"),), "Анна"),
        ((("URI", f"{URI}%5Banna%5D"),), "[anna]"),
        ((("URI", f"{URI}[anna]"),), ""),  # not as we write it
        ((("URI", f"{URI}%61nna"),), ""),
        ((("URI", f"{URI}%FF"),), ""),
        ((("URI", f"{URI}"),), ""),
        ((("URI", f"{URI}9lives"),), ""),
        ((("URI", f"{URI}anna%00"),), ""),
        ((("URI", "https://anna"),), ""),
        ((("URI", "SECURECHAT:account:anna"),), ""),
        ((("DNS", f"{URI}anna"),), ""),
        ((("DNS", "anna"),), ""),
        ((("email", "anna@example.org"),), ""),
        ((("URI", f"{URI}anna"), ("URI", f"{URI}bob")), ""),
        ((("URI", f"{URI}anna"), ("DNS", "localhost")), ""),
        ((), ""),
    ],
)
def test_whose_account_it_opens(folder: Path, names: tuple[tuple[str, str], ...], account: str) -> None:
    tags = {"URI": certificates.URI, "DNS": certificates.DNS, "email": certificates.EMAIL}
    alternative = certificates.names(*((tags[kind], value.encode()) for kind, value in names)) if names else None
    _, made = certificates.sign(folder, alternative)
    shown = read_shown(made.public_bytes(Encoding.DER))
    assert (shown.account if shown else "") == account
    assert shown is None or shown.ends == made.not_valid_after_utc.timestamp() * 1000


@pytest.mark.parametrize(
    ("usage", "purposes"),
    [
        ("", [ExtendedKeyUsageOID.CLIENT_AUTH]),
        ("key_agreement", [ExtendedKeyUsageOID.CLIENT_AUTH]),
        ("digital_signature", []),
        ("digital_signature", [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]),
    ],
)
def test_a_certificate_for_another_purpose_opens_nothing(
    folder: Path, usage: str, purposes: list[x509.ObjectIdentifier]
) -> None:
    alternative = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"{URI}anna")])
    _, made = certificates.sign(folder, alternative, usage=usage, purposes=purposes)
    assert read_shown(made.public_bytes(Encoding.DER)) is None


def test_an_authority_that_was_made_elsewhere_lets_nobody_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert authority.is_ours(load(folder / "ca.pem"))
    assert not authority.is_ours(load(folder / "server.pem"))
    monkeypatch.setattr(authority, "AUTHORITY_NAME", "Example Company Root ")
    authority.make(folder, ["localhost"], [], force=True)
    pair = issue_client_certificate(folder, "anna")
    monkeypatch.undo()
    context = server_context(folder, client_certificates=True)
    assert context.verify_mode is ssl.CERT_NONE
    assert show(folder, *pair).heard == b"hello"  # nobody has asked for it


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("expired", "certificate has expired"),
        ("not yet valid", "certificate is not yet valid"),
        ("another authority", "unable to get local issuer certificate"),
        ("a server's", "unsuitable certificate purpose"),
    ],
)
def test_what_the_server_refuses(folder: Path, tmp_path: Path, case: str, why: str) -> None:
    match case:
        case "expired":
            pair = issue_client_certificate(folder, "anna", days=1, start=NOW - 2 * DAY)
        case "not yet valid":
            pair = issue_client_certificate(folder, "anna", days=3, start=NOW + 2 * DAY)
        case "another authority":
            authority.make(tmp_path / "other", ["localhost"], [])
            pair = issue_client_certificate(tmp_path / "other", "anna")
        case _:
            pair = (folder / "server.pem", folder / "server.key")
    context = client_context(folder / "ca.pem")
    context.load_cert_chain(*pair)
    verdicts: list[str] = []

    def serve(plain: socket.socket) -> None:
        try:
            server_context(folder, client_certificates=True).wrap_socket(plain, server_side=True)
        except ssl.SSLCertVerificationError as error:
            verdicts.append(error.verify_message)

    with pytest.raises(OSError):
        talk(serve, context, "localhost")
    assert verdicts == [why]


def test_a_client_is_no_server(folder: Path) -> None:
    """Even with the right name in it: the purpose counts."""
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    key, chain = issuing.issue(folder, "localhost", [x509.DNSName("localhost")], purpose, NOW, 1)
    files.write_pair(folder, ("server.key", "server.pem"), key, chain)
    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        shake(server_context(folder), client_context(folder / "ca.pem"))


def test_without_a_certificate_nothing_changes(folder: Path) -> None:
    server = server_context(folder, client_certificates=True)
    assert server.verify_mode is ssl.CERT_OPTIONAL
    assert shake(server, client_context(folder / "ca.pem")).heard == b"hello"
    assert server_context(folder).verify_mode is ssl.CERT_NONE
