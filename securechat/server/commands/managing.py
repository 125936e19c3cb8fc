"""MANAGE: the operations of securechat-admin for operators, over IRC. No specification: it is our own."""

import argparse
import contextlib
import logging
import shlex
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from securechat.domain.audit import Origin, name_of
from securechat.domain.permissions import Action, may
from securechat.printing import printable
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import cut
from securechat.protocol.standard_replies import StandardReply, note
from securechat.server.administration import Administration, AdministrationError
from securechat.server.context import Context
from securechat.server.lifecycle import State
from securechat.server.management.arguments import add_arguments, request_of
from securechat.server.management.rows import Operation, Where
from securechat.server.operations import OPERATIONS, QUESTION, perform
from securechat.server.ports import Pool
from securechat.server.registry import command
from securechat.server.rendering import LINE_BYTES
from securechat.server.slices import Slices

logger = logging.getLogger(__name__)

COMMAND = "MANAGE"

OFFERED: dict[str, Operation] = {
    name: one
    for name, one in OPERATIONS.items()
    if one.over_irc is not None and not one.has_secret and not one.in_parts and one.where is not Where.STOPPED
}
"""The operations that can be asked for over IRC: those without secrets, without files."""

_Answer = tuple[StandardReply, Sequence[str]]
"""What is told, a line for each text. A refusal has one text, and a code that is not in `_TOLD`."""

_TOLD = (replies.RESULT, replies.CONFIRM)


class _WrongArgumentsError(Exception):
    """What was sent are not the arguments of the operation; the text says why."""


class _Parser(argparse.ArgumentParser):
    """Neither prints anything nor ends the process."""

    def error(self, message: str) -> NoReturn:
        """Raise _WrongArgumentsError."""
        raise _WrongArgumentsError(message)


@command(
    COMMAND,
    params=1,
    requires=Action.MANAGE,
    help="MANAGE <operation> [<arguments>]: do what securechat-admin does, in the same words (MANAGE user suspend bob "
    "--reason 'left on Friday'); MANAGE HELP lists the operations",
)
def manage(context: Context) -> None:
    """Run an operation on a worker, on behalf of the operator who asks."""
    try:
        words = _words(context.params)
    except ValueError:
        _refuse(context, replies.INVALID_PARAMS, "There is a quotation mark that is not closed")
        return
    if words[:1] and words[0].upper() == "HELP":
        _tell(context, (replies.RESULT, _help(words[1:])))
        return
    operation = OFFERED.get(" ".join(words[:2]).lower())
    administration = context.hub.administration
    if operation is None:
        text = "There is no such operation here; MANAGE HELP lists those that there are"
        _refuse(context, replies.INVALID_SUBCOMMAND, text)
    elif not _is_permitted(context, operation):
        _refuse(context, replies.NOT_PERMITTED, replies.NOT_PERMITTED.text)
    elif administration is None:
        _refuse(context, replies.TEMPORARILY_UNAVAILABLE, replies.TEMPORARILY_UNAVAILABLE.text)
    else:
        source = context.user.source
        managed = administration.on_behalf_of(name_of(source.account, source.nick), Origin.IRC)
        context.work(
            Pool.MANAGING,
            lambda: _answer(context, managed, operation, words[2:]),
            lambda answer: _tell(context, answer),
            failed=lambda error: _failed(context, error),
            busy=lambda: context.response.fail(COMMAND, replies.TEMPORARILY_UNAVAILABLE),
        )


def _words(params: Sequence[str]) -> list[str]:
    """Return the words of a command line; a last parameter with spaces is one. Raises ValueError: an open quote."""
    if len(params) > 1 and " " in params[-1]:
        with contextlib.suppress(ValueError):
            return [*shlex.split(" ".join(params[:-1])), params[-1]]
    return shlex.split(" ".join(params))


def _is_permitted(context: Context, operation: Operation) -> bool:
    assert operation.over_irc is not None, "it is not offered then"
    return may(context.user.subject(), operation.over_irc, context.hub.policy)


def _answer(context: Context, managed: Administration, operation: Operation, words: Sequence[str]) -> _Answer:
    """Do what is asked, or say what would go by it. On a worker."""
    try:
        given = _parser(operation).parse_args(words)
    except _WrongArgumentsError as error:
        return replies.INVALID_PARAMS, [f"{error}; MANAGE HELP {operation.name} tells more"]
    request = request_of(operation, given)
    asks = operation.question is not None and not given.yes
    answer = perform(managed, request | ({QUESTION: True} if asks else {}), lambda: _check(context, operation))
    if not answer["ok"]:
        return StandardReply(answer["code"].upper(), answer["error"]), [answer["error"]]
    if asks:
        return replies.CONFIRM, [answer["result"], "Nothing is done yet. If you mean it, repeat it with --yes"]
    return replies.RESULT, [line for line in operation.text(answer["result"]).splitlines() if line.strip()]


def _check(context: Context, operation: Operation) -> None:
    """Raise AdministrationError when the powers are gone: others were served while this waited for its turn."""
    with context.hub.lock:
        if context.session.state is State.ENDED or not _is_permitted(context, operation):
            raise AdministrationError(replies.NOT_PERMITTED.code.lower(), replies.NOT_PERMITTED.text)


def _parser(operation: Operation) -> _Parser:
    parser = _Parser(prog=f"{COMMAND} {operation.name}", add_help=False, allow_abbrev=False)
    add_arguments(parser, operation)
    return parser


def _help(words: Sequence[str]) -> list[str]:
    """Explain one operation, or list them all."""
    operation = OFFERED.get(" ".join(words[:2]).lower())
    if operation is None:
        return [f"{COMMAND} {one.name}: {one.help}" for one in OFFERED.values()]
    usage = " ".join(_parser(operation).format_usage().split())
    explained = [f"{one.metavar or one.name}: {_plain(one.help, one.default)}" for one in operation.arguments]
    return [usage.removeprefix("usage: "), operation.help, *explained]


def _plain(text: str, default: Any) -> str:
    return text % {"default": default} if "%(" in text else text


def _tell(context: Context, answer: _Answer) -> None:
    """Answer line by line, in slices; what would be longer than an answer may be is left off."""
    reply, texts = answer
    if reply not in _TOLD:
        _refuse(context, reply, texts[0])
        return
    slices = Slices(context)

    def steps() -> Iterator[None]:
        for text in texts:
            if slices.is_full:
                _note(context, reply, "The rest is left off; ask for less, or use securechat-admin")
                return
            _note(context, reply, text)
            if slices.spend():
                yield

    slices.run(steps())


def _note(context: Context, reply: StandardReply, text: str) -> None:
    context.response.note(COMMAND, reply, text=_fitting(context, reply, text))


def _refuse(context: Context, reply: StandardReply, text: str) -> None:
    context.response.fail(COMMAND, reply, text=_fitting(context, reply, text))


def _fitting(context: Context, reply: StandardReply, text: str) -> str:
    room = LINE_BYTES - len(note(context.hub.server_source.nick, COMMAND, reply, (), ""))
    return cut(printable(text), room)


def _failed(context: Context, error: BaseException) -> None:
    logger.error("An operation of MANAGE failed", exc_info=error)
    context.response.fail(COMMAND, replies.INTERNAL_ERROR)
