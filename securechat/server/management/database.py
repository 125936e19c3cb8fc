"""The database as a whole: `securechat-admin database`."""

import secrets
import string
from dataclasses import dataclass
from typing import Final

from securechat.domain.audit import Act
from securechat.domain.ports import UnitOfWork
from securechat.server.administration import Administration, check_reason
from securechat.server.management.rows import REASON, Family, Operation, Where

_LETTERS: Final = string.ascii_lowercase + string.digits
_LENGTH: Final = 5


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """The name that a database got."""

    epoch: str
    before: str


def database_new_epoch(administration: Administration, *, reason: str = "") -> NewEpoch:
    """Give the database a new name for its message ids: numbers that it gives out again are other messages' then."""
    check_reason(reason)

    def store(unit: UnitOfWork) -> NewEpoch:
        before = epoch = unit.naming.epoch()
        while epoch == before:
            epoch = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        unit.naming.set_epoch(epoch)
        unit.audit.append(administration.deed(Act.DATABASE_NEW_EPOCH, "", detail=epoch, reason=reason))
        return NewEpoch(epoch, before)

    return administration.store.write(store)


def _question(administration: Administration, *, reason: str = "") -> str:
    check_reason(reason)
    epoch = administration.store.read(lambda unit: unit.naming.epoch())
    return (
        f"Every id of a message that somebody has kept (they begin with {epoch}-) will be unknown for good: in "
        "clients, in replies and reactions, in logs. That is right after a backup was restored, and at no other time."
    )


FAMILY = Family(
    "database",
    "the database as a whole",
    (
        Operation(
            "database new-epoch",
            database_new_epoch,
            lambda made: f"Message ids begin with {made['epoch']}- from now on, no longer with {made['before']}-.",
            "Give message ids another beginning, after a backup was restored.",
            (REASON,),
            question=_question,
            where=Where.STOPPED,
        ),
    ),
)
