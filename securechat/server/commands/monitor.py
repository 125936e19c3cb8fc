"""MONITOR: being told when people come and go (extensions/monitor)."""

from collections.abc import Iterator

from securechat.errors import InvalidName
from securechat.names import check_nick, fold
from securechat.protocol.numerics import (
    ERR_MONLISTFULL,
    ERR_NEEDMOREPARAMS,
    RPL_ENDOFMONLIST,
    RPL_MONLIST,
    RPL_MONOFFLINE,
    RPL_MONONLINE,
    Numeric,
)
from securechat.server.context import Context
from securechat.server.error_replies import answer_error
from securechat.server.metadata_news import show_people
from securechat.server.registry import command
from securechat.server.rendering import LINE_BYTES
from securechat.server.watches import MOST_WATCHED


@command("MONITOR", params=1, help="MONITOR +|- <nick>{,<nick>}, MONITOR C|L|S: be told when people come and go")
def monitor(context: Context) -> None:
    """Change or show the list of nicks that this session watches."""
    action = _ACTIONS.get(context.params[0].upper())
    if action is None or (action in (_add, _remove) and not context.param(1)):
        context.response.numeric(ERR_NEEDMOREPARAMS, command="MONITOR")
    else:
        action(context)


def _targets(context: Context) -> list[str]:
    """The nicks that were sent, each once."""
    nicks: dict[str, str] = {}
    for nick in context.params[1].split(","):
        if nick:
            nicks.setdefault(fold(nick), nick)
    return list(nicks.values())


def _add(context: Context) -> None:
    added = []
    targets = _targets(context)
    for index, nick in enumerate(targets):
        try:
            check_nick(nick, context.hub.configuration.limits.nick_length)
        except InvalidName as error:
            answer_error(context, error)
            continue
        if not context.hub.watches.add(context.session, nick):
            _refuse(context, targets[index:])
            break
        added.append(nick)
    _tell(context, added)
    people = (context.hub.users.get(fold(nick)) for nick in added)
    show_people(context.hub, context.session, context.response, [one for one in people if one is not None])


def _refuse(context: Context, targets: list[str]) -> None:
    """Say for which nicks the list has no place, in as many lines as they need."""
    most = LINE_BYTES - len(context.response.made(ERR_MONLISTFULL, limit=MOST_WATCHED, targets="*")) + 1
    for line in _lines(targets, most):
        context.response.numeric(ERR_MONLISTFULL, limit=MOST_WATCHED, targets=line)


def _remove(context: Context) -> None:
    for nick in _targets(context):
        context.hub.watches.remove(context.session, nick)


def _clear(context: Context) -> None:
    context.hub.watches.forget(context.session)


def _list(context: Context) -> None:
    _send(context, RPL_MONLIST, context.hub.watches.of(context.session))
    context.response.numeric(RPL_ENDOFMONLIST)


def _status(context: Context) -> None:
    _tell(context, context.hub.watches.of(context.session))


def _tell(context: Context, nicks: list[str]) -> None:
    """Say which of the nicks are there, and which are not."""
    users = {nick: context.hub.users.get(fold(nick)) for nick in nicks}
    _send(context, RPL_MONONLINE, [user.source.mask for user in users.values() if user is not None])
    _send(context, RPL_MONOFFLINE, [nick for nick, user in users.items() if user is None])


def _send(context: Context, numeric: Numeric, targets: list[str]) -> None:
    """Send the targets in as many lines as they need."""
    for line in _lines(targets, context.response.numeric_text_bytes(numeric, targets="")):
        context.response.numeric(numeric, targets=line)


def _lines(targets: list[str], most: int) -> Iterator[str]:
    """Join the targets to lists of at most `most` bytes."""
    line = ""
    for target in targets:
        longer = f"{line},{target}" if line else target
        if line and len(longer.encode()) > most:
            yield line
            longer = target
        line = longer
    if line:
        yield line


_ACTIONS = {"+": _add, "-": _remove, "C": _clear, "L": _list, "S": _status}
