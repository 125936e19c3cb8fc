"""Handshakes between our two contexts: the good one, and every one that must fail."""

import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from securechat.errors import TrustError
from securechat.tls import authority
from securechat.tls.contexts import client_context, probe_context, server_context
from tests.tls.handshakes import heard_after_refusal, shake

NOW = datetime.now(UTC)


@pytest.mark.parametrize("name", ["localhost", "chat.lan", "127.0.0.1", "::1"])
def test_a_good_handshake(folder: Path, name: str) -> None:
    made = shake(server_context(folder), client_context(folder / "ca.pem"), name)
    assert made.version == "TLSv1.3"
    assert made.heard == b"hello"
    assert made.certificate == authority.certificate_der(folder / "server.pem")


def test_the_authority_may_be_given_as_text(folder: Path) -> None:
    assert shake(server_context(folder), client_context((folder / "ca.pem").read_text())).heard == b"hello"


def test_remarks_around_the_certificate_may_be_in_any_script(folder: Path) -> None:
    text = f"Наш сервер\n{(folder / 'ca.pem').read_text()}"
    (folder / "ours.pem").write_text(text)
    for given in (text, folder / "ours.pem"):
        assert shake(server_context(folder), client_context(given)).heard == b"hello"


def code_of_refusal(server: Path, ca: Path, name: str = "localhost") -> int:
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        shake(server_context(server), client_context(ca), name)
    return caught.value.verify_code


def test_another_authority_is_refused(folder: Path, tmp_path: Path) -> None:
    authority.create_authority(tmp_path / "other")
    assert (
        code_of_refusal(folder, tmp_path / "other" / "ca.pem") == 19
    )  # the server sends its CA along, which is unknown


@pytest.mark.parametrize("name", ["elsewhere.lan", "localhost.lan", "lan", "xn--80a0bn.xn--p1ai"])
def test_another_name_is_refused(folder: Path, name: str) -> None:
    assert code_of_refusal(folder, folder / "ca.pem", name) == 62


@pytest.mark.parametrize("name", ["127.0.0.2", "::2"])
def test_another_address_is_refused(folder: Path, name: str) -> None:
    assert code_of_refusal(folder, folder / "ca.pem", name) == 64


def test_an_expired_certificate_is_refused(folder: Path) -> None:
    authority.issue_server_certificate(folder, ["localhost"], [], days=1, not_before=NOW - timedelta(days=2))
    assert code_of_refusal(folder, folder / "ca.pem") == 10


def test_a_certificate_of_tomorrow_is_refused(folder: Path) -> None:
    authority.issue_server_certificate(folder, ["localhost"], [], not_before=NOW + timedelta(days=1))
    assert code_of_refusal(folder, folder / "ca.pem") == 9


def test_a_client_certificate_would_not_pass_for_a_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.x509.oid import ExtendedKeyUsageOID

    monkeypatch.setattr(ExtendedKeyUsageOID, "SERVER_AUTH", ExtendedKeyUsageOID.CLIENT_AUTH)
    authority.issue_server_certificate(folder, ["localhost"], [])
    assert code_of_refusal(folder, folder / "ca.pem") == 26


def test_the_common_name_counts_for_nothing(folder: Path) -> None:
    """RFC 9525. OpenSSL looks at the subject when there are no DNS names, unless it is told not to."""
    authority.issue_server_certificate(folder, [], [ip_address("127.0.0.1")])
    assert code_of_refusal(folder, folder / "ca.pem", "securechat") == 62  # which is its common name
    assert shake(server_context(folder), client_context(folder / "ca.pem"), "127.0.0.1").heard == b"hello"


def test_whoever_refuses_has_sent_nothing(folder: Path, tmp_path: Path) -> None:
    authority.create_authority(tmp_path / "other")
    server = server_context(folder)
    assert heard_after_refusal(server, client_context(tmp_path / "other" / "ca.pem"), "localhost") == b""
    assert heard_after_refusal(server, client_context(folder / "ca.pem"), "elsewhere.lan") == b""
    assert heard_after_refusal(server, client_context(folder / "ca.pem"), "localhost") == b"hello"


def test_the_client_context_is_strict(folder: Path) -> None:
    context = client_context(folder / "ca.pem")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert not context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert [dict(one)["serialNumber"] for one in context.get_ca_certs()] == [
        f"{int.from_bytes(_serial(folder / 'ca.pem')):X}".zfill(40)
    ]


def _serial(path: Path) -> bytes:
    from cryptography import x509

    return x509.load_pem_x509_certificate(path.read_bytes()).serial_number.to_bytes(20)


