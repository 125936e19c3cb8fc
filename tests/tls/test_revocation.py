"""Revoked certificates of clients: the list, who reads it, and how long it is good."""

import errno
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from securechat.tls import authority, files
from securechat.tls.client_certificates import issue_client_certificate
from securechat.tls.revocation import RevocationList, chosen, issued, renew_if_due, revoke, revoked_serials
from tests.tls.folders import DAY, NOW, load, refused


def serial_of(certificate: Path) -> str:
    """As openssl tells it."""
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-serial", "-in", certificate], capture_output=True, text=True, check=True
    )
    return shown.stdout.strip().removeprefix("serial=")


def unreadable(_: Path) -> bytes:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def crl(folder: Path) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl((folder / "crl.pem").read_bytes())


def test_what_was_issued_is_known_even_when_it_was_replaced(folder: Path) -> None:
    assert issued(folder) == []
    first = serial_of(issue_client_certificate(folder, "anna", days=30)[0])
    second = serial_of(issue_client_certificate(folder, "anna", force=True)[0])
    bob = serial_of(issue_client_certificate(folder, "Bob")[0])
    assert [(one.account, one.serial) for one in issued(folder)][-1] == ("Bob", bob)
    assert {one.serial for one in issued(folder) if one.account == "anna"} == {first, second}
    assert (folder / "clients" / "issued").stat().st_mode & 0o777 == 0o700


def test_one_from_before_they_were_kept_is_known_by_its_file(folder: Path) -> None:
    certificate, _ = issue_client_certificate(folder, "anna")
    (folder / "clients" / "issued" / f"{serial_of(certificate)}.pem").unlink()
    assert [one.account for one in issued(folder)] == ["anna"]


def test_all_good_ones_of_an_account_are_revoked_and_openssl_agrees(folder: Path) -> None:
    certificate, _ = issue_client_certificate(folder, "anna")
    lost = serial_of(certificate)
    bob, _ = issue_client_certificate(folder, "bob")
    issue_client_certificate(folder, "anna", days=1, force=True, start=NOW - 3 * DAY)  # expired: of no interest
    assert revoked_serials(folder) == frozenset()
    (gone,) = revoke(folder, "ANNA")
    assert (gone.account, gone.serial) == ("anna", lost)
    assert gone.revoked is not None
    assert revoked_serials(folder) == {lost}
    assert refused(lambda: revoke(folder, "anna")) == "every certificate of anna is revoked already, or has expired"

    trusted = ("-CAfile", folder / "ca.pem", "-CRLfile", folder / "crl.pem")

    def verify(name: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["openssl", "verify", "-x509_strict", "-crl_check", *trusted, name],
            capture_output=True,
            text=True,
            check=False,
        )

    kept = folder / "clients" / "issued" / f"{lost}.pem"
    assert "certificate revoked" in verify(kept).stderr
    assert verify(bob).stdout.strip().endswith(": OK")


def test_by_serial_number_with_colons_or_unknown(folder: Path) -> None:
    certificate, _ = issue_client_certificate(folder, "anna")
    text = serial_of(certificate)
    colons = ":".join(text[place : place + 2] for place in range(0, len(text), 2)).lower()
    assert [one.account for one in revoke(folder, colons)] == ["anna"]
    assert refused(lambda: revoke(folder, text)) == f"the certificate {text} is revoked already"
    assert revoke(folder, "0abcdef0123456789")[0].account == ""
    assert [one.serial for one in issued(folder)] == ["ABCDEF0123456789", text]
    assert crl(folder).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2


@pytest.mark.parametrize("what", ["nobody", "", "0", "12g4", "a" * 41, "../x", "ada", "Deb"])
def test_what_cannot_be_revoked(folder: Path, what: str) -> None:
    assert f"no certificate was issued for {what}; see: securechat-gencert list --dir" in refused(
        lambda: chosen(folder, what)
    )
    assert not (folder / "crl.pem").exists()


def test_a_known_number_may_be_as_short_as_a_name(folder: Path) -> None:
    assert "write it with colons" in refused(lambda: revoke(folder, "cafe"))
    assert [one.serial for one in revoke(folder, "ca:fe")] == ["CAFE"]
    assert refused(lambda: revoke(folder, "cafe")) == "the certificate CAFE is revoked already"


