"""The one function that words refusals: from a DomainError to a numeric or FAIL."""

from collections.abc import Callable
from typing import Any

from securechat.clock import format_moment
from securechat.domain.mask_lists import FOR_GOOD
from securechat.errors import (
    AccountExists,
    DomainError,
    InvalidName,
    InvalidRoomName,
    InviteRefused,
    NoSuchAccount,
    NoSuchInvite,
    NoSuchRoom,
    NotInRoom,
    NotPermitted,
    TooManyInvites,
)
from securechat.protocol import standard_replies as replies
from securechat.protocol.numerics import (
    ERR_BADCHANMASK,
    ERR_BADCHANNELKEY,
    ERR_BANNEDFROMCHAN,
    ERR_CANNOTSENDTOCHAN,
    ERR_CHANNELISFULL,
    ERR_CHANOPRIVSNEEDED,
    ERR_ERRONEUSNICKNAME,
    ERR_INVITEONLYCHAN,
    ERR_NOSUCHCHANNEL,
    ERR_NOSUCHNICK,
    ERR_NOTONCHANNEL,
    ERR_UNAVAILRESOURCE,
)
from securechat.server.context import Context


def _not_permitted(context: Context, error: NotPermitted) -> None:
    if not error.room:
        context.response.fail(context.message.command, replies.NOT_PERMITTED, error.action)
    else:
        row = _ROOM_NUMERICS.get(error.action, ERR_NOSUCHCHANNEL)
        reason = _ROOM_REASONS.get(error.action)
        if error.action == "CREATE_ROOM":
            reason = _NO_ROOM[context.hub.policy.room_creation]
        words = {"reason": reason} if reason else {}
        if row is ERR_BANNEDFROMCHAN:
            words = {"until": _end_of_ban(context, error.room)}
        context.response.numeric(row, room=error.room, **words)


def _end_of_ban(context: Context, room: str) -> str:
    """Return until when whoever asks is banned from a room, as the end of a sentence; empty: for good."""
    live, user = context.hub.find_room(room), context.session.user
    until = live.banned_until(user) if live is not None and user is not None else 0
    return f" until {format_moment(until)}" if until not in (0, FOR_GOOD) else ""


_ROOM_NUMERICS = {
    "ENTER_UNCROWDED": ERR_CHANNELISFULL,
    "ENTER_ABANDONED": ERR_INVITEONLYCHAN,
    "ENTER_UNLOCKED": ERR_UNAVAILRESOURCE,
    "ENTER_EMPTY": ERR_UNAVAILRESOURCE,
    "ENTER_INVITED": ERR_INVITEONLYCHAN,
    "ENTER_UNBANNED": ERR_BANNEDFROMCHAN,
    "ENTER_BY_KEY": ERR_BADCHANNELKEY,
    "SPEAK": ERR_CANNOTSENDTOCHAN,
    "SPEAK_HIDDEN": ERR_CANNOTSENDTOCHAN,
    "KNOCK": ERR_CANNOTSENDTOCHAN,
    "SET_TOPIC": ERR_CHANOPRIVSNEEDED,
    "CHANGE_MODES": ERR_CHANOPRIVSNEEDED,
    "MAKE_OWNER": ERR_CHANOPRIVSNEEDED,
    "DEMOTE_OWNER": ERR_CHANOPRIVSNEEDED,
    "SEE_EXCEPTIONS": ERR_CHANOPRIVSNEEDED,
    "RENAME": ERR_CHANOPRIVSNEEDED,
    "KICK": ERR_CHANOPRIVSNEEDED,
    "INVITE": ERR_CHANOPRIVSNEEDED,
    "INVITE_BY_LINK": ERR_CHANOPRIVSNEEDED,
}
"""What a refusal about a room is told by; any other is told as if there were no such room."""

_ROOM_REASONS = {
    "SPEAK": "Cannot send to channel",
    "SPEAK_HIDDEN": "Cannot send to channel",
    "ENTER_EMPTY": "Nobody is a member of this room, and a program cannot be the first one",
    "KNOCK": "Cannot send to channel",
    "ENTER_UNLOCKED": "The room is locked for now; try again later",
}
"""The words of the numerics that have none of their own."""

_NO_ROOM = {
    "administrators": "There is no room of that name that you may enter as you ask, and only administrators make rooms "
    "here",
    "everybody": "There is no room of that name that you may enter as you ask, and a program makes none",
}
"""Why somebody may make no room, by the policy. It is told of a secret room that is closed to them, too."""

_INVITE_CODES = {
    "unknown": replies.INVITE_UNKNOWN,
    "revoked": replies.INVITE_REVOKED,
    "withdrawn": replies.INVITE_REVOKED,
    "used": replies.INVITE_USED,
    "expired": replies.INVITE_EXPIRED,
    "for members": replies.INVITE_FOR_MEMBERS,
    "guest": replies.ACCOUNT_REQUIRED,
    "hidden": replies.INVITE_UNKNOWN,
}
_INVITE_TEXTS = {
    "guest": "An invite lets accounts in, not guests; log in first, or make an account",
    "hidden": "This invite does not open a room of that name: it may be used up, expired or taken back, the room may "
    "be gone, or the link was cut. Ask whoever gave it to you",
}


def _invite_refused(context: Context, error: InviteRefused) -> None:
    where = error.room or context.session.nick or "*"
    context.response.fail(
        context.message.command, _INVITE_CODES[error.reason], where, text=_INVITE_TEXTS.get(error.reason)
    )


ANSWERS: dict[type[DomainError], Callable[[Context, Any], None]] = {
    AccountExists: lambda context, error: context.response.fail(
        context.message.command, replies.ACCOUNT_EXISTS, error.name
    ),
    NoSuchAccount: lambda context, error: context.response.numeric(ERR_NOSUCHNICK, nick=error.name),
    NoSuchRoom: lambda context, error: context.response.numeric(ERR_NOSUCHCHANNEL, room=error.name),
    NoSuchInvite: lambda context, error: context.response.fail(
        context.message.command, replies.INVITE_UNKNOWN, str(error.number), text="There is no such invite of yours"
    ),
    InviteRefused: _invite_refused,
    TooManyInvites: lambda context, error: context.response.fail(
        context.message.command,
        replies.TOO_MANY_INVITES,
        str(error.most),
        text=f"{error.most} invites of {error.whose} are open already, and no more may be; revoke one first",
    ),
    NotInRoom: lambda context, error: context.response.numeric(ERR_NOTONCHANNEL, room=error.room),
    NotPermitted: _not_permitted,
    InvalidName: lambda context, error: context.response.numeric(
        ERR_ERRONEUSNICKNAME, nick=error.name, reason=error.reason
    ),
    InvalidRoomName: lambda context, error: context.response.numeric(
        ERR_BADCHANMASK, room=error.name, reason=error.reason
    ),
}
"""One row for each DomainError; a test proves that none is missing."""


def answer_error(context: Context, error: DomainError) -> None:
    """Word `error` to the session that caused it."""
    ANSWERS[type(error)](context, error)
