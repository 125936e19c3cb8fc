"""Whether new accounts are made: `securechat-admin registration`."""

import logging
from dataclasses import dataclass
from typing import Any

from securechat.domain.audit import Act
from securechat.domain.permissions import Action
from securechat.domain.ports import UnitOfWork
from securechat.server.administration import Administration, check_reason, nothing_to_do
from securechat.server.management.rows import REASON, Family, Operation

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RegistrationStatus:
    """Who may make an account now."""

    closed: bool  # for now, by an administrator
    configured: str  # "invite", "open" or "closed"


def registration_close(administration: Administration, *, reason: str = "") -> RegistrationStatus:
    """Let nobody make an account, not with an invite either, until it is opened again."""
    return _set(administration, reason, closed=True)


def registration_open(administration: Administration, *, reason: str = "") -> RegistrationStatus:
    """Let accounts be made as the configuration says."""
    return _set(administration, reason, closed=False)


def registration_status(administration: Administration) -> RegistrationStatus:
    """Who may make an account."""
    closed = administration.store.read(lambda unit: unit.server_rules.registration_closed())
    return RegistrationStatus(closed, administration.configuration.access.registration)


def _set(administration: Administration, reason: str, *, closed: bool) -> RegistrationStatus:
    check_reason(reason)

    def store(unit: UnitOfWork) -> None:
        if unit.server_rules.registration_closed() is closed:
            text = "Registration is closed already." if closed else "Registration is not closed."
            raise nothing_to_do(text)
        unit.server_rules.set_registration_closed(closed)
        act = Act.REGISTRATION_CLOSE if closed else Act.REGISTRATION_OPEN
        unit.audit.append(administration.deed(act, "", reason=reason))

    administration.store.write(store)
    administration.effects.registration_changed(closed=closed)
    logger.info("Registration closed" if closed else "Registration opened", extra={"by": administration.made_by})
    return RegistrationStatus(closed, administration.configuration.access.registration)


_MEANINGS = {
    "invite": "Whoever has an invite can make an account.",
    "open": "Everybody can make an account.",
    "closed": "The configuration lets nobody make an account (access.registration).",
}


def _text(status: dict[str, Any]) -> str:
    if status["closed"]:
        return "Registration is closed for now: nobody can make an account, not with an invite either."
    return _MEANINGS[status["configured"]]


FAMILY = Family(
    "registration",
    "whether new accounts are made",
    (
        Operation(
            "registration close",
            registration_close,
            _text,
            "Let nobody make an account for now, not with an invite either.",
            (REASON,),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "registration open",
            registration_open,
            _text,
            "Let accounts be made again as the configuration says.",
            (REASON,),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "registration status", registration_status, _text, "Show who can make an account.", over_irc=Action.MANAGE
        ),
    ),
)
