"""MODE: the rules, roles and lists of rooms, and the modes of users (modern-irc, "MODE message")."""

from collections.abc import Iterator

from securechat.domain.mask_lists import is_possible_mask, normalize
from securechat.domain.permissions import Action, changing_roles, lowered, may, raised, require
from securechat.domain.roles import ListEntry, RoomRole
from securechat.errors import NotInRoom
from securechat.names import fold
from securechat.protocol.modes import BY_LETTER, USER_MODE_BY_LETTER, ModeKind, RoomMode, letters
from securechat.protocol.numerics import (
    ERR_BANLISTFULL,
    ERR_CHANOPRIVSNEEDED,
    ERR_INVALIDKEY,
    ERR_INVALIDMODEPARAM,
    ERR_NEEDMOREPARAMS,
    ERR_NOSUCHCHANNEL,
    ERR_NOSUCHNICK,
    ERR_UMODEUNKNOWNFLAG,
    ERR_UNKNOWNMODE,
    ERR_USERNOTINCHANNEL,
    ERR_USERSDONTMATCH,
    RPL_BANLIST,
    RPL_CHANNELMODEIS,
    RPL_CREATIONTIME,
    RPL_ENDOFBANLIST,
    RPL_ENDOFEXCEPTLIST,
    RPL_ENDOFINVEXLIST,
    RPL_EXCEPTLIST,
    RPL_INVEXLIST,
    RPL_UMODEIS,
)
from securechat.server.context import Context
from securechat.server.limits import tell_to_wait
from securechat.server.members import Member, find_member, is_known, name_of
from securechat.server.presence import MOST_MASKS, MOST_MODES
from securechat.server.registry import command
from securechat.server.room_modes import MOST, Change, ModeChange
from securechat.server.targets import visible_room
from securechat.server.user_modes import announcement, set_mode, shown_modes
from securechat.server.users import LiveRoom

KEY_LENGTH = 32
"""The longest key of a room, in characters."""

_LISTS = {
    "b": (RPL_BANLIST, RPL_ENDOFBANLIST),
    "e": (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST),
    "I": (RPL_INVEXLIST, RPL_ENDOFINVEXLIST),
}
_ALWAYS_WITH_PARAMETER = frozenset({ModeKind.ROLE, ModeKind.LIST, ModeKind.KEY})

Asked = tuple[str, RoomMode, str | None]
"""A change that is asked for: sign, mode, parameter."""


@command("MODE", params=1, help="MODE <room or your nick> [<modes> [<parameters>]]: show or change modes")
def mode(context: Context) -> None:
    """Show or change the modes of a room or of oneself."""
    if context.params[0].startswith("#"):
        _room_mode(context)
    else:
        _user_mode(context)


def _room_mode(context: Context) -> None:
    """Answer for a room; for one that may not be seen, as if there were none."""
    live = visible_room(context.hub, context.user, context.params[0])
    if live is None:
        context.response.numeric(ERR_NOSUCHCHANNEL, room=context.params[0])
        return
    asked = list(_asked(context))
    if not context.param(1):
        _show_room_modes(context, live)
        return
    shown = dict.fromkeys(row.letter for _, row, parameter in asked if row.kind is ModeKind.LIST and not parameter)
    for letter in shown:  # each once, however often it is asked for
        _show_list(context, live, letter)
    changes = [one for one in asked if one[1].kind is not ModeKind.LIST or one[2]]
    if changes:
        _change_room_modes(context, live, changes)


def _asked(context: Context) -> Iterator[Asked]:
    """Read a mode string and its parameters; what cannot be answered but by a refusal stands for itself once."""
    sign = "+"
    parameters = iter(context.params[2:])
    unknown, bare = set(), set()
    for letter in context.param(1) or "":
        row = BY_LETTER.get(letter)
        if letter in "+-":
            sign = letter
        elif row is None:
            if letter not in unknown:
                unknown.add(letter)
                context.response.numeric(ERR_UNKNOWNMODE, mode=letter)
        else:
            takes = row.kind in _ALWAYS_WITH_PARAMETER or (row.kind is ModeKind.LIMIT and sign == "+")
            parameter = next(parameters, None) if takes else None
            if takes and parameter is None:
                if (sign, letter) in bare:
                    continue
                bare.add((sign, letter))
            yield sign, row, parameter