def test_a_folder_that_cannot_be_looked_into_is_not_an_empty_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when root has made the certificates beside a server of another user: there is something to revoke."""
    issue_client_certificate(folder, "anna")
    monkeypatch.setattr(os, "listdir", unreadable)
    monkeypatch.setattr(os, "scandir", unreadable)
    assert refused(lambda: revoke(folder, "anna")) == (
        f"cannot look into the folder {folder / 'clients'}: Permission denied"
    )


def test_a_broken_file_keeps_nobody_from_revoking_the_others(folder: Path) -> None:
    """It is named, and revoked by the number that its name tells; one that is nobody's number is named alone."""
    anna = serial_of(issue_client_certificate(folder, "anna")[0])
    bob = serial_of(issue_client_certificate(folder, "bob")[0])
    carl = serial_of(issue_client_certificate(folder, "carl")[0])
    clients = folder / "clients"
    (clients / "anna.pem").write_bytes(b"")  # the kept one is whole
    (clients / "issued" / f"{carl}.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (clients / "carl.pem").unlink()
    (clients / "old.pem").write_bytes(b"\xff")
    listed = issued(folder)
    assert [(one.account, one.serial) for one in listed if not one.problem] == [("anna", anna), ("bob", bob)]
    assert [(one.serial, one.problem.partition(" is not a certificate in PEM form")[0]) for one in listed[2:]] == [
        ("", str(clients / "anna.pem")),
        ("", str(clients / "old.pem")),
        (carl, str(clients / "issued" / f"{carl}.pem")),
    ]
    assert "(there are files that cannot be read)" in refused(lambda: revoke(folder, "carl"))
    assert [one.serial for one in revoke(folder, "bob")] == [bob]
    assert [(one.serial, one.problem) for one in revoke(folder, carl)] == [(carl, "")]
    assert revoked_serials(folder) == {bob, carl}
    assert refused(lambda: revoke(folder, carl)) == f"the certificate {carl} is revoked already"


def test_without_the_key_of_the_authority(folder: Path) -> None:
    issue_client_certificate(folder, "anna")
    (folder / "ca.key").rename(folder / "elsewhere")
    assert "so no list can be signed; revoke it where the key is, and copy crl.pem" in refused(
        lambda: revoke(folder, "anna")
    )


def test_the_list_is_renewed_in_time_and_counts_even_if_it_was_not(folder: Path) -> None:
    serial = serial_of(issue_client_certificate(folder, "anna")[0])
    assert not renew_if_due(folder)
    now = datetime.now(UTC)
    revoke(folder, "anna", now)
    ends = crl(folder).next_update_utc
    assert ends is not None
    assert timedelta(days=89) < ends - now <= timedelta(days=90)
    assert not renew_if_due(folder, now + timedelta(days=59))
    assert renew_if_due(folder, now + timedelta(days=61))
    assert not renew_if_due(folder, now + timedelta(days=61))
    renewed = crl(folder)
    assert renewed.next_update_utc is not None
    assert renewed.next_update_utc - now > timedelta(days=150)
    (entry,) = renewed
    assert abs(entry.revocation_date_utc - now) < timedelta(seconds=2)
    (folder / "ca.key").unlink()
    assert not renew_if_due(folder, now + timedelta(days=500))
    assert revoked_serials(folder) == {serial}


def test_a_list_that_lasts_as_long_as_its_authority_is_left_alone(folder: Path) -> None:
    issue_client_certificate(folder, "anna")
    late = load(folder / "ca.pem").not_valid_after_utc - timedelta(days=2)
    revoke(folder, "anna")
    assert renew_if_due(folder, late)
    assert crl(folder).next_update_utc == load(folder / "ca.pem").not_valid_after_utc
    assert not renew_if_due(folder, late + timedelta(days=1, hours=20))


def test_a_list_of_somebody_else_is_none(folder: Path, tmp_path: Path) -> None:
    issue_client_certificate(folder, "anna")
    revoke(folder, "anna")
    other = tmp_path / "other"
    authority.make(other, ["localhost"], [])
    (other / "crl.pem").write_bytes((folder / "crl.pem").read_bytes())
    assert "was not signed by the authority" in refused(lambda: revoked_serials(other))
    (other / "crl.pem").write_text("nonsense")
    assert "is not a list of revoked certificates in PEM form" in refused(lambda: RevocationList(other))


def test_a_new_authority_begins_with_nothing(folder: Path) -> None:
    issue_client_certificate(folder, "anna")
    revoke(folder, "anna")
    authority.make(folder, ["localhost"], [], force=True)
    assert not (folder / "crl.pem").exists()
    assert issued(folder) == []  # what the other authority has issued is good for nothing


def test_a_list_is_read_again_when_it_is_another_file(folder: Path) -> None:
    watched = RevocationList(folder)
    assert not watched.has_changed()
    serial = serial_of(issue_client_certificate(folder, "anna")[0])
    revoke(folder, "anna")
    assert watched.has_changed()
    assert watched.serials == {serial}
    assert not watched.has_changed()
    files.write_public(folder, "crl.pem", b"nonsense")
    refused(watched.has_changed)
    assert not watched.has_changed()  # said once
    assert watched.serials == {serial}


def test_a_list_that_cannot_be_read_is_read_as_soon_as_it_can(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has copied it there and then makes it readable: neither its time nor its place changes."""
    watched = RevocationList(folder)
    serial = serial_of(issue_client_certificate(folder, "anna")[0])
    revoke(folder, "anna")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", unreadable)
        assert refused(watched.has_changed).endswith("crl.pem: Permission denied")
        assert not watched.has_changed()
    assert watched.has_changed()
    assert watched.serials == {serial}
    assert not watched.has_changed()
