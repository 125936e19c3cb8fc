"""BATCH: lines that a client sends as one message (extensions/client-batch; draft/multiline)."""

import re

from securechat.errors import DomainError
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import MULTILINE
from securechat.protocol.numerics import ERR_UNKNOWNCOMMAND
from securechat.server.client_batches import NONE_OPEN, context_of, refuse, refuse_for
from securechat.server.commands.messages import say_whole
from securechat.server.context import Context
from securechat.server.error_replies import answer_error
from securechat.server.multiline import TYPE, ClientBatch
from securechat.server.registry import command

NESTED = "Close the batch that is open before you open another"
_REFERENCE = re.compile("[A-Za-z0-9-]{1,64}")


@command("BATCH", help="BATCH +<reference> draft/multiline <target>, or BATCH -<reference>: a message of several lines")
def batch(context: Context) -> None:
    """Open or close a batch; its lines are PRIVMSG or NOTICE with its reference in the tag `batch`."""
    word = context.param(0) or ""
    sign, reference = word[:1], word[1:]
    if not context.session.has(MULTILINE.bit):
        context.response.numeric(ERR_UNKNOWNCOMMAND, command="BATCH")
    elif sign == "+":
        _open(context, reference)
    elif sign == "-":
        _close(context, reference)
    else:
        context.response.fail("BATCH", replies.INVALID_REFTAG, word)


def _open(context: Context, reference: str) -> None:
    session = context.session
    target = context.param(2) or ""
    around = session.batch
    if around is not None and not around.failed:
        around.nested = reference
        refuse_for(context, around, replies.MULTILINE_INVALID, text=NESTED)
        return
    session.batch = opened = ClientBatch(reference, target, context.message, context.hub.monotonic())
    if not _REFERENCE.fullmatch(reference):
        refuse(context, opened, replies.INVALID_REFTAG, reference)
    elif (context.param(1) or "") != TYPE:
        refuse(context, opened, replies.UNKNOWN_TYPE, reference, context.param(1) or "*")
    elif "batch" in context.message.tags:
        refuse(context, opened, replies.MULTILINE_INVALID, text=NESTED)
    elif not target or "," in target:
        refuse(context, opened, replies.MULTILINE_INVALID, text="A multiline batch has one target")
    else:
        context.deferred = True  # the answer comes when all of it has come


def _close(context: Context, reference: str) -> None:
    session = context.session
    closed = session.batch
    if closed is not None and closed.failed and reference == closed.nested != closed.reference:
        closed.nested = ""
        return
    if closed is None or closed.reference != reference:
        if closed is not None and not closed.failed:
            refuse_for(context, closed, replies.MULTILINE_INVALID, text=NONE_OPEN)
        else:
            context.response.fail("BATCH", replies.MULTILINE_INVALID, text=NONE_OPEN)
        return
    session.batch = None
    if closed.failed:
        return
    if closed.kind is None or not any(line.removeprefix("\r") for line in closed.lines):
        refuse(context, closed, replies.MULTILINE_INVALID, text="Invalid multiline batch with blank lines only")
        return
    whole = context_of(context, closed.message)
    try:
        say_whole(whole, closed.kind, closed.target, closed.text())
    except DomainError as error:
        answer_error(whole, error)
    whole.response.flush()