def _show_room_modes(context: Context, live: LiveRoom) -> None:
    """Send 324 and 329; the key is for those who are in the room."""
    rules = live.room.rules
    shown = "+" + "".join(one for one in sorted(letters(ModeKind.FLAG)) if getattr(rules, BY_LETTER[one].changes))
    parameters = []
    if rules.key:
        shown += "k"
        knows = may(context.user.subject(live), Action.SEE_KEY, context.hub.policy)
        parameters.append(rules.key if knows else "*")
    for letter in letters(ModeKind.LIMIT):
        row = BY_LETTER[letter]
        value = getattr(rules, row.changes)
        if value != _unset(row):
            shown += letter
            parameters.append(str(value))
    context.response.numeric(RPL_CHANNELMODEIS, room=live.room.name, modes=(shown, *parameters))
    context.response.numeric(RPL_CREATIONTIME, room=live.room.name, created=live.room.created // 1000)


def _show_list(context: Context, live: LiveRoom, letter: str) -> None:
    """Send a list: bans to everybody who may see the room, exceptions to those who look after it."""
    if letter != "b" and not may(context.user.subject(live), Action.SEE_EXCEPTIONS, context.hub.policy):
        context.response.numeric(ERR_CHANOPRIVSNEEDED, room=live.room.name)
        return
    row, end = _LISTS[letter]
    for entry in live.room.lists.get(letter, ()):
        context.response.numeric(
            row, room=live.room.name, mask=entry.mask, setter=entry.setter, time=entry.time // 1000
        )
    context.response.numeric(end, room=live.room.name)


def _change_room_modes(context: Context, live: LiveRoom, asked: list[Asked]) -> None:
    """Do what is asked, in order, for whoever may; what they may is as it was before."""
    subject = context.user.subject(live)
    if not subject.in_room and not may(subject, Action.CHANGE_MODES, context.hub.policy):
        raise NotInRoom(live.room.name)
    require(subject, Action.CHANGE_MODES, context.hub.policy, live.room.name)
    change = ModeChange(context, live, subject)
    wait = change.wait()
    if wait:
        tell_to_wait(context, "Too many changes of modes", wait, live.room.name)
        return
    with_parameter = 0
    for sign, row, parameter in asked:
        with_parameter += bool(parameter)
        if with_parameter > MOST_MODES:
            break
        _CHANGERS[row.kind](context, live, change, (sign, row, parameter))
    change.publish()


def member_meant(context: Context, live: LiveRoom, name: str) -> Member | None:
    """Return who is in the room under that nick or by that account; None when nobody is, and that was answered."""
    member = find_member(context.hub, live, name)
    if member is None and is_known(context.hub, name):
        context.response.numeric(ERR_USERNOTINCHANNEL, nick=name, room=live.room.name)
    elif member is None:
        context.response.numeric(ERR_NOSUCHNICK, nick=name)
    return member


def _change_role(context: Context, live: LiveRoom, change: ModeChange, asked: Asked) -> None:
    """Give a role to a member, or take it; they need not be here if they are in the room by their account."""
    sign, row, nick = asked
    hub = context.hub
    if not nick:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="MODE")
        return
    member = member_meant(context, live, nick)
    if member is None:
        return
    role = RoomRole[row.changes]
    before = change.roles_of(member)
    after = raised(before, role) if sign == "+" else lowered(before, role)
    if not may(change.subject, changing_roles(before, after, own=member is context.user), hub.policy):
        context.response.numeric(ERR_CHANOPRIVSNEEDED, room=live.room.name)
    elif after != before:
        change.set_roles((sign, row.letter, name_of(member)), member, after)


def _change_flag(_context: Context, _live: LiveRoom, change: ModeChange, asked: Asked) -> None:
    sign, row, _ = asked
    change.set_rule((sign, row.letter, ""), row.changes, sign == "+")


def _change_key(context: Context, live: LiveRoom, change: ModeChange, asked: Asked) -> None:
    """Set a key that can be said in a JOIN, or take it away, whatever is said for it."""
    sign, row, key = asked
    if sign == "-":
        change.set_rule((sign, row.letter, "*"), row.changes, "")
    elif key is None:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="MODE")
    elif not key or len(key) > KEY_LENGTH or not key.isprintable() or set(key) & set(" ,") or key[0] == ":":
        context.response.numeric(ERR_INVALIDKEY, room=live.room.name)
    else:
        change.set_rule((sign, row.letter, key), row.changes, key)


