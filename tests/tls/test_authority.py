"""The authority and what it issues: forms, modes, renewal, and folders where something is missing."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from securechat.tls import authority, files
from securechat.tls.contexts import client_context, server_context
from tests.tls.folders import LOOPBACK, NOW, contents, load, refused
from tests.tls.handshakes import shake


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


class TestForms:
    """RFC 5280, as strict verifiers want it."""

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
    @pytest.mark.parametrize("options", [["-verify_hostname", "chat.lan"], ["-verify_ip", "::1"]])
    def test_openssl_verifies_it_strictly(self, folder: Path, options: list[str]) -> None:
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore"]
        command += ["-CAfile", str(folder / "ca.pem"), *options, str(folder / "server.pem")]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (run.returncode, run.stdout) == (0, f"{folder / 'server.pem'}: OK\n"), run.stderr

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
    def test_openssl_refuses_another_name(self, folder: Path) -> None:
        command = [
            "openssl",
            "verify",
            "-x509_strict",
            "-verify_hostname",
            "other.lan",
            "-CAfile",
            str(folder / "ca.pem"),
        ]
        run = subprocess.run([*command, str(folder / "server.pem")], capture_output=True, text=True, timeout=60)
        assert run.returncode != 0
        assert "hostname mismatch" in run.stderr

    def test_the_authority(self, folder: Path) -> None:
        certificate = load(folder / "ca.pem")
        extensions = certificate.extensions
        constraints = extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(ca=True, path_length=0))
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert usage.value.crl_sign
        assert not usage.value.digital_signature
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
        assert 3649 <= (certificate.not_valid_after_utc - NOW).days <= 3650
        assert certificate.not_valid_before_utc < NOW

    def test_the_server(self, folder: Path) -> None:
        certificate, issuer = load(folder / "server.pem"), load(folder / "ca.pem")
        extensions = certificate.extensions
        assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
        assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
            x509.oid.ExtendedKeyUsageOID.SERVER_AUTH
        ]
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.digital_signature
        assert not usage.key_cert_sign
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        named = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        assert named.key_identifier == own.digest
        assert 89 <= (certificate.not_valid_after_utc - NOW).days <= 90
        assert authority.status(folder / "server.pem").names == ["localhost", "chat.lan", "127.0.0.1", "::1"]

    def test_the_file_holds_the_chain(self, folder: Path) -> None:
        """The certificate, then the CA's: so that `gnutls-cli` and people can see who issued it."""
        chain = x509.load_pem_x509_certificates((folder / "server.pem").read_bytes())
        assert chain == [load(folder / "server.pem"), load(folder / "ca.pem")]

    def test_two_authorities_have_different_names(self, folder: Path, tmp_path: Path) -> None:
        authority.create_authority(tmp_path / "other")
        assert load(tmp_path / "other" / "ca.pem").subject != load(folder / "ca.pem").subject

    def test_names_are_held_once(self, folder: Path) -> None:
        authority.issue_server_certificate(folder, ["a.lan", "b.lan", "a.lan"], [*LOOPBACK, *LOOPBACK])
        assert authority.status(folder / "server.pem").names == ["a.lan", "b.lan", "127.0.0.1", "::1"]

    def test_a_long_first_name_does_not_fit_the_common_name(self, folder: Path) -> None:
        name = f"{'a' * 60}.{'b' * 60}.lan"
        authority.issue_server_certificate(folder, [name], [])
        assert shake(server_context(folder), client_context(folder / "ca.pem"), name).heard == b"hello"


