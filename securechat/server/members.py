"""The members of a room, present or not: an account stays in a room while none of its sessions is here."""

from collections.abc import Callable
from functools import partial

from securechat.domain.account import Account
from securechat.domain.events import Event, Kind, Source
from securechat.domain.permissions import Subject, subject_of_account
from securechat.domain.roles import OUTSIDER, RoomRole
from securechat.names import fold
from securechat.server.entries import Publication
from securechat.server.hub import NOT_STORED, Hub
from securechat.server.users import Joined, LiveRoom, User, audience_of

Member = User | Account
"""Somebody who is present, or an account that is not."""


def find_member(hub: Hub, live: LiveRoom, name: str) -> Member | None:
    """Return who is in the room under that nick, or by the account of that name."""
    account = hub.accounts.get(fold(name))
    user = hub.users.get(fold(name)) or (hub.users_of_account.get(account.id) if account is not None else None)
    if user is not None and user in live.members:
        return user
    return account if account is not None and live.room.id in hub.memberships[account.id] else None


def is_member(hub: Hub, live: LiveRoom, member: Member) -> bool:
    """Whether they are in the room still."""
    return member in live.members if isinstance(member, User) else live.room.id in hub.memberships[member.id]


def is_known(hub: Hub, name: str) -> bool:
    """Whether somebody goes by that nick, or an account has that name."""
    return fold(name) in hub.users or fold(name) in hub.accounts


def name_of(member: Member) -> str:
    """The nick, or the name of an account that is not here."""
    return member.nick if isinstance(member, User) else member.name


def account_of(member: Member) -> Account | None:
    """The account; None for a guest."""
    return member.account if isinstance(member, User) else member


def roles_of(hub: Hub, live: LiveRoom, member: Member) -> RoomRole:
    """What a member is in the room."""
    if isinstance(member, User):
        return live.members.get(member, OUTSIDER)
    return hub.memberships[member.id].get(live.room.id, OUTSIDER)


def source_of(member: Member) -> Source:
    """Who a member is to masks; an account that is not here as it would be if it came under its own name."""
    return member.source if isinstance(member, User) else User(member.name, member.name, "", member).source


def set_roles(hub: Hub, live: LiveRoom, member: Member, roles: RoomRole) -> None:
    """Let a member be `roles` in the room; nothing for somebody who is not in it any more.

    Who is present may have gone since the member was looked up, and who was not may have come, or have come again.
    """
    account = account_of(member)
    user = hub.users_of_account.get(account.id) if account is not None else member
    if isinstance(user, User) and user in live.members:
        hub.set_roles(user, live, roles)
    elif account is not None and live.room.id in hub.memberships[account.id]:
        hub.set_membership(account.id, live, roles)


def subject_of(hub: Hub, live: LiveRoom, member: Member) -> Subject:
    """Who a member is to the permission table; an account that is not here has what it would have if it were."""
    if isinstance(member, User):
        return member.subject(live)
    return subject_of_account(member, roles_of(hub, live, member), live.room.rules)


def remove(hub: Hub, live: LiveRoom, member: Member) -> Callable[[], None]:
    """Take a member out of the room; return what undoes it."""
    roles = roles_of(hub, live, member)
    if isinstance(member, User):
        undo = partial(return_to, hub, member, member.source, live, roles, live.joined.get(member.key))
        hub.leave(member, live)
        return undo
    joined = live.joined.get(member.id)
    hub.set_membership(member.id, live, None)
    return partial(_return_account, hub, live, member, roles, joined)


def return_to(hub: Hub, user: User, source: Source, live: LiveRoom, roles: RoomRole, joined: Joined | None) -> None:
    """Undo that `user`, as `source` was then, left a room: who is here, still or again, is in it.

    The room was not told what they did outside of it, a new nick or the end, so it is told now.
    """
    missed = None
    if not user.sessions:
        missed = Event(Kind.QUIT, hub.now(), source, text="Quit")
    elif user.nick != source.nick:
        missed = Event(Kind.NICK, hub.now(), source, text=user.nick)
    if missed is not None and fold(source.nick) not in hub.users:
        hub.journal.submit(Publication(missed, live.audience(), None))
    if user.source.account_id != source.account_id:
        _tell_gone(hub, user, live)
    elif user.sessions:
        hub.enter(user, live, roles, joined)
    elif user.account is not None:
        _return_account(hub, live, user.account, roles, joined)


def _tell_gone(hub: Hub, user: User, live: LiveRoom) -> None:
    """A guest has logged in since they left: the account is where the disk has it, in the room or not."""
    if user.sessions and user not in live.members:
        gone = Event(Kind.EVICT, hub.now(), user.source, live.room.id, live.room.name, NOT_STORED)
        hub.journal.submit(Publication(gone, live.audience() + audience_of(user.sessions), None))


def _return_account(hub: Hub, live: LiveRoom, account: Account, roles: RoomRole, joined: Joined | None) -> None:
    """Undo that an account was taken out that is not here, or not as that user any more.

    If it has come meanwhile, it is seen to come in.
    """
    hub.set_membership(account.id, live, roles, joined)
    user = hub.users_of_account.get(account.id)
    if user is not None and user not in live.members:
        hub.enter(user, live, roles)
        arrived = Event(Kind.ARRIVE, hub.now(), user.source, live.room.id, live.room.name)
        hub.journal.submit(Publication(arrived, live.audience(), None))
