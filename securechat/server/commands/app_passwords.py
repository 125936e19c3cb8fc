"""APPPASSWORD: passwords that the server makes for programs, which know no second factor.

They are accepted by PLAIN alone: of SCRAM the server would have to keep a verifier of each, and to know which one is
meant before the client has said so. Making one asks for the password (and a code) again; revoking one does not, so that
it is quick when something was stolen.
"""

import logging

from securechat.clock import format_time
from securechat.domain.account import Account
from securechat.domain.second_factor import AppPassword
from securechat.protocol import standard_replies as replies
from securechat.server import one_time_codes as codes
from securechat.server.commands.second_factor import failed, prove, store
from securechat.server.context import Context
from securechat.server.ports import Pool
from securechat.server.registry import command
from securechat.server.second_factors import end_app_password
from securechat.server.subcommands import Subcommand, Subcommands, given

logger = logging.getLogger(__name__)

MOST = 20
"""How many an account may have."""
NAME_CHARACTERS = 30


def _wish(context: Context, account: Account) -> None:
    """Make one under a name that can be one, once the password was shown."""
    name = context.params[1]
    if " " in name or name.startswith(":") or not name.isprintable() or len(name) > NAME_CHARACTERS:
        text = f"The name of an app password is one word of at most {NAME_CHARACTERS} characters"
        context.response.fail("APPPASSWORD", replies.INVALID_PARAMS, "ADD", text=text)
    else:
        prove(context, account, given(context, 2), lambda: _add(context, account, name))


def _add(context: Context, account: Account, name: str) -> None:
    hub = context.hub
    secret, now = codes.new_app_password(), hub.now()
    digest = codes.digest_of(secret)

    def know(made: AppPassword | None) -> None:
        if made is not None:
            hub.app_passwords.add(made.id)

    def answer(made: AppPassword | None) -> None:
        if made is None:
            context.response.fail("APPPASSWORD", replies.APP_PASSWORD_REFUSED, name)
            return
        logger.info("App password made", extra={"account": account.name, "app_password": made.id})
        context.response.note("APPPASSWORD", replies.APP_PASSWORD_ADDED, name, text=secret)

    store(
        context,
        lambda unit: unit.second_factors.add_app_password(account.id, name, digest, time=now, most=MOST),
        answer,
        know,
    )


def _list(context: Context, account: Account) -> None:
    def shown(rows: list[AppPassword]) -> None:
        for one in rows:
            used = format_time(one.last_used) if one.last_used is not None else "*"
            text = f"made {format_time(one.created)}, " + ("never used" if used == "*" else f"last used {used}")
            params = (one.name, format_time(one.created), used)
            context.response.note("APPPASSWORD", replies.APP_PASSWORD, *params, text=text)
        context.response.note("APPPASSWORD", replies.APP_PASSWORDS_END)

    context.work(
        Pool.READING,
        lambda: context.hub.reader.read(lambda unit: unit.second_factors.app_passwords(account.id)),
        shown,
        lambda error: failed(context, error),
        lambda: context.response.fail("APPPASSWORD", replies.TEMPORARILY_UNAVAILABLE),
    )


def _revoke(context: Context, account: Account, name: str) -> None:
    hub = context.hub

    def know(number: int) -> None:
        if number:
            end_app_password(hub, number)

    def answer(number: int) -> None:
        if not number:
            context.response.fail("APPPASSWORD", replies.UNKNOWN_APP_PASSWORD, name)
            return
        logger.info("App password revoked", extra={"account": account.name, "app_password": number})
        context.response.note("APPPASSWORD", replies.APP_PASSWORD_REVOKED, name)

    store(context, lambda unit: unit.second_factors.remove_app_password(account.id, name), answer, know)


SUBCOMMANDS = Subcommands(
    "APPPASSWORD",
    Subcommand("ADD", "<name> :<password> [<code>]", 2, "make one, which is shown once", _wish),
    Subcommand("LIST", "", 0, "show their names, and when they were used", _list),
    Subcommand(
        "REVOKE",
        "<name>",
        1,
        "let it count no more; what came in by it ends",
        lambda context, account: _revoke(context, account, context.params[1]),
    ),
)
command("APPPASSWORD", params=1, help=SUBCOMMANDS.help("passwords for programs of yours"))(SUBCOMMANDS.run)