class TestFiles:
    """Modes from birth, and nothing overwritten."""

    def test_keys_are_private_whatever_the_umask(self, tmp_path: Path, open_umask: None) -> None:
        folder = tmp_path / "new" / "certs"
        authority.make(folder, ["localhost"], [])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert modes == {"ca.key": 0o600, "server.key": 0o600, "ca.pem": 0o644, "server.pem": 0o644}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        authority.renew(folder, [], [])
        assert stat.S_IMODE((folder / "server.key").stat().st_mode) == 0o600

    def test_a_key_is_never_readable_by_others_not_even_for_an_instant(
        self, tmp_path: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every file is looked at when it is opened, and when its content goes to the disk."""
        born: dict[str, int] = {}
        sync = os.fsync

        def look(descriptor: int) -> None:
            state = os.fstat(descriptor)
            if stat.S_ISREG(state.st_mode):
                name = Path(f"/proc/self/fd/{descriptor}").readlink().name
                born[name.split(".")[1] + "." + name.split(".")[2]] = stat.S_IMODE(state.st_mode)
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", look)
        monkeypatch.setattr(os, "chmod", lambda *_: pytest.fail("a key was given its mode too late"))
        authority.make(tmp_path / "certs", ["localhost"], [])
        assert born == {"ca.key": 0o600, "ca.pem": 0o644, "server.key": 0o600, "server.pem": 0o644}

    def test_nothing_is_overwritten(self, folder: Path) -> None:
        before = contents(folder)
        text = refused(lambda: authority.make(folder, ["localhost"], []))
        assert text == (
            f"{folder} holds ca.pem and ca.key and server.pem and server.key already. With --force everything in it is "
            "replaced, and every client must then be given the new ca.pem. To renew the server's certificate alone: "
            f"securechat-gencert renew --dir {folder}"
        )
        refused(lambda: authority.create_authority(folder))
        assert contents(folder) == before

    @pytest.mark.parametrize("name", files.ALL_FILES)
    def test_a_single_file_is_reason_enough(self, tmp_path: Path, name: str) -> None:
        """Also a server.key alone, which may be the operator's own."""
        (tmp_path / name).write_bytes(b"precious")
        text = refused(lambda: authority.make(tmp_path, ["localhost"], []))
        assert f"{tmp_path} holds {name} already" in text
        assert contents(tmp_path) == {name: b"precious"}

    def test_force_replaces_everything(self, folder: Path) -> None:
        before = contents(folder)
        authority.make(folder, ["localhost"], [], force=True)
        after = contents(folder)
        assert set(after) == set(before)
        assert all(after[name] != before[name] for name in before)
        assert shake(server_context(folder), client_context(folder / "ca.pem")).heard == b"hello"

    def test_a_file_in_place_of_the_folder(self, tmp_path: Path) -> None:
        place = tmp_path / "certs"
        place.write_text("")
        for target in (place, place / "deeper"):
            text = refused(lambda target=target: authority.ensure(target, ["localhost"], []))  # type: ignore[misc]
            assert text == f"{target} cannot be the folder of the certificates: a file is in its place"

    def test_a_folder_that_cannot_be_written(self, read_only_folder: Path) -> None:
        text = refused(lambda: authority.ensure(read_only_folder, ["localhost"], []))
        assert text == f"cannot write to the folder {read_only_folder}: Permission denied"
        assert list(read_only_folder.iterdir()) == []
        text = refused(lambda: authority.ensure(read_only_folder / "deeper", ["localhost"], []))
        assert text == f"cannot make the folder {read_only_folder / 'deeper'}: Permission denied"

    def test_no_temporary_file_stays_behind(self, folder: Path) -> None:
        authority.renew(folder, [], [])
        assert sorted(contents(folder)) == ["ca.key", "ca.pem", "server.key", "server.pem"]


class TestReading:
    """Names from the command line, and certificates that are there."""

    def test_status(self, folder: Path) -> None:
        status = authority.status(folder / "server.pem")
        assert status.path == folder / "server.pem"
        assert status.days_left(NOW) in (89, 90)
        assert status.days_left(status.not_after) == 0
        assert status.days_left(status.not_after + timedelta(seconds=1)) == -1
        assert status.fingerprint == authority.fingerprint(authority.certificate_der(folder / "server.pem"))
        assert authority.status(folder / "ca.pem").names == []

    def test_the_fingerprint_is_the_one_that_openssl_shows(self, folder: Path) -> None:
        from cryptography.hazmat.primitives import hashes

        expected = load(folder / "ca.pem").fingerprint(hashes.SHA256()).hex()
        assert authority.fingerprint(authority.certificate_der(folder / "ca.pem")) == expected

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        assert refused(lambda: authority.status(tmp_path / "ca.pem")) == (
            f"there is no {tmp_path / 'ca.pem'}; make it with: securechat-gencert --dir {tmp_path}"
        )
        (tmp_path / "ca.pem").mkdir()
        assert refused(lambda: authority.status(tmp_path / "ca.pem")) == (
            f"cannot read {tmp_path / 'ca.pem'}: Is a directory"
        )

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("chat.lan", "chat.lan"),
            ("CHAT.Lan.", "chat.lan"),
            ("a", "a"),
            ("my_host.lan", "my_host.lan"),
            ("xn--80a0bn.xn--p1ai", "xn--80a0bn.xn--p1ai"),
            ("Чат.рф", "xn--80a0bn.xn--p1ai"),
            ("1.2.3.example", "1.2.3.example"),
        ],
    )
    def test_good_names(self, text: str, name: str) -> None:
        assert authority.check_name(text) == name

    @pytest.mark.parametrize(
        "text",
        ["", ".", "a..b", "-a.lan", "a-.lan", "a b", "a/b", "*.lan", "chat.lan:6697", "10.0.0.1", "1.2.3", "::1", "a\0",
         "a\n", "x" * 64, ".".join(["abcdefgh"] * 30), "ÿ" * 70, "\ud800"],
    )  # fmt: skip
    def test_bad_names(self, text: str) -> None:
        assert refused(lambda: authority.check_name(text)).startswith(f"not a host name: {text!r} (letters, digits")

    def test_addresses(self) -> None:
        assert authority.parse_address("10.0.0.1") == IPv4Address("10.0.0.1")
        assert authority.parse_address("FD00::1") == IPv6Address("fd00::1")
        link_local = authority.parse_address("fe80::1%eth0")  # certificates know no zones
        assert link_local == IPv6Address("fe80::1")
        for text in ("", "chat.lan", "10.0.0", "10.0.0.0/8", "1.2.3.4.5", ":::"):
            assert refused(lambda text=text: authority.parse_address(text)) == (  # type: ignore[misc]
                f"not an IP address: {text!r} (names are given with --name)"
            )

    def test_this_machine(self) -> None:
        names, addresses = authority.local_names()
        assert names[0] == "localhost"
        assert len(set(names)) == len(names)
        assert set(LOOPBACK) <= set(addresses)

    @pytest.mark.parametrize(
        ("host", "names"),
        [
            ("Chat.Example.", ["localhost", "chat.example", "chat", "chat.local"]),
            ("box", ["localhost", "box", "box.local", "box.lan"]),
            ("localhost", ["localhost"]),
            ("bad name", ["localhost"]),
            ("10.0.0.1", ["localhost", "10.local"]),
        ],
    )
    def test_host_names(self, host: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        aliases = {"box": ["box.lan", "BOX"]}
        monkeypatch.setattr("socket.gethostname", lambda: host)
        monkeypatch.setattr("securechat.tls.interfaces.host_aliases", lambda asked: aliases.get(asked, []))
        assert authority.local_names()[0] == names
