"""Certificates of clients: `securechat-admin certificate`. securechat-gencert makes them, where the CA's key is."""

import logging
from dataclasses import dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.audit import Act
from securechat.domain.permissions import Action
from securechat.server.administration import Administration, check_reason
from securechat.server.administration_ports import CertificateFacts
from securechat.server.management.rows import REASON, Argument, Family, Operation
from securechat.server.management.tables import table, time

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CertificateSummary:
    """A certificate as it is listed."""

    account: str
    serial: str
    made: str | None  # None: nothing but the serial number is known
    ends: str | None
    revoked: str | None
    problem: str | None = None  # why its file cannot be read: it may be anybody's


def certificate_list(administration: Administration) -> list[CertificateSummary]:
    """Every certificate that was issued to a client, by account."""
    return [_summary(one) for one in administration.certificates.issued()]


def certificate_revoke(administration: Administration, what: str, *, reason: str = "") -> list[CertificateSummary]:
    """Revoke the certificates of an account, or the one of a serial number; the sessions that they opened end.

    What cannot be read is told as well: it may be of the same account.
    """
    check_reason(reason)
    chosen = administration.certificates.chosen(what)
    account = chosen[0].account
    detail = " ".join(one.serial for one in chosen)
    deed = administration.deed(Act.CERTIFICATE_REVOKE, account, detail=detail, reason=reason)
    administration.store.write(lambda unit: unit.audit.append(deed))
    revoked = administration.certificates.revoke(what)
    administration.effects.certificates_revoked({one.serial for one in revoked})
    logger.info("Certificates revoked", extra={"account": account, "by": administration.made_by})
    unknown = [one for one in administration.certificates.issued() if one.problem]
    return [_summary(one) for one in (*revoked, *unknown)]


def _summary(facts: CertificateFacts) -> CertificateSummary:
    made, ends, revoked = (
        None if moment is None else format_time(moment) for moment in (facts.made, facts.ends, facts.revoked)
    )
    return CertificateSummary(facts.account, facts.serial, made, ends, revoked, facts.problem or None)


def _warnings(certificates: list[dict[str, Any]]) -> list[str]:
    """Say what cannot be read, and how it is revoked all the same."""
    lines = []
    for one in certificates:
        if one["problem"]:
            how = f"; to revoke it: certificate revoke {one['serial']}" if one["serial"] else ""
            lines.append(f"Warning: {one['problem']}{how}")
    return lines


def _list_text(certificates: list[dict[str, Any]]) -> str:
    rows = [
        (
            one["account"] or "-",
            one["serial"],
            time(one["made"]) if one["made"] else "-",
            time(one["ends"]) if one["ends"] else "-",
            f"revoked {time(one['revoked'])}" if one["revoked"] else "good",
        )
        for one in certificates
        if not one["problem"]
    ]
    head = ("ACCOUNT", "SERIAL", "MADE (UTC)", "ENDS (UTC)", "STATE")
    warnings = _warnings(certificates)
    if not rows and not warnings:
        return "No certificate was made for anybody."
    return "\n".join([*([table(head, rows)] if rows else []), *warnings])


def _revoked_text(certificates: list[dict[str, Any]]) -> str:
    whose = f" of {certificates[0]['account']}" if certificates[0]["account"] else ""
    lines = [f"Revoked the certificate {one['serial']}{whose}." for one in certificates if not one["problem"]]
    return "\n".join(lines + _warnings(certificates))


FAMILY = Family(
    "certificate",
    "client certificates",
    (
        Operation(
            "certificate list",
            certificate_list,
            _list_text,
            "Show the certificates by which accounts can log in.",
            over_irc=Action.MANAGE,
        ),
        Operation(
            "certificate revoke",
            certificate_revoke,
            _revoked_text,
            "Let certificates count no more; the sessions that they opened end.",
            (
                Argument(
                    "what", "an account, or the serial number of one certificate", needed=True, metavar="NAME|SERIAL"
                ),
                REASON,
            ),
            over_irc=Action.MANAGE,
        ),
    ),
)
