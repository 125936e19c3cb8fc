"""CAP: which extensions client and server use (extensions/capability-negotiation)."""

from securechat.domain.permissions import Action, Role, Subject, may
from securechat.protocol.capabilities import (
    ACCOUNT_REGISTRATION,
    ALL_MASK,
    CAP_NOTIFY,
    CAP_VERSION_WITH_VALUES,
    METADATA,
    MULTILINE,
    SASL,
    STS,
    list_lines,
    ls_lines,
    parse_request,
)
from securechat.protocol.message import cut
from securechat.protocol.numerics import ERR_INVALIDCAPCMD, ERR_NEEDMOREPARAMS
from securechat.server import metadata, multiline
from securechat.server.context import Context
from securechat.server.lifecycle import Step, after
from securechat.server.login import mechanisms
from securechat.server.presence import register_when_ready
from securechat.server.registry import Stage, command
from securechat.server.rendering import LINE_BYTES

REQUEST_BYTES = 280
"""How much of a REQ one answer repeats: a prefix of the longest names fits before it, and half a line behind."""


@command("CAP", stage=Stage.ANY, help="CAP LS|LIST|REQ|END: negotiate capabilities")
def cap(context: Context) -> None:
    """Negotiate capabilities."""
    subcommand = (context.param(0) or "").upper()
    if not subcommand:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="CAP")
        return
    row = _SUBCOMMANDS.get(subcommand)
    if row is None:
        context.response.numeric(ERR_INVALIDCAPCMD, subcommand=context.params[0])
    else:
        row(context)


def values(context: Context) -> dict[str, str | None]:
    """The values of the capabilities that have one, by wire name."""
    registration = ["custom-account-name"]
    if context.hub.configuration.accounts.register_before_connect:
        registration.insert(0, "before-connect")
    return {
        SASL.name: ",".join(mechanisms(context.session)),
        ACCOUNT_REGISTRATION.name: ",".join(registration),
        MULTILINE.name: multiline.value(),
        STS.name: f"duration={context.hub.configuration.tls.sts_seconds}",
        METADATA.name: metadata.value(),
    }


def offered(context: Context) -> int:
    """The bits of the capabilities that make sense under this configuration, and for this connection."""
    session = context.session
    mask = ALL_MASK
    if not may(Subject(Role.STRANGER), Action.REGISTER_INVITED, context.hub.policy):
        mask &= ~ACCOUNT_REGISTRATION.bit
    # A policy without its value means nothing, and one that was not asked for by name is for nobody (extensions/sts).
    if not session.version_302 or session.asked_host.lower() not in context.hub.configuration.tls.sts_names:
        mask &= ~STS.bit
    return mask


def _list_bytes(context: Context) -> int:
    """How many bytes one list of capabilities may have, behind the server's name and the nick as they are."""
    prefix = f":{context.hub.configuration.server.name} CAP {context.session.shown_nick} LIST * :\r\n"
    return LINE_BYTES - len(prefix.encode())


def _send(context: Context, subcommand: str, lists: list[str]) -> None:
    """Send lists of capabilities; all but the last with a `*`."""
    nick = context.session.shown_nick
    for index, text in enumerate(lists):
        more = ("*",) if index < len(lists) - 1 else ()
        # The list is always the trailing parameter, even when it is one word: clients look for the colon.
        words = " ".join(("CAP", nick, subcommand, *more))
        context.response.raw(f":{context.hub.configuration.server.name} {words} :{text}\r\n".encode())


def _ls(context: Context) -> None:
    session = context.session
    session.state = after(session.state, Step.NEGOTIATE)
    version = context.param(1) or ""
    if version.isdigit() and version.isascii() and int(version[:9]) >= CAP_VERSION_WITH_VALUES:
        session.version_302 = True
        session.capabilities |= CAP_NOTIFY.bit  # implied by 302 ("cap-notify")
    _send(context, "LS", ls_lines(values(context), session.version_302, offered(context), _list_bytes(context)))


def _list(context: Context) -> None:
    _send(context, "LIST", list_lines(context.session.capabilities, context.session.version_302, _list_bytes(context)))


def _req(context: Context) -> None:
    session = context.session
    session.state = after(session.state, Step.NEGOTIATE)
    request = context.param(1) or ""
    changes = parse_request(request, offered(context))
    if changes is None:
        _answer_request(context, "NAK", request)
        return
    add, remove = changes
    if session.version_302:
        remove &= ~CAP_NOTIFY.bit  # implied by 302: it cannot be turned off ("cap-notify")
    user = session.user
    if user is not None:
        for live in user.rooms.values():
            live.remove_session(session)
    session.set_capabilities((session.capabilities | add) & ~remove)
    if user is not None:
        for live in user.rooms.values():
            live.add_session(session)
    _answer_request(context, "ACK", request)


def _answer_request(context: Context, subcommand: str, request: str) -> None:
    """Repeat the request; one that was as long as a line can be takes two lines."""
    first, rest = request, ""
    if len(request.encode()) > REQUEST_BYTES:
        first = cut(request, REQUEST_BYTES)
        first = first.rpartition(" ")[0] or first
        rest = request[len(first) :]
    _send(context, subcommand, [first])
    if rest:
        _send(context, subcommand, [rest.lstrip(" ")])


def _end(context: Context) -> None:
    session = context.session
    session.state = after(session.state, Step.NEGOTIATED)
    register_when_ready(context.hub, session, context.response)


_SUBCOMMANDS = {"LS": _ls, "LIST": _list, "REQ": _req, "END": _end}
