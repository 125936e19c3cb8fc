"""The lines of a batch that a client has opened, and what becomes of one that breaks the rules (draft/multiline)."""

from securechat.domain.events import SAID, Kind
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import Message
from securechat.protocol.standard_replies import StandardReply
from securechat.server.context import Context
from securechat.server.multiline import CONCAT_TAG, MAX_BYTES, MAX_LINES, ClientBatch
from securechat.server.response import Response


def take_line(context: Context, kind: Kind) -> bool:
    """Take a line of the open batch; False when it is no line of a batch but a message by itself."""
    opened = context.session.batch
    assert opened is not None, "asked only while a batch is open"
    tags = context.message.tags
    is_part = tags.get("batch") == opened.reference
    if opened.failed:
        if is_part:
            context.deferred = True  # no answer, whatever its label
        return is_part
    context.deferred = True
    target, text = (*context.params, "", "")[:2]
    goes_on = CONCAT_TAG in tags
    if not is_part or kind not in SAID or opened.kind not in (None, kind):
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
    return True


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
