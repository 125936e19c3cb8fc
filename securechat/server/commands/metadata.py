"""METADATA: values that people and rooms carry, by key (draft/metadata-3)."""

from collections.abc import Callable

from securechat.domain.permissions import Action, may
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import METADATA
from securechat.protocol.numerics import (
    ERR_NEEDMOREPARAMS,
    ERR_NOTREGISTERED,
    RPL_KEYNOTSET,
    RPL_KEYVALUE,
    RPL_METADATASUBOK,
    RPL_METADATASUBS,
    RPL_METADATAUNSUBOK,
    Numeric,
)
from securechat.server.context import Context
from securechat.server.lifecycle import State
from securechat.server.limits import tell_to_wait
from securechat.server.metadata import MOST_KEYS, VALUE_BYTES, is_key, name_of
from securechat.server.metadata_news import BATCH_TYPE, change, lines_of, show_known, show_page
from securechat.server.registry import Stage, command
from securechat.server.sessions import Session
from securechat.server.targets import room_for
from securechat.server.users import LiveRoom, User

Owner = User | LiveRoom | Session
"""Who carries values; a session does before its login."""

EVERY_KEY = "*"
"""Stands for the key in a refusal that is about all of them."""


@command(
    "METADATA",
    params=2,
    stage=Stage.ANY,
    help="METADATA <* or nick or room> GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC [<key> ...] [:<value>]: "
    "see and set the values that people and rooms carry",
)
def metadata(context: Context) -> None:
    """See and set values; before login only for those who negotiated the capability (`before-connect`)."""
    session = context.session
    if session.state is not State.PRESENT and not session.has(METADATA.bit):
        context.response.numeric(ERR_NOTREGISTERED)
        return
    word = context.params[1]
    # Some letters beyond ASCII have a capital within it: `ſub` is not SUB.
    row = _SUBCOMMANDS.get(word.upper()) if word.isascii() else None
    if row is None:
        context.response.fail("METADATA", replies.INVALID_SUBCOMMAND, word)
        return
    needed, run = row
    owner = _owner(context)
    if owner is None:
        text = "There is nobody and no room of this name"
        context.response.fail("METADATA", replies.INVALID_TARGET, context.params[0], text=text)
    elif len(context.params) - 2 < needed:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="METADATA")
    else:
        run(context, owner)


def _owner(context: Context) -> Owner | None:
    """Return whom the target names; None for nobody, and for a room whose values are not to be seen."""
    name = context.params[0]
    if context.session.state is not State.PRESENT:
        return context.session if name == "*" else None
    if name == "*":
        return context.user
    if not name.startswith("#"):
        return context.hub.users.get(fold(name))
    return room_for(context.hub, context.user, name, Action.READ_VALUES)


def _is_oneself(context: Context, owner: Owner) -> bool:
    return owner is context.session or owner is context.session.user


def _may_set(context: Context, owner: Owner) -> bool:
    if isinstance(owner, LiveRoom):
        return may(context.user.subject(owner), Action.SET_VALUES, context.hub.policy)
    return _is_oneself(context, owner)


def _get(context: Context, owner: Owner) -> None:
    """Send the values of keys, in order; a key that is none is refused among the answers of the others."""
    response = context.response
    target, values = name_of(owner), context.hub.metadata.of(owner)
    lines = []
    for key in context.params[2:]:
        if not is_key(key):
            lines.append(_bad_key(context, key))
        elif key in values:
            lines.append(response.made(RPL_KEYVALUE, target=target, key=key, value=values[key]))
        else:
            lines.append(response.made(RPL_KEYNOTSET, target=target, key=key))
    response.batch((BATCH_TYPE, target), lines)


def _bad_key(context: Context, key: str) -> bytes:
    return replies.fail(context.hub.configuration.server.name, "METADATA", replies.INVALID_KEY, (key,))


def _list(context: Context, owner: Owner) -> None:
    keys = context.hub.metadata.of(owner).keys()
    context.response.batch((BATCH_TYPE, name_of(owner)), lines_of(context.response, context.hub, owner, keys))


def _set(context: Context, owner: Owner) -> None:
    """Set or, without a value, remove a key."""
    response, hub = context.response, context.hub
    key, value = context.params[2], context.param(3)
    target, values = name_of(owner), hub.metadata.of(owner)
    if not is_key(key):
        response.fail("METADATA", replies.INVALID_KEY, key)
    elif not _may_set(context, owner):
        response.fail("METADATA", replies.KEY_NO_PERMISSION, target, key)
    elif value is None and key not in values:
        response.fail("METADATA", replies.KEY_NOT_SET, target, key)
    elif value is not None and len(value.encode()) > _value_bytes(context, target, key):
        response.fail("METADATA", replies.INVALID_VALUE, key)
    elif value is not None and key not in values and len(values) >= MOST_KEYS:
        response.fail("METADATA", replies.LIMIT_REACHED, target)
    elif value == values.get(key) or not _too_often(context, target, key):
        _change(context, owner, key, value)


def _value_bytes(context: Context, target: str, key: str) -> int:
    """The longest value: less than usual where long names stand beside it in a line."""
    return min(VALUE_BYTES, context.response.numeric_text_bytes(RPL_KEYVALUE, target=target, key=key, value=""))