def old_client(folder: Path) -> ssl.SSLContext:
    context = client_context(folder / "ca.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def test_tls_1_2_is_refused_by_default(folder: Path) -> None:
    with pytest.raises(ssl.SSLError) as caught:
        shake(server_context(folder), old_client(folder))
    assert caught.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_tls_1_2_can_be_allowed(folder: Path) -> None:
    """With forward secrecy and authenticated encryption only; and newer clients still get 1.3."""
    server = server_context(folder, "1.2")
    old = shake(server, old_client(folder))
    assert old.version == "TLSv1.2"
    assert old.cipher.startswith("ECDHE-ECDSA-")
    assert "GCM" in old.cipher or "CHACHA20" in old.cipher
    assert shake(server, client_context(folder / "ca.pem")).version == "TLSv1.3"


def test_tls_1_2_with_weak_ciphers_is_refused(folder: Path) -> None:
    weak = old_client(folder)
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA")
    with pytest.raises(ssl.SSLError) as caught:
        shake(server_context(folder, "1.2"), weak)
    assert caught.value.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"


@pytest.mark.parametrize("minimum", ["1.2", "1.3"])
def test_the_server_hands_out_no_tickets(folder: Path, minimum: str) -> None:
    context = server_context(folder, minimum)
    assert context.num_tickets == 0
    assert context.options & ssl.OP_NO_TICKET
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_a_new_context_serves_the_new_certificate_and_the_old_link_goes_on(folder: Path) -> None:
    """A context holds what it has loaded: replacing files changes nothing until there is another context."""
    first = server_context(folder)
    before = authority.certificate_der(folder / "server.pem")
    authority.renew(folder, [], [])
    client = client_context(folder / "ca.pem")
    assert shake(first, client).certificate == before
    after = shake(server_context(folder), client).certificate
    assert after == authority.certificate_der(folder / "server.pem") != before


def test_the_probe_trusts_nothing_and_so_reaches_everything(folder: Path) -> None:
    assert shake(server_context(folder), probe_context(), "elsewhere.lan").heard == b"hello"


def sentence(directory: Path) -> str:
    with pytest.raises(TrustError) as caught:
        server_context(directory)
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_can_read_is_not_served(folder: Path, mode: int) -> None:
    key = folder / "server.key"
    key.chmod(mode)
    assert sentence(folder) == f"the private key {key} can be read by others; mend it with: chmod 600 {key}"
    key.chmod(0o400)
    server_context(folder)


def test_a_missing_key_or_certificate(folder: Path) -> None:
    (folder / "server.key").unlink()
    assert sentence(folder) == (
        f"there is no {folder / 'server.key'}; make it with: securechat-gencert renew --dir {folder}"
    )
    (folder / "server.pem").unlink()
    (folder / "ca.key").unlink()
    assert sentence(folder) == f"there is no {folder / 'server.pem'}; make it with: securechat-gencert --dir {folder}"


def test_a_key_of_another_certificate(folder: Path, tmp_path: Path) -> None:
    authority.make(tmp_path / "other", ["localhost"], [])
    (tmp_path / "other" / "server.key").rename(folder / "server.key")
    assert sentence(folder) == (
        f"{folder / 'server.pem'} and {folder / 'server.key'} cannot be served (the key belongs to another "
        "certificate); they must be a certificate and its own private key"
    )


@pytest.mark.parametrize("content", [b"", b"\0\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_certificate_that_is_none(folder: Path, content: bytes) -> None:
    (folder / "server.pem").write_bytes(content)
    assert sentence(folder) == (
        f"{folder / 'server.pem'} is not a certificate in PEM form; put the right one back, or make another with: "
        f"securechat-gencert renew --dir {folder} --force"
    )


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_key_that_is_none(folder: Path, content: bytes) -> None:
    (folder / "server.key").write_bytes(content)
    assert "cannot be served" in sentence(folder)
    assert "its own private key" in sentence(folder)


def test_a_folder_in_place_of_a_key(folder: Path) -> None:
    (folder / "server.key").unlink()
    (folder / "server.key").mkdir(mode=0o700)
    assert sentence(folder) == f"{folder / 'server.key'} is not a file"


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(folder: Path) -> None:
    """OpenSSL would ask on the terminal: a server started by systemd would wait for an answer for ever."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert "is protected by a password" in sentence(folder)
    assert f"openssl pkey -in {folder / 'server.key'}" in sentence(folder)


def test_a_server_certificate_is_no_authority(folder: Path) -> None:
    """Said at once, before anybody connects: it is the wrong file."""
    pem = (folder / "server.pem").read_text()
    (folder / "leaf.pem").write_text(pem[: pem.index("-----END CERTIFICATE-----") + 26])
    with pytest.raises(
        TrustError, match=r"leaf.pem is not the certificate of an authority .* the right file is ca.pem"
    ):
        client_context(folder / "leaf.pem")


@pytest.mark.parametrize(
    "text", ["", "nonsense", "сертификат", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"]
)
def test_text_that_is_no_authority(text: str, tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="the CA certificate is not a certificate in PEM form"):
        client_context(text)
    (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(TrustError, match=r"ca\.pem is not a certificate in PEM form"):
        client_context(tmp_path / "ca.pem")


def test_an_authority_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TrustError) as caught:
        client_context(tmp_path / "ca.pem")
    assert str(caught.value) == f"cannot read the CA certificate {tmp_path / 'ca.pem'}: No such file or directory"


def test_clients_start_without_the_certificate_library(folder: Path) -> None:
    """Making the client's contexts and checking a fingerprint imports no `cryptography`, which is slow."""
    script = (
        "import sys, pathlib\n"
        "from securechat.tls import contexts, trust\n"
        "contexts.client_context(pathlib.Path(sys.argv[1])); contexts.probe_context()\n"
        "trust.check_fingerprint(b'', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')\n"
        "assert not [name for name in sys.modules if name.startswith('cryptography')]\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", script, str(folder / "ca.pem")], check=True, cwd=root, timeout=60)
