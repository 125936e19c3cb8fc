"""TOTP: setting up a second factor, and taking it away again.

Setting one up asks for the password again (and a code, where one is replaced): who has stolen a session must not be
able to shut its owner out. Taking it away and new recovery codes ask for a code.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from securechat.domain.account import Account
from securechat.domain.permissions import needs_second_factor
from securechat.domain.ports import UnitOfWork
from securechat.domain.second_factor import Credential, SecondFactor
from securechat.errors import StorageError
from securechat.protocol import standard_replies as replies
from securechat.server import one_time_codes as codes
from securechat.server.context import Context
from securechat.server.login import count_failure, throttled
from securechat.server.ports import Pool
from securechat.server.presence import register_when_ready
from securechat.server.registry import Stage, command
from securechat.server.second_factors import forget_setups, note_second_factor
from securechat.server.sessions import Setup
from securechat.server.subcommands import Subcommand, Subcommands, given
from securechat.server.verification import Result, admitted, verify, verify_code

T = TypeVar("T")

logger = logging.getLogger(__name__)

SETUP_SECONDS = 600
"""So long a second factor may be confirmed after SETUP."""


def prove(context: Context, account: Account, given: str, then: Callable[[], None]) -> None:
    """Go on with `then` when `given` is the password, with a code if there is a second factor; else answer."""
    now = context.hub.now()
    check = lambda: verify(context, account.name, account, given, now)  # noqa: E731
    _check(context, account, Pool.HASHING, check, replies.INVALID_CREDENTIALS, then)


def prove_code(context: Context, account: Account, code: str, then: Callable[[], None]) -> None:
    """Go on with `then` when `code` is one of the second factor; else answer."""
    now = context.hub.now()
    check = lambda: verify_code(context, account, code, now)  # noqa: E731
    _check(context, account, Pool.READING, check, replies.INVALID_CODE, then)


def _check(
    context: Context,
    account: Account,
    pool: Pool,
    check: Callable[[], Result],
    wrong: replies.StandardReply,
    then: Callable[[], None],
) -> None:
    if throttled(context, account.name):
        return

    changes = account.password_changes

    def checked(result: Result) -> None:
        if throttled(context, account.name, result):
            return
        right = isinstance(result, Credential) and admitted(context, account, result) is not None
        if right and account.password_changes == changes:
            then()
        else:
            count_failure(context, account.name)
            context.response.fail(context.message.command, wrong)

    context.work(pool, check, checked, lambda error: failed(context, error), lambda: _unavailable(context))


def store(
    context: Context, work: Callable[[UnitOfWork], T], then: Callable[[T], None], know: Callable[[T], None]
) -> None:
    """Change the database on a worker; `know` tells the hub of it in any case, `then` answers who is still there."""

    def done(result: T) -> None:
        know(result)
        then(result)

    context.work(
        Pool.READING,
        lambda: context.hub.journal.call(work).result(),
        done,
        lambda error: failed(context, error),
        lambda: _unavailable(context),
        too_late=know,
    )


def failed(context: Context, error: BaseException) -> None:
    """Answer what was not stored."""
    if not isinstance(error, StorageError):
        logger.error("What proves an account could not be looked after", exc_info=error)
    context.response.fail(context.message.command, replies.NOT_STORED)


def _unavailable(context: Context) -> None:
    context.response.fail(context.message.command, replies.TEMPORARILY_UNAVAILABLE)


def _setup(context: Context, account: Account, given: str) -> None:
    """Make a secret and show it; nothing changes before it is confirmed."""

    def proved() -> None:
        hub = context.hub
        setup = context.session.setup = Setup(codes.new_secret(), hub.monotonic() + SETUP_SECONDS)
        uri = codes.uri_of(setup.secret, hub.configuration.server.network, account.name)
        context.response.note("TOTP", replies.TOTP_SECRET, codes.typed(setup.secret), text=uri)

    prove(context, account, given, proved)


def _confirm(context: Context, account: Account, code: str) -> None:
    """Put the secret in force once a code of it was shown."""
    hub, session = context.hub, context.session
    setup = session.setup
    if setup is None or hub.monotonic() > setup.ends:
        session.setup = None
        context.response.fail("TOTP", replies.SECOND_FACTOR_MISSING)
        return
    if throttled(context, account.name):
        return
    use = codes.match(SecondFactor(setup.secret, 0), code, hub.now())
    if use is None:
        count_failure(context, account.name)
        context.response.fail("TOTP", replies.INVALID_CODE)
        return
    forget_setups(hub, account)  # of the others as well, now: of two that are confirmed at once the first one counts
    recovery = codes.new_recovery_codes()
    factor = SecondFactor(setup.secret, use.step, frozenset(codes.digest_of(one) for one in recovery))

    def confirmed(_: None) -> None:
        logger.info("Second factor set up", extra={"account": account.name, "peer": session.outlet.address})
        _show_recovery(context, recovery)
        context.response.note("TOTP", replies.TOTP_CONFIRMED)
        register_when_ready(hub, session, context.response)

    store(
        context,
        lambda unit: unit.second_factors.set(account.id, factor),
        confirmed,
        lambda _: note_second_factor(hub, account, present=True),
    )


def _remove(context: Context, account: Account, code: str) -> None:
    """Take the second factor away, unless the policy asks for it."""
    hub = context.hub
    if needs_second_factor(account, hub.policy):
        text = "A second factor is required here; TOTP SETUP :<password> <code> puts another one in its place"
        context.response.fail("TOTP", replies.SECOND_FACTOR_REQUIRED, text=text)
        return

    def removed(_: bool) -> None:
        logger.info("Second factor removed", extra={"account": account.name})
        context.response.note("TOTP", replies.TOTP_REMOVED)

    _with_code(
        context,
        account,
        code,
        lambda: store(
            context,
            lambda unit: unit.second_factors.remove(account.id),
            removed,
            lambda _: note_second_factor(hub, account, present=False),
        ),
    )


def _recovery(context: Context, account: Account, code: str) -> None:
    """Make new recovery codes; the old ones are good for nothing any more."""
    recovery = codes.new_recovery_codes()
    digests = [codes.digest_of(one) for one in recovery]
    _with_code(
        context,
        account,
        code,
        lambda: store(
            context,
            lambda unit: unit.second_factors.set_recovery(account.id, digests),
            lambda _: _show_recovery(context, recovery),
            lambda _: None,
        ),
    )


def _with_code(context: Context, account: Account, code: str, then: Callable[[], None]) -> None:
    if account.second_factor:
        prove_code(context, account, code, then)
    else:
        context.response.fail("TOTP", replies.SECOND_FACTOR_MISSING)


def _show_recovery(context: Context, recovery: list[str]) -> None:
    for one in recovery:
        context.response.note("TOTP", replies.RECOVERY_CODE, text=one)


def _status(context: Context, account: Account) -> None:
    """Tell whether there is a second factor, and how many recovery codes are left."""

    def shown(factor: SecondFactor | None) -> None:
        if factor is None:
            context.response.note("TOTP", replies.TOTP_STATUS, "off", "0")
        else:
            count = str(len(factor.recovery))
            text = f"The second factor is in force; {count} recovery codes are left"
            context.response.note("TOTP", replies.TOTP_STATUS, "on", count, text=text)

    context.work(
        Pool.READING,
        lambda: context.hub.reader.read(lambda unit: unit.second_factors.of(account.id)),
        shown,
        lambda error: failed(context, error),
        lambda: _unavailable(context),
    )


def _row(name: str, usage: str, help: str, run: Callable[[Context, Account, str], None]) -> Subcommand:  # noqa: A002 - a row's word
    """A form that takes one secret, whatever spaces there are in it."""
    return Subcommand(name, usage, 1, help, lambda context, account: run(context, account, given(context)))


SUBCOMMANDS = Subcommands(
    "TOTP",
    _row("SETUP", ":<password> [<code>]", "make a secret, or another one, and show it", _setup),
    _row("CONFIRM", "<code>", "put it in force", _confirm),
    _row("REMOVE", "<code>", "take the second factor away", _remove),
    _row("RECOVERY", "<code>", "make new recovery codes in place of the old ones", _recovery),
    Subcommand("STATUS", "", 0, "tell whether there is one, and how many recovery codes are left", _status),
)
command("TOTP", params=1, stage=Stage.ANY, help=SUBCOMMANDS.help("your second factor"))(SUBCOMMANDS.run)
