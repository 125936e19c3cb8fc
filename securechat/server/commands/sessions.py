"""SESSIONS: who is logged in to one's own account, and ending that. No specification: it is our own.

Revoking asks for nothing: it has to be quick when something was stolen. That is why it works before the welcome, too,
as when there are as many sessions as there may be.
"""

import logging
from collections.abc import Mapping

from securechat.clock import format_time
from securechat.domain.account import Account
from securechat.domain.second_factor import Credential, Means
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import cut
from securechat.server.administration_ports import SessionFacts
from securechat.server.context import Context
from securechat.server.own_sessions import abort_logins, facts_of, revoke, sessions_of
from securechat.server.ports import Pool
from securechat.server.registry import Stage, command
from securechat.server.rendering import LINE_BYTES
from securechat.server.subcommands import Subcommand, Subcommands

logger = logging.getLogger(__name__)

PROGRAM_CHARACTERS = 40
"""The longest name that a program may give itself."""
MOST_LISTED = 100
"""How many sessions are listed: the newest. Those that are welcomed are fewer; of others nothing is known."""


def _list(context: Context, account: Account) -> None:
    """Show them; the names of app passwords are on disk."""
    own = context.session.number
    facts = [facts_of(context.hub, one) for one in sessions_of(context.hub, account)[-MOST_LISTED:]]

    def shown(names: Mapping[str, str]) -> None:
        for one in facts:
            _show(context, one, names, own=one.number == own)
        context.response.note("SESSIONS", replies.SESSIONS_END)

    def read() -> Mapping[str, str]:
        rows = context.hub.reader.read(lambda unit: unit.second_factors.app_passwords(account.id))
        return {str(one.id): one.name for one in rows}

    def failed(error: BaseException) -> None:
        logger.error("The names of app passwords could not be read", exc_info=error)
        shown({})

    busy = lambda: context.response.fail("SESSIONS", replies.TEMPORARILY_UNAVAILABLE)  # noqa: E731
    context.work(Pool.READING, read, shown, failed, busy)


def _show(context: Context, facts: SessionFacts, names: Mapping[str, str], *, own: bool) -> None:
    # No parameter but the last may begin with a colon, as an IPv6 address may.
    address = f"0{facts.address}" if facts.address.startswith(":") else facts.address
    word = _word(facts.credential, names)
    times = (format_time(facts.since), format_time(facts.active))
    params = (str(facts.number), *times, address, word, "this" if own else "other")
    parts = ["this session"] if own else []
    parts.append(f"by {means_of(facts.credential, names)}")
    parts += [] if facts.present else ["not in the chat yet"]
    parts += [facts.program] if facts.program else []
    text = "; ".join(parts)
    bare = replies.note(context.hub.configuration.server.name, "SESSIONS", replies.SESSION, params, "")
    context.response.note("SESSIONS", replies.SESSION, *params, text=cut(text, LINE_BYTES - len(bare)))


def _word(credential: Credential, names: Mapping[str, str]) -> str:
    """By what a session has logged in, in one word for programs."""
    if credential.means is Means.APP_PASSWORD:
        return f"app-password:{names.get(credential.value, credential.value)}"
    if credential.means is Means.CERTIFICATE:
        return f"certificate:{credential.value}"
    return "password+code" if credential.with_code else "password"


def means_of(credential: Credential, names: Mapping[str, str]) -> str:
    """By what a session has logged in, in words for people."""
    if credential.means is Means.APP_PASSWORD:
        return f"the app password {names.get(credential.value, 'number ' + credential.value)}"
    if credential.means is Means.CERTIFICATE:
        return f"the certificate {credential.value}"
    return "password and one-time code" if credential.with_code else "password"


def _revoke(context: Context, account: Account, given: str) -> None:
    found = sessions_of(context.hub, account)
    own = context.session
    word = given.lower()
    if word == "others":
        found = [one for one in found if one is not own]
    elif word != "all":
        found = [one for one in found if str(one.number) == given]
        if not found:
            context.response.fail("SESSIONS", replies.UNKNOWN_SESSION, given[:50])
            return
    for one in found[:MOST_LISTED]:
        context.response.note("SESSIONS", replies.SESSION_REVOKED, str(one.number))
    if word in ("others", "all"):
        abort_logins(context.hub, account.id)
        context.response.note("SESSIONS", replies.SESSIONS_END)
    revoke(context.hub, found, f"session {own.number} of the account")
    logger.info("Sessions revoked", extra={"account": account.name, "count": len(found)})


def _name(context: Context, given: str) -> None:
    if len(given) > PROGRAM_CHARACTERS or not given.isprintable():
        text = f"The name of a program has at most {PROGRAM_CHARACTERS} characters"
        context.response.fail("SESSIONS", replies.INVALID_PARAMS, "NAME", text=text)
        return
    context.session.program = given
    context.response.note("SESSIONS", replies.SESSION_NAMED, text=given)


SUBCOMMANDS = Subcommands(
    "SESSIONS",
    Subcommand("LIST", "", 0, "show them: since when, from where, by what", _list),
    Subcommand(
        "REVOKE",
        "<number>|others|all",
        1,
        "end one, all but this one, or all",
        lambda context, account: _revoke(context, account, context.params[1]),
    ),
    Subcommand(
        "NAME",
        ":<program>",
        1,
        "say what this session is called in the list",
        lambda context, _: _name(context, context.params[1]),
    ),
)
command("SESSIONS", params=1, stage=Stage.ANY, help=SUBCOMMANDS.help("who is logged in to your account"))(
    SUBCOMMANDS.run
)
