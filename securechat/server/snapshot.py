"""What the hub is filled with when the server starts: everything of the database that is kept in memory."""

from dataclasses import dataclass

from securechat.clock import wall_clock
from securechat.domain.account import Account, Invite
from securechat.domain.ports import UnitOfWork
from securechat.domain.reports import Report
from securechat.domain.roles import RoomRole
from securechat.domain.room import DirectConversation, Room
from securechat.domain.server_bans import ServerBan
from securechat.server.invites import MOST_DEAD


@dataclass(slots=True)
class Snapshot:
    """What the hub is filled with at start."""

    accounts: list[Account]
    rooms: list[Room]
    memberships: list[tuple[int, int, RoomRole]]
    joined: list[tuple[int, int, int]]  # account id, room id, sequence of the event by which it became a member
    direct: list[DirectConversation]
    departing: list[int]  # ids of rooms that are gone, but for what was said in them
    last_sequence: int
    last_time: int  # milliseconds
    read_markers: list[tuple[int, int, int]]  # account id, conversation id, milliseconds
    account_values: list[tuple[int, str, str]]  # account id, key, value
    room_values: list[tuple[int, str, str]]  # room id, key, value
    reports: list[Report]  # the open ones, oldest first
    last_report: int  # the newest number
    blocks: list[tuple[int, int]]  # account id, id of the account that it blocks
    server_bans: list[ServerBan]
    registration_closed: bool  # by an administrator
    second_factors: frozenset[int]  # ids of the accounts that have one
    app_passwords: list[int]
    invites: list[tuple[bytes, Invite, frozenset[int]]]  # digest of the token, invite, accounts that have used it
    names_given_up: list[tuple[str, str]]  # by rooms, with the name that came then; empty: the room was deleted


def take_snapshot(unit: UnitOfWork) -> Snapshot:
    """Read everything that the hub keeps in memory."""
    last = unit.history.last()
    rooms = unit.rooms
    direct = rooms.direct_conversations()
    departing = rooms.departing()
    values = unit.metadata.of_accounts(), unit.metadata.of_rooms()
    factors = frozenset(unit.second_factors.accounts()), unit.second_factors.app_password_ids()
    return Snapshot(
        unit.accounts.all(),
        rooms.all(),
        rooms.memberships(),
        rooms.joined(),
        direct,
        departing,
        *last,
        rooms.read_markers(),
        *values,
        unit.reports.open(),
        unit.reports.last_number(),
        unit.blocks.all(),
        unit.server_rules.bans(),
        unit.server_rules.registration_closed(),
        *factors,
        unit.invites.known(wall_clock(), MOST_DEAD),
        unit.audit.names_given_up(),
    )
