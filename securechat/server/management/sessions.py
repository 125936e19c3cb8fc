"""Who is logged in: `securechat-admin session`. Addresses are not shown: they are for their owners alone."""

import logging
from dataclasses import dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.audit import Act
from securechat.domain.permissions import Action
from securechat.names import fold
from securechat.server.administration import Administration, AdministrationError, check_reason, nothing_to_do
from securechat.server.administration_ports import SessionFacts
from securechat.server.management.accounts import account_named
from securechat.server.management.rows import REASON, Argument, Family, Operation, Where
from securechat.server.management.tables import table, time

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session as it is listed."""

    account: str
    number: int
    since: str
    active: str
    means: str
    program: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sessions of an account were ended."""

    account: str
    count: int


def session_list(administration: Administration, *, account: str = "") -> list[SessionSummary]:
    """Every session that is logged in, or those of one account."""
    if account:
        account = administration.store.read(lambda unit: account_named(unit, account)).name
    facts = administration.effects.logged_in()
    return [_summary(one) for one in facts if not account or fold(one.account) == fold(account)]


def session_revoke(
    administration: Administration, account: str, *, number: int | None = None, every: bool = False, reason: str = ""
) -> Ended:
    """End a session of an account, or every one."""
    check_reason(reason)
    if every is (number is not None):
        text = "Say which session, by its number (see: securechat-admin session list), or --all; not both."
        raise AdministrationError("which_session", text)
    known = administration.store.read(lambda unit: account_named(unit, account))
    there = [one for one in administration.effects.logged_in() if one.account_id == known.id]
    if every and not there:
        administration.effects.end_sessions(known.id, None)  # logins that are under way
        raise nothing_to_do(f"{known.name} has no sessions.")
    if number is not None and all(one.number != number for one in there):
        text = f"{known.name} has no session {number}. See: securechat-admin session list --account {known.name}"
        raise AdministrationError("no_such_session", text)
    detail = "all" if number is None else str(number)
    deed = administration.deed(Act.SESSION_REVOKE, known.name, detail=detail, reason=reason)
    administration.store.write(lambda unit: unit.audit.append(deed))
    count = administration.effects.end_sessions(known.id, number)
    logger.info("Sessions revoked", extra={"account": known.name, "count": count, "by": administration.made_by})
    return Ended(known.name, count)


def _summary(facts: SessionFacts) -> SessionSummary:
    means = facts.credential.means.value + (" and code" if facts.credential.with_code else "")
    since, active = format_time(facts.since), format_time(facts.active)
    return SessionSummary(facts.account, facts.number, since, active, means, facts.program)


def _sessions_text(sessions: list[dict[str, Any]]) -> str:
    rows = [
        (one["account"], str(one["number"]), time(one["since"]), time(one["active"]), one["means"], one["program"])
        for one in sessions
    ]
    head = ("ACCOUNT", "NUMBER", "SINCE (UTC)", "ACTIVE (UTC)", "BY", "PROGRAM")
    return table(head, rows) if rows else "Nobody is logged in."


def _ended_text(ended: dict[str, Any]) -> str:
    count = ended["count"]
    return f"Ended {count} session{'' if count == 1 else 's'} of {ended['account']}."


FAMILY = Family(
    "session",
    "who is logged in",
    (
        Operation(
            "session list",
            session_list,
            _sessions_text,
            "Show who is logged in, since when and by what.",
            (Argument("account", "only the sessions of this account", metavar="NAME"),),
            over_irc=Action.MANAGE,
            where=Where.RUNNING,
        ),
        Operation(
            "session revoke",
            session_revoke,
            _ended_text,
            "End a session of an account, or all of them; what they logged in by stays good.",
            (
                Argument("account", "name of the account", needed=True, metavar="ACCOUNT"),
                Argument("number", "of one session (see: session list)", type=int, by_position=True, metavar="NUMBER"),
                Argument("every", "end every session of the account", type=bool, option="--all"),
                REASON,
            ),
            over_irc=Action.MANAGE,
            where=Where.RUNNING,
        ),
    ),
)