def _too_often(context: Context, target: str, key: str, times: int = 1) -> bool:
    """Count a change; answer when there were too many. Before login nobody is told of one, so it costs nothing."""
    if context.session.state is not State.PRESENT:
        return False
    values, user, now = context.hub.metadata, context.user, context.hub.monotonic()
    wait = values.seconds_to_wait(user, now)
    if wait:
        tell_to_wait(context, "Too many changes of values", wait, target, key)
        return True
    values.count_changes(user, now, times)
    return False


def _change(context: Context, owner: Owner, key: str, value: str | None) -> None:
    """Change a value and answer; one that is the same already is not told to others."""
    _put(context, owner, key, value)
    context.response.raw(_line(context, owner, key, value))


def _line(context: Context, owner: Owner, key: str, value: str | None) -> bytes:
    target = name_of(owner)
    if value is None:
        return context.response.made(RPL_KEYNOTSET, target=target, key=key)
    return context.response.made(RPL_KEYVALUE, target=target, key=key, value=value)


def _put(context: Context, owner: Owner, key: str, value: str | None) -> None:
    hub = context.hub
    if isinstance(owner, Session):
        hub.metadata.put(owner, key, value)
    elif hub.metadata.of(owner).get(key) != value:
        failure = context.failure(replies.NOT_STORED, name_of(owner))
        publication = change(hub, owner, key, value, context.session, failure)
        context.response.publish(publication)
        context.response.stands_or_falls_with(publication)


def _clear(context: Context, owner: Owner) -> None:
    """Remove all keys."""
    target, keys = name_of(owner), list(context.hub.metadata.of(owner))
    if not _may_set(context, owner):
        context.response.fail("METADATA", replies.KEY_NO_PERMISSION, target, EVERY_KEY)
    elif not keys or not _too_often(context, target, EVERY_KEY, len(keys)):
        for key in keys:
            _put(context, owner, key, None)
        context.response.batch((BATCH_TYPE, target), [_line(context, owner, key, None) for key in keys])


def _sub(context: Context, owner: Owner) -> None:
    """Subscribe to keys, in order, until there are too many."""
    added: dict[str, None] = {}
    problems = []
    server = context.hub.configuration.server.name
    for key in context.params[2:]:
        if not is_key(key):
            problems.append(_bad_key(context, key))
        elif context.hub.metadata.subscribe(context.session, key):
            added[key] = None
        else:
            problems.append(replies.fail(server, "METADATA", replies.TOO_MANY_SUBS, (key,)))
            break
    _send_keys(context, RPL_METADATASUBOK, list(added))
    for line in problems:
        context.response.raw(line)
    if isinstance(owner, User):
        show_known(context.hub, context.session, context.response, owner, added)


def _unsub(context: Context, _: Owner) -> None:
    removed: dict[str, None] = {}
    problems = []
    for key in context.params[2:]:
        if is_key(key):
            context.hub.metadata.unsubscribe(context.session, key)
            removed[key] = None
        else:
            problems.append(_bad_key(context, key))
    _send_keys(context, RPL_METADATAUNSUBOK, list(removed))
    for line in problems:
        context.response.raw(line)


def _subs(context: Context, _: Owner) -> None:
    keys = list(context.hub.metadata.subscriptions(context.session))
    lines = [context.response.made(RPL_METADATASUBS, keys=some) for some in _some(context, RPL_METADATASUBS, keys)]
    context.response.batch(("metadata-subs",), lines)


def _send_keys(context: Context, numeric: Numeric, keys: list[str]) -> None:
    for some in _some(context, numeric, keys):
        context.response.numeric(numeric, keys=some)


def _some(context: Context, numeric: Numeric, keys: list[str]) -> list[list[str]]:
    """Divide keys among as many lines as they need."""
    most = context.response.numeric_text_bytes(numeric, keys=())
    lines: list[list[str]] = []
    size = 0
    for key in keys:
        size += len(key) + 1
        if not lines or size > most:
            lines.append([])
            size = len(key) + 1
        lines[-1].append(key)
    return lines


def _sync(context: Context, owner: Owner) -> None:
    """Send what the session has subscribed to, of a person, or of a room and the people in it."""
    hub, response = context.hub, context.response
    if isinstance(owner, LiveRoom):
        show_page(hub, context.session, response, owner)
    else:
        keys = hub.metadata.subscriptions(context.session)
        response.batch((BATCH_TYPE, name_of(owner)), lines_of(response, hub, owner, keys))


def _for_oneself(run: Callable[[Context, Owner], None]) -> Callable[[Context, Owner], None]:
    """Subscriptions are one's own: no other target makes sense."""

    def only_then(context: Context, owner: Owner) -> None:
        if _is_oneself(context, owner):
            run(context, owner)
        else:
            text = "Subscriptions are your own: the target is *"
            context.response.fail("METADATA", replies.INVALID_TARGET, context.params[0], text=text)

    return only_then


_SUBCOMMANDS: dict[str, tuple[int, Callable[[Context, Owner], None]]] = {
    "GET": (1, _get),
    "LIST": (0, _list),
    "SET": (1, _set),
    "CLEAR": (0, _clear),
    "SUB": (1, _for_oneself(_sub)),
    "UNSUB": (1, _for_oneself(_unsub)),
    "SUBS": (0, _for_oneself(_subs)),
    "SYNC": (0, _sync),
}
"""How many parameters each needs behind its name, and what it does."""
