"""What the server does with a folder of certificates: the first start, renewal, and what it leaves alone."""

import shutil
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from securechat.tls import authority
from securechat.tls.contexts import client_context, server_context
from tests.tls.folders import DAY, LOOPBACK, NOW, contents, load, refused
from tests.tls.handshakes import shake


class TestEnsure:
    """The first start of a server, and starts with something missing."""

    def test_makes_everything_once(self, tmp_path: Path) -> None:
        folder = tmp_path / "certs"
        assert authority.ensure(folder, ["localhost"], LOOPBACK)
        before = contents(folder)
        assert not authority.ensure(folder, ["localhost"], LOOPBACK)
        assert contents(folder) == before
        assert shake(server_context(folder), client_context(folder / "ca.pem"), "::1").heard == b"hello"

    def test_the_key_of_the_authority_may_be_elsewhere(self, folder: Path) -> None:
        (folder / "ca.key").unlink()
        assert not authority.ensure(folder, ["localhost"], [])

    def test_an_authority_alone_issues_a_certificate(self, folder: Path) -> None:
        trusted = (folder / "ca.pem").read_bytes()
        (folder / "server.key").unlink()
        (folder / "server.pem").unlink()
        assert authority.ensure(folder, ["localhost"], [])
        assert (folder / "ca.pem").read_bytes() == trusted
        assert shake(server_context(folder), client_context(folder / "ca.pem")).heard == b"hello"

    @pytest.mark.parametrize(
        ("missing", "holds"),
        [
            (["ca.pem"], "ca.key and server.pem and server.key but no ca.pem"),
            (["ca.pem", "ca.key"], "server.pem and server.key but no ca.pem"),
            (["ca.key", "server.key"], "ca.pem and server.pem but no server.key"),
            (["ca.pem", "server.pem", "server.key"], "ca.key but no ca.pem and no server.pem and no server.key"),
            (["ca.key", "server.pem", "server.key"], "ca.pem but no server.pem and no server.key"),
        ],
    )
    def test_what_only_force_can_mend(self, folder: Path, missing: list[str], holds: str) -> None:
        for name in missing:
            (folder / name).unlink()
        before = contents(folder)
        text = refused(lambda: authority.ensure(folder, ["localhost"], []))
        assert text == (
            f"{folder} holds {holds}; put back what is missing, or make everything anew with: "
            f"securechat-gencert --dir {folder} --force (clients must then be given the new ca.pem)"
        )
        assert contents(folder) == before

    @pytest.mark.parametrize("missing", ["server.pem", "server.key"])
    def test_what_renewal_can_mend(self, folder: Path, missing: str) -> None:
        """Not mended unasked: the half that is there may be the operator's own. The advice works."""
        (folder / missing).unlink()
        before = contents(folder)
        text = refused(lambda: authority.ensure(folder, ["localhost"], []))
        assert f"but no {missing}; put back what is missing, or make both anew with: securechat-gencert renew" in text
        assert contents(folder) == before
        authority.renew(folder, ["chat.example"], [])
        assert not authority.ensure(folder, ["localhost"], [])
        assert shake(server_context(folder), client_context(folder / "ca.pem"), "chat.example").heard == b"hello"

    @pytest.mark.parametrize("name", ["ca.key", "server.key"])
    def test_keys_that_others_can_read(self, folder: Path, name: str) -> None:
        (folder / name).chmod(0o644)
        text = refused(lambda: authority.ensure(folder, ["localhost"], []))
        assert text == f"the private key {folder / name} can be read by others; mend it with: chmod 600 {folder / name}"

    def test_the_command_can_be_pasted(self, tmp_path: Path) -> None:
        folder = tmp_path / "my certs"
        authority.make(folder, ["localhost"], [])
        (folder / "server.key").chmod(0o666)
        assert refused(lambda: authority.ensure(folder, [], [])).endswith(f"chmod 600 '{folder / 'server.key'}'")