def _unset(row: RoomMode) -> int | str:
    """What a rule is without its mode."""
    return row.words[0] if row.words else 0


def _change_limit(context: Context, live: LiveRoom, change: ModeChange, asked: Asked) -> None:
    sign, row, text = asked
    if sign == "-":
        change.set_rule((sign, row.letter, ""), row.changes, _unset(row))
        return
    if row.words:
        _change_word(context, live, change, row, (text or "").lower())
        return
    most = MOST[row.letter]
    digits = text is not None and text.isascii() and text.isdigit() and len(text) <= len(str(most))
    number = int(text) if digits and text else 0
    if 0 < number <= most:
        change.set_rule((sign, row.letter, str(number)), row.changes, number)
        return
    problem = f"A number from 1 to {most} is needed"
    context.response.numeric(
        ERR_INVALIDMODEPARAM, room=live.room.name, mode=row.letter, parameter=text or "*", problem=problem
    )


def _change_word(context: Context, live: LiveRoom, change: ModeChange, row: RoomMode, word: str) -> None:
    """Set a rule that is one of some words; the first of them is how it is without the mode."""
    if word == row.words[0]:
        change.set_rule(("-", row.letter, ""), row.changes, word)
    elif word in row.words:
        change.set_rule(("+", row.letter, word), row.changes, word)
    else:
        problem = f"It can be {', '.join(row.words[:-1])} or {row.words[-1]}"
        context.response.numeric(
            ERR_INVALIDMODEPARAM, room=live.room.name, mode=row.letter, parameter=word or "*", problem=problem
        )


def _change_list(context: Context, live: LiveRoom, change: ModeChange, asked: Asked) -> None:
    """Put a mask on a list or take it off."""
    sign, row, text = asked
    mask = normalize(text or "")
    entries = change.entries(row.letter)
    known = next((entry for entry in entries if fold(entry.mask) == fold(mask)), None)
    if known is None and not is_possible_mask(mask):
        context.response.numeric(
            ERR_INVALIDMODEPARAM, room=live.room.name, mode=row.letter, parameter="*", problem="This cannot be a mask"
        )
        return
    announced: Change = (sign, row.letter, known.mask if known else mask)
    if sign == "-":
        if known is not None:
            change.remove(announced, row.letter, known)
    elif known is not None and known.expires:  # it had an end, and has none from now on
        change.remove(("-", row.letter, known.mask), row.letter, known)
        change.add(announced, row.letter, ListEntry(mask, context.user.source.mask, context.hub.now()))
    elif known is None and len(entries) >= MOST_MASKS:
        context.response.numeric(ERR_BANLISTFULL, room=live.room.name, mode=row.letter)
    elif known is None:
        change.add(announced, row.letter, ListEntry(mask, context.user.source.mask, context.hub.now()))


_CHANGERS = {
    ModeKind.ROLE: _change_role,
    ModeKind.FLAG: _change_flag,
    ModeKind.KEY: _change_key,
    ModeKind.LIMIT: _change_limit,
    ModeKind.LIST: _change_list,
}


def _user_mode(context: Context) -> None:
    """Answer for a nick: one's own modes are told or changed; those of others are not."""
    nick = context.params[0]
    user = context.hub.users.get(fold(nick))
    if user is None:
        context.response.numeric(ERR_NOSUCHNICK, nick=nick)
    elif user is not context.user:
        context.response.numeric(ERR_USERSDONTMATCH)
    else:
        _change_user_modes(context, context.param(1) or "")


def _change_user_modes(context: Context, asked: str) -> None:
    """Do what is asked as far as there is such a mode; if that changes nothing, tell how it is (221)."""
    user = context.user
    before = shown_modes(user)
    sign = "+"
    for letter in asked:
        if letter in "+-":
            sign = letter
        elif letter in USER_MODE_BY_LETTER:
            set_mode(context.hub, user, letter, on=sign == "+")
    changed = announcement(context.hub, user, before, context.session)
    if changed is not None:
        context.response.publish(changed)
    if set(asked) - {"+", "-", *USER_MODE_BY_LETTER}:
        context.response.numeric(ERR_UMODEUNKNOWNFLAG)
    elif changed is None:
        context.response.numeric(RPL_UMODEIS, modes=before)
