"""MODE: the modes of rooms and users, which are the same for all (modern-irc, "MODE message").

Every room is `n` and every user is `i`, for that is how this server works. Clients ask for both when they connect and
when they join, so both are told; nothing can be changed.
"""

from securechat.domain.permissions import Action, may
from securechat.names import fold
from securechat.protocol.numerics import (
    ERR_CHANOPRIVSNEEDED,
    ERR_NOSUCHCHANNEL,
    ERR_NOSUCHNICK,
    ERR_UMODEUNKNOWNFLAG,
    ERR_UNKNOWNMODE,
    ERR_USERSDONTMATCH,
    RPL_CHANNELMODEIS,
    RPL_CREATIONTIME,
    RPL_ENDOFBANLIST,
    RPL_UMODEIS,
)
from securechat.server.context import Context
from securechat.server.presence import ROOM_MODES, USER_MODES
from securechat.server.registry import command
from securechat.server.users import LiveRoom

_BANS = "b"
"""Clients ask for the list of bans on entering a room; there are none."""


@command("MODE", params=1, help="MODE <room or your nick>: show its modes, which are the same for all")
def mode(context: Context) -> None:
    """Show the modes of a room or of oneself, or say that they cannot be changed."""
    if context.params[0].startswith("#"):
        _room_mode(context)
    else:
        _user_mode(context)


def _room_mode(context: Context) -> None:
    """Answer for a room; for one that may not be seen, as if there were none."""
    live = context.hub.find_room(context.params[0])
    if live is None or not may(context.user.subject(live), Action.SEE_ROOM, context.hub.policy):
        context.response.numeric(ERR_NOSUCHCHANNEL, room=context.params[0])
        return
    letters = _letters(context.param(1))
    if not letters:
        _show_room_modes(context, live)
    elif letters == _BANS and len(context.params) == 2:
        context.response.numeric(RPL_ENDOFBANLIST, room=live.room.name)
    else:
        _change_room_modes(context, live, letters)


def _show_room_modes(context: Context, live: LiveRoom) -> None:
    context.response.numeric(RPL_CHANNELMODEIS, room=live.room.name, modes=(f"+{ROOM_MODES}",))
    context.response.numeric(RPL_CREATIONTIME, room=live.room.name, created=live.room.created // 1000)


def _change_room_modes(context: Context, live: LiveRoom, letters: str) -> None:
    """Refuse: by letter when there is no such mode, as a whole when there is no right to change the others."""
    unknown = [letter for letter in letters if letter not in ROOM_MODES + _BANS]
    for letter in unknown:
        context.response.numeric(ERR_UNKNOWNMODE, mode=letter)
    if unknown:
        return
    if not may(context.user.subject(live), Action.CHANGE_MODES, context.hub.policy):
        context.response.numeric(ERR_CHANOPRIVSNEEDED, room=live.room.name)
    else:
        _show_room_modes(context, live)


def _user_mode(context: Context) -> None:
    """Answer for a nick: one's own modes are told, also when they were to be set; those of others are not."""
    nick = context.params[0]
    user = context.hub.users.get(fold(nick))
    if user is None:
        context.response.numeric(ERR_NOSUCHNICK, nick=nick)
    elif user is not context.user:
        context.response.numeric(ERR_USERSDONTMATCH)
    elif any(letter not in USER_MODES for letter in _letters(context.param(1))):
        context.response.numeric(ERR_UMODEUNKNOWNFLAG)
    else:
        context.response.numeric(RPL_UMODEIS, modes=f"+{USER_MODES}")


def _letters(modes: str | None) -> str:
    """The letters of a mode string, each once and in order, without signs."""
    return "".join(dict.fromkeys((modes or "").replace("+", "").replace("-", "")))
