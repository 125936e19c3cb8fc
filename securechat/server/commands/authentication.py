"""AUTHENTICATE: logging in by SASL (extensions/sasl-3.2)."""

from securechat.protocol.numerics import (
    ERR_SASLABORTED,
    ERR_SASLALREADY,
    ERR_SASLFAIL,
    ERR_SASLTOOLONG,
    RPL_SASLMECHS,
)
from securechat.protocol.sasl import SaslMalformed, SaslTooLong, ScramRefused, parse_external, parse_plain
from securechat.server.context import Context
from securechat.server.login import (
    EXTERNAL,
    Exchange,
    conclude,
    external,
    fail_login,
    mechanisms,
    plain,
    scram_final,
    scram_first,
)
from securechat.server.registry import Stage, command


@command("AUTHENTICATE", params=1, stage=Stage.ANY, help="AUTHENTICATE <mechanism>|<data>|*: log in by SASL")
def authenticate(context: Context) -> None:
    """Begin, go on with or abort a SASL exchange, before the welcome or after it.

    Who is logged in stays so: another account would be another user, with another nick and other rooms (sasl-3.2,
    "SASL Reauthentication").
    """
    session = context.session
    data = context.params[0]
    if session.account is not None:
        context.response.numeric(ERR_SASLALREADY)
    elif data == "*":
        session.exchange = None
        context.response.numeric(ERR_SASLABORTED)
    elif session.exchange is None:
        _begin(context, data.upper())
    else:
        _go_on(context, session.exchange, data)


def _begin(context: Context, mechanism: str) -> None:
    offered = mechanisms(context.session)
    if mechanism not in offered:
        context.response.numeric(RPL_SASLMECHS, mechanisms=",".join(offered))
        context.response.numeric(ERR_SASLFAIL)
        return
    context.session.exchange = Exchange(mechanism)
    context.response.line("AUTHENTICATE", ("+",))


def _go_on(context: Context, exchange: Exchange, data: str) -> None:
    try:
        message = exchange.assembler.feed(data)
        if message is None:
            return
        if exchange.mechanism == "PLAIN":
            plain(context, parse_plain(message))
        elif exchange.mechanism == EXTERNAL:
            external(context, exchange, parse_external(message))
        elif exchange.scram is None:
            scram_first(context, exchange, message)
        elif exchange.credentials is not None:
            scram_final(context, exchange, message)
        else:
            context.when_stored(lambda: conclude(context, exchange))
    except SaslTooLong:
        context.session.exchange = None
        context.response.numeric(ERR_SASLTOOLONG)
    except (SaslMalformed, ScramRefused):
        fail_login(context, exchange.name)
