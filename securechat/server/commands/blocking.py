"""SILENCE: blocking a person for oneself, on all devices (known from ircu; here it takes people instead of masks)."""

from securechat.domain.room import party_of_account
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.numerics import ERR_NOSUCHNICK, ERR_SILELISTFULL, RPL_ENDOFSILELIST, RPL_SILELIST
from securechat.server.blocks import MOST_BLOCKED, change, name_of
from securechat.server.context import Context
from securechat.server.registry import command
from securechat.server.targets import find_person
from securechat.server.users import PersonKey


@command(
    "SILENCE", help="SILENCE [+<nick>|-<nick>]: block a person for yourself, or hear them again; show whom you block"
)
def silence(context: Context) -> None:
    """Block somebody, hear them again, or list whom one blocks."""
    wanted = context.param(0) or ""
    sign, name = (wanted[0], wanted[1:]) if wanted[:1] in ("+", "-") else ("+", wanted)
    name = name.partition("!")[0]  # `nick!*@*` is what older clients make of a nick
    if not wanted:
        _list(context)
        return
    key = _find(context, name)
    if key is None:
        context.response.numeric(ERR_NOSUCHNICK, nick=name)
    elif key == context.user.key:
        context.response.fail("SILENCE", replies.INVALID_TARGET, name, text="You cannot block yourself")
    else:
        _change(context, key, block=sign == "+")


def _list(context: Context) -> None:
    hub, user = context.hub, context.user
    for key in hub.blocks.of(user.key):
        context.response.numeric(RPL_SILELIST, nick=user.nick, name=name_of(hub, key))
    context.response.numeric(RPL_ENDOFSILELIST, nick=user.nick)


def _find(context: Context, name: str) -> PersonKey | None:
    """Return who goes by that nick, or the account of that name."""
    found = find_person(context.hub, name)
    if found is None:
        return None
    party, _, present = found
    if present is not None:
        return present.key
    account = context.hub.accounts[fold(name)]
    assert party == party_of_account(account.id), "nobody who is absent is a guest"
    return account.id


def _change(context: Context, key: PersonKey, *, block: bool) -> None:
    """Do it and tell all devices; what is so already is told to this one alone."""
    hub, user = context.hub, context.user
    blocked = hub.blocks.of(user.key)
    name = name_of(hub, key)
    if (key in blocked) is block:
        context.response.line("SILENCE", (f"{'+' if block else '-'}{name}",), source=user.source.mask)
    elif block and len(blocked) >= MOST_BLOCKED:
        context.response.numeric(ERR_SILELISTFULL, name=name, limit=MOST_BLOCKED)
    else:
        failure = context.failure(replies.NOT_STORED, name)
        context.response.publish(change(hub, user, key, block=block, session=context.session, failure=failure))
