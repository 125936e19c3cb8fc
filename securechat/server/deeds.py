"""Acts of power over IRC, as they go into the record (domain.audit)."""

from securechat.domain.account import Account
from securechat.domain.audit import Act, Deed, Origin, name_of
from securechat.domain.events import Source
from securechat.server.users import User


def called(member: User | Account) -> str:
    """Return how somebody is called in the record: a present user, or the account of one who is not here."""
    return member.name if isinstance(member, Account) else name_of(member.source.account, member.nick)


def deed_of(
    time: int, source: Source, act: Act, room: str, target: str = "", detail: str = "", reason: str = ""
) -> Deed:
    """Return what is recorded of an act of `source` in `room` (on the wire) at `time` (ms)."""
    actor = name_of(source.account, source.nick)
    return Deed(act, time, Origin.IRC, actor, target, room, detail, reason)
