"""The lines of a batch that a client has opened, and what becomes of one that breaks the rules (draft/multiline)."""

from securechat.domain.events import SAID, Kind
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import LABELED_RESPONSE
from securechat.protocol.message import Message
from securechat.protocol.standard_replies import StandardReply
from securechat.server.context import Context
from securechat.server.multiline import CONCAT_TAG, MAX_BYTES, MAX_LINES, ClientBatch
from securechat.server.response import Response

NONE_OPEN = "No such batch is open"


def take_line(context: Context, kind: Kind) -> bool:
    """Take a line that says that it is part of a batch, or that must be as one is open.

    False when it is a message by itself: there is no open batch but, at most, one that was refused.
    """
    opened = context.session.batch
    reference = context.message.tags.get("batch")
    if opened is None or opened.failed:
        if reference is None:
            return False
        if opened is None or reference not in (opened.reference, opened.nested):
            context.response.fail("BATCH", replies.MULTILINE_INVALID, text=NONE_OPEN)
        else:
            context.deferred = True  # no answer, whatever its label
        return True
    if reference != opened.reference:
        refuse_for(context, opened, replies.MULTILINE_INVALID)
        return True
    context.deferred = True
    _take(context, opened, kind)
    return True


def _take(context: Context, opened: ClientBatch, kind: Kind) -> None:
    """Put a line into its batch."""
    target, text = (*context.params, "", "")[:2]
    goes_on = CONCAT_TAG in context.message.tags
    if kind not in SAID or opened.kind not in (None, kind):
        refuse(context, opened, replies.MULTILINE_INVALID)
    elif fold(target) != fold(opened.target):
        refuse(context, opened, replies.MULTILINE_INVALID_TARGET, opened.target, target)
    elif goes_on and not text:
        refuse(context, opened, replies.MULTILINE_INVALID, text="Invalid multiline batch with concatenated blank line")
    else:
        opened.kind = kind
        opened.add(text, goes_on=goes_on)
        if len(opened.lines) > MAX_LINES:
            refuse(context, opened, replies.MULTILINE_MAX_LINES, str(MAX_LINES))
        elif opened.size > MAX_BYTES:
            refuse(context, opened, replies.MULTILINE_MAX_BYTES, str(MAX_BYTES))


def context_of(context: Context, message: Message) -> Context:
    """A context that answers the BATCH that opened: its label is that of the whole."""
    hub = context.hub
    label = message.tags.get("label", "")
    response = Response(context.session, hub.journal, hub.configuration.server.name, label)
    return Context(hub, context.session, message, response)


def refuse(context: Context, refused: ClientBatch, reply: StandardReply, *about: str, text: str | None = None) -> None:
    """Refuse the whole batch, with the label of its beginning; what else comes of it is passed over."""
    refused.fail()
    opening = context if context.message is refused.message else context_of(context, refused.message)
    opening.response.fail("BATCH", reply, *about, text=text)
    if opening is not context:
        opening.response.flush()


def refuse_for(context: Context, refused: ClientBatch, reply: StandardReply, text: str | None = None) -> None:
    """Refuse the whole batch for a command that has no place in it; with a label of its own that is answered, too."""
    refuse(context, refused, reply, text=text)
    if context.session.has(LABELED_RESPONSE.bit) and context.message.tags.get("label"):
        context.response.fail("BATCH", reply, text=text)
