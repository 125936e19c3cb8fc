"""All about one account, and who let it in: `securechat-admin user show`."""

from dataclasses import dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.account import Account
from securechat.domain.audit import Act
from securechat.domain.permissions import Action
from securechat.domain.ports import UnitOfWork
from securechat.names import room_to_people
from securechat.server.administration import Administration
from securechat.server.management.accounts import account_named
from securechat.server.management.rows import Argument, Operation
from securechat.server.management.tables import or_dash, table, time


@dataclass(frozen=True, slots=True)
class Making:
    """How an account was made, as the record of acts has it."""

    by: str  # who made the account at the console or, by an invite, who made that
    invite: int | None  # None: at the console
    note: str  # of the invite


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """All about an account but what it says and where it comes from."""

    name: str
    administrator: bool
    bot: bool
    suspended: bool
    created: str
    making: Making | None  # None: openly, or before it was recorded
    invites_used: tuple[int, ...]  # for coming into rooms as well
    second_factor: bool
    app_passwords: int
    sessions: int | None  # None: no server runs
    rooms: tuple[str, ...]


def user_show(administration: Administration, name: str) -> AccountDetails:
    """Return what is known of an account. Raises NoSuchAccount."""
    sessions = administration.effects.sessions()

    def work(unit: UnitOfWork) -> AccountDetails:
        account = account_named(unit, name)
        names = {room.id: room.name for room in unit.rooms.all()}
        rooms = [names[room] for member, room, _ in unit.rooms.memberships() if member == account.id and room in names]
        return AccountDetails(
            account.name,
            account.administrator,
            account.bot,
            account.suspended,
            format_time(account.created),
            _making(unit, account),
            tuple(unit.invites.used(account.id)),
            unit.second_factors.of(account.id) is not None,
            len(unit.second_factors.app_passwords(account.id)),
            None if sessions is None else sessions.get(account.id, 0),
            tuple(sorted(map(room_to_people, rooms))),
        )

    return administration.store.read(work)


def _making(unit: UnitOfWork, account: Account) -> Making | None:
    """Find it on the record, which is there as long as the account is."""
    row = unit.audit.first((Act.USER_ADD, Act.USER_REGISTER), account.name)
    if row is None:
        return None
    if row.act == Act.USER_ADD.word:
        return Making(row.actor, None, "")
    words = row.detail.split()  # invite 7 of anna, administrator
    number = int(words[1]) if words[1:] and words[1].isdecimal() else 0
    invite = next((one for one in unit.invites.all() if one.id == number), None)
    return Making(invite.created_by, number, invite.note) if invite is not None else None


def _made_text(account: dict[str, Any]) -> str:
    making = account["making"]
    if making is None:
        used = ", ".join(map(str, account["invites_used"]))
        return "not on the record: registered openly" + (f", or by one of the invites {used}" if used else "")
    if making["invite"] is None:
        return f"at the console, by {making['by']}"
    note = f" ({making['note']})" if making["note"] else ""
    return f"by invite {making['invite']} of {making['by']}{note}"


def _text(account: dict[str, Any]) -> str:
    rows = (
        ("Account", account["name"]),
        ("Role", "administrator" if account["administrator"] else "bot" if account["bot"] else "member"),
        ("State", "suspended" if account["suspended"] else "active"),
        ("Created", f"{time(account['created'])} UTC"),
        ("Made", _made_text(account)),
        ("Second factor", "yes" if account["second_factor"] else "no"),
        ("App passwords", str(account["app_passwords"])),
        ("Sessions", or_dash(account["sessions"])),
        ("Rooms", ", ".join(account["rooms"]) or "-"),
    )
    return table(rows[0], rows[1:])


OPERATION = Operation(
    "user show",
    user_show,
    _text,
    "Show all about an account, and who let it in.",
    (Argument("name", "name of the account", needed=True, metavar="NAME"),),
    over_irc=Action.MANAGE,
)
