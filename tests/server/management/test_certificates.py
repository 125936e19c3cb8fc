"""`securechat-admin certificate`, beside no server: the list and the record; test_ends_of_rights has the rest."""

from pathlib import Path

from securechat.server.administration import Administration
from securechat.server.administration_ports import NoEffects, ServerAddress
from securechat.server.configuration import Configuration
from securechat.server.operations import OPERATIONS, perform
from securechat.tls import authority
from securechat.tls.client_certificates import issue_client_certificate
from securechat.tls.revocation import FolderCertificates, issued
from tests.fakes import InMemoryStore


def text(administration: Administration, operation: str, **parameters: object) -> str:
    answer = perform(administration, {"operation": operation, **parameters})
    return OPERATIONS[operation].text(answer["result"]) if answer["ok"] else str(answer["error"])


def test_they_are_listed_and_revoked_with_a_record(tmp_path: Path) -> None:
    certs = tmp_path / "certs"
    authority.make(certs, ["localhost"], [])
    store = InMemoryStore()
    console = Administration(
        Configuration(), store, NoEffects(), lambda: ServerAddress("h", 1, ""), certificates=FolderCertificates(certs)
    ).on_behalf_of("root")
    assert text(console, "certificate list") == "No certificate was made for anybody."
    issue_client_certificate(certs, "anna")
    ((_, serial),) = [(one.account, one.serial) for one in issued(certs)]
    assert text(console, "certificate revoke", what="bob").startswith("no certificate was issued for bob; see: ")
    assert text(console, "certificate revoke", what="AB:CD") == "Revoked the certificate ABCD."
    assert text(console, "certificate revoke", what="anna") == f"Revoked the certificate {serial} of anna."
    rows = [line.split() for line in text(console, "certificate list").splitlines()]
    assert rows[1][:6] == ["-", "ABCD", "-", "-", "revoked", rows[1][5]]
    assert rows[2][:2] == ["anna", serial]
    assert "revoked" in rows[2]
    records = store.read(lambda unit: unit.audit.page(0, 9))
    assert [(one.act, one.target, one.detail) for one in records] == [
        ("certificate revoke", "", "ABCD"),
        ("certificate revoke", "anna", serial),
    ]


def test_a_broken_file_is_named_and_the_others_are_listed_and_revoked(tmp_path: Path) -> None:
    certs = tmp_path / "certs"
    authority.make(certs, ["localhost"], [])
    console = Administration(
        Configuration(),
        InMemoryStore(),
        NoEffects(),
        lambda: ServerAddress("h", 1, ""),
        certificates=FolderCertificates(certs),
    )
    broken = certs / "clients" / "issued" / "ABCDEF.pem"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"")
    warning = text(console, "certificate list")
    assert warning.startswith(f"Warning: {broken} is not a certificate in PEM form")
    assert warning.endswith("; to revoke it: certificate revoke ABCDEF")
    issue_client_certificate(certs, "anna")
    head, anna, *rest = text(console, "certificate list").splitlines()
    assert (head.split()[0], anna.split()[0], rest) == ("ACCOUNT", "anna", [warning])
    first, *rest = text(console, "certificate revoke", what="anna").splitlines()
    assert first.endswith(" of anna.")
    assert rest == [warning]
    assert text(console, "certificate revoke", what="ABCDEF").startswith("Revoked the certificate ABCDEF.")


def test_what_nobody_can_sign_here_is_not_on_the_record(tmp_path: Path) -> None:
    """The authority's key is kept elsewhere."""
    certs = tmp_path / "certs"
    authority.make(certs, ["localhost"], [])
    issue_client_certificate(certs, "anna")
    (certs / "ca.key").rename(tmp_path / "ca.key")
    store = InMemoryStore()
    console = Administration(
        Configuration(), store, NoEffects(), lambda: ServerAddress("h", 1, ""), certificates=FolderCertificates(certs)
    )
    assert "so no list can be signed; revoke it where the key is" in text(console, "certificate revoke", what="anna")
    assert store.read(lambda unit: unit.audit.page(0, 9)) == []


def test_where_there_is_no_authority_there_are_none() -> None:
    console = Administration(Configuration(), InMemoryStore(), NoEffects(), lambda: ServerAddress("h", 1, ""))
    assert text(console, "certificate list") == "No certificate was made for anybody."
    assert text(console, "certificate revoke", what="anna") == "no certificate was issued for anna"