class TestRenewal:
    """By hand, and by the server itself."""

    def test_keeps_the_names_and_adds_the_given_ones(self, folder: Path) -> None:
        before = contents(folder)
        authority.renew(folder, ["new.lan"], [ip_address("10.1.2.3")])
        after = contents(folder)
        names = authority.status(folder / "server.pem").names
        for name in ("localhost", "chat.lan", "new.lan", "127.0.0.1", "::1", "10.1.2.3"):
            assert name in names
        assert (after["ca.pem"], after["ca.key"]) == (before["ca.pem"], before["ca.key"])
        assert after["server.key"] != before["server.key"]

    def test_adds_what_the_machine_is_called_now(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(authority, "local_names", lambda: (["moved.lan"], [ip_address("192.0.2.7")]))
        authority.renew(folder, [], [])
        assert authority.status(folder / "server.pem").names == [
            "localhost", "chat.lan", "moved.lan", "127.0.0.1", "::1", "192.0.2.7"
        ]  # fmt: skip

    def test_a_third_of_its_life_is_the_time(self, folder: Path) -> None:
        status = authority.status(folder / "server.pem")
        due = status.not_after - (status.not_after - status.not_before) / 3
        assert timedelta(days=59) < due - NOW < timedelta(days=61)
        before = contents(folder)
        assert not authority.renew_if_due(folder, due - timedelta(seconds=1))
        assert contents(folder) == before
        assert authority.renew_if_due(folder, due)
        renewed = authority.status(folder / "server.pem")
        assert renewed.not_after - due >= timedelta(days=90) - timedelta(seconds=1)
        assert set(status.names) <= set(renewed.names)
        assert not authority.renew_if_due(folder, due + DAY)

    def test_an_expired_one_is_renewed(self, folder: Path) -> None:
        authority.issue_server_certificate(folder, ["localhost"], [], days=1, not_before=NOW - 5 * DAY)
        assert authority.renew_if_due(folder)
        assert shake(server_context(folder), client_context(folder / "ca.pem")).heard == b"hello"

    def test_without_the_key_of_the_authority_nothing_happens(self, folder: Path) -> None:
        (folder / "ca.key").unlink()
        assert not authority.renew_if_due(folder, NOW + 1000 * DAY)
        assert refused(lambda: authority.renew(folder, [], [])).startswith(
            f"the authority's key {folder / 'ca.key'} is not here, so no certificate can be issued; put it back"
        )

    @pytest.fixture
    def foreign(self, folder: Path, tmp_path: Path) -> Path:
        """A folder whose server's certificate comes from an authority elsewhere."""
        other = tmp_path / "other"
        authority.make(other, ["operator.example"], [])
        for name in ("server.pem", "server.key"):
            shutil.copy(other / name, folder / name)
        return folder

    def test_the_operators_own_certificate_is_left_alone(self, foreign: Path) -> None:
        before = contents(foreign)
        assert not authority.is_own(foreign)
        assert not authority.renew_if_due(foreign, NOW + 1000 * DAY)
        assert refused(lambda: authority.renew(foreign, [], [])) == (
            f"{foreign / 'server.pem'} was not issued by the authority {foreign / 'ca.pem'}; renew it where it comes "
            "from, or replace it by one of this authority with --force"
        )
        assert contents(foreign) == before

    def test_unless_it_is_forced(self, foreign: Path) -> None:
        authority.renew(foreign, [], [], force=True)
        assert authority.is_own(foreign)
        assert shake(server_context(foreign), client_context(foreign / "ca.pem"), "operator.example").heard == b"hello"

    def test_an_authority_of_the_same_name_is_another_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("os.urandom", lambda count: b"\1" * count)
        for name in ("one", "two"):
            authority.make(tmp_path / name, ["localhost"], [])
        shutil.copy(tmp_path / "two" / "server.pem", tmp_path / "one" / "server.pem")
        assert not authority.is_own(tmp_path / "one")

    def test_a_key_that_is_not_the_authoritys_signs_nothing(self, folder: Path, tmp_path: Path) -> None:
        """Nobody would trust the result, and the good certificate would be gone."""
        authority.create_authority(tmp_path / "other")
        shutil.copy(tmp_path / "other" / "ca.key", folder / "ca.key")
        before = contents(folder)
        for renew in (
            lambda: authority.renew_if_due(folder, NOW + 80 * DAY),
            lambda: authority.renew(folder, [], []),
            lambda: authority.issue_server_certificate(folder, ["localhost"], []),
        ):
            assert refused(renew) == (
                f"{folder / 'ca.key'} is not the key of {folder / 'ca.pem'}; put the right one back"
            )
        assert contents(folder) == before

    def test_an_authority_that_has_expired(self, folder: Path) -> None:
        end = load(folder / "ca.pem").not_valid_after_utc
        text = refused(lambda: authority.issue_server_certificate(folder, ["localhost"], [], not_before=end + DAY))
        assert text == (
            f"the authority {folder / 'ca.pem'} has expired on {end:%Y-%m-%d}; make a new one with: "
            f"securechat-gencert --dir {folder} --force (clients must then be given the new ca.pem)"
        )

    def test_nothing_outlives_its_authority(self, folder: Path) -> None:
        """And what ends together with it is not renewed each minute for nothing."""
        end = load(folder / "ca.pem").not_valid_after_utc
        authority.issue_server_certificate(folder, ["localhost"], [], not_before=end - 10 * DAY)
        assert authority.status(folder / "server.pem").not_after == end
        before = contents(folder)
        assert not authority.renew_if_due(folder, end - DAY)
        assert contents(folder) == before

    def test_keys_of_the_authority(self, folder: Path) -> None:
        path = folder / "ca.key"
        path.chmod(0o640)
        assert "can be read by others; mend it with: chmod 600" in refused(lambda: authority.renew(folder, [], []))
        path.chmod(0o600)
        path.write_text("garbage")
        text = refused(lambda: authority.renew(folder, [], []))
        assert text == f"{path} is not a private key in PEM form without a password"
        path.write_bytes(
            rsa.generate_private_key(65537, 2048).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        text = refused(lambda: authority.renew(folder, [], []))
        assert text == f"{path} is not a key of an elliptic curve, as this authority's keys are"

    def test_an_empty_folder_has_nothing_to_renew(self, tmp_path: Path) -> None:
        for folder in (tmp_path, tmp_path / "typo"):
            text = refused(lambda folder=folder: authority.renew(folder, [], []))  # type: ignore[misc]
            assert text == f"there is no {folder / 'ca.pem'}; make it with: securechat-gencert --dir {folder}"
        assert not (tmp_path / "typo").exists()
