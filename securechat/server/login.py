"""Logging in: the SASL exchange of a session, and what every failure looks like (extensions/sasl-3.2).

Unknown name, wrong password and suspended account cannot be told apart: the same bytes after the same work.
"""

import logging
import secrets
from dataclasses import dataclass, field

from securechat.domain.account import Account, Credentials
from securechat.domain.permissions import must_set_up_first
from securechat.domain.second_factor import Credential, Means, SecondFactor
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.numerics import ERR_SASLFAIL, RPL_LOGGEDIN, RPL_SASLSUCCESS
from securechat.protocol.sasl import ChunkAssembler, PlainResponse, ScramRefused, ScramServer, chunks
from securechat.server.admission import counted_as
from securechat.server.adoption import Adoption
from securechat.server.context import Context
from securechat.server.one_time_codes import NOBODYS, match
from securechat.server.ports import Pool
from securechat.server.presence import has_place, register_when_ready
from securechat.server.sessions import Session
from securechat.server.users import HOST
from securechat.server.verification import Material, Result, Verdict, admitted, material, spent, verify
from securechat.server.waiting import seconds_of, try_again

logger = logging.getLogger(__name__)

MECHANISMS = ("PLAIN", "SCRAM-SHA-256")
"""The SASL mechanisms by password, in the order in which they are offered."""
EXTERNAL = "EXTERNAL"
"""The mechanism by certificate (RFC 4422, appendix A)."""

NONCE_BYTES = 18


@dataclass(slots=True)
class Exchange:
    """A SASL exchange under way: which mechanism, what has come of the current message, how far SCRAM is."""

    mechanism: str
    assembler: ChunkAssembler = field(default_factory=ChunkAssembler)
    scram: ScramServer | None = None
    account: Account | None = None  # whose password is checked; None: nobody can log in by this exchange
    name: str = ""
    credentials: Credentials | None = None
    factor: SecondFactor | None = None
    credential: Credential | None = None  # what was proved


def mechanisms(session: Session) -> tuple[str, ...]:
    """The SASL mechanisms that are offered to a session."""
    return (EXTERNAL, *MECHANISMS) if session.certificate_account else MECHANISMS


def throttled(context: Context, name: str, result: Result | None = None) -> bool:
    """Answer with the seconds to wait when too many logins to `name` have failed from this address.

    Asked before a password is looked at and again before the outcome counts for anything: of attempts that are under
    way at once, no more learn whether they are right than of those that come one by one. Only failures count, so that
    everybody may come back at once after a restart. A `result` that was not looked at is refused whatever the time.
    """
    hub = context.hub
    now = hub.monotonic()
    address = counted_as(context.session.outlet.address)
    wait = hub.limits.failed_logins.wait(f"{address} {fold(name)}", now)
    if not hub.trusted.has(address):
        wait = max(wait, hub.limits.failed_logins_of_address.wait(address, now))
    unseen = result is Verdict.NOT_LOOKED_AT
    if wait or unseen:
        text = try_again("Too many failed logins", wait)
        context.response.fail(context.message.command, replies.RATE_LIMITED, str(seconds_of(wait)), text=text)
    return bool(wait) or unseen


def _refused(context: Context, name: str, acts_as: str, result: Result | None = None) -> bool:
    """Whether an exchange ends before the password is looked at; answered then. `acts_as` is the authzid."""
    if throttled(context, name, result):
        context.session.exchange = None
        context.response.numeric(ERR_SASLFAIL)
        return True
    if acts_as and fold(acts_as) != fold(name):
        fail_login(context, name)  # nobody may act as somebody else
        return True
    return False


def count_failure(context: Context, name: str) -> None:
    """Count a password that was wrong, or good for nothing."""
    hub = context.hub
    now = hub.monotonic()
    address = counted_as(context.session.outlet.address)
    hub.limits.failed_logins.count(f"{address} {fold(name)}", now)
    hub.limits.failed_logins_of_address.count(address, now)


def fail_login(context: Context, name: str) -> None:
    """Answer a login that failed, for whatever reason, and count it."""
    count_failure(context, name)
    context.session.exchange = None
    logger.info("Login failed", extra={"peer": context.session.outlet.address, "account": name})
    context.response.numeric(ERR_SASLFAIL)


def login_failed_here(context: Context, error: BaseException) -> None:
    """Answer a login that failed by our own fault."""
    logger.error("A login could not be checked", exc_info=error)
    busy(context)


def busy(context: Context) -> None:
    """Answer a login that cannot be checked now, as when too many wait already."""
    context.session.exchange = None
    context.response.fail(context.message.command, replies.TEMPORARILY_UNAVAILABLE)
    context.response.numeric(ERR_SASLFAIL)


def logged_in(context: Context, account: Account, credential: Credential) -> None:
    """Take the account for this session and say so (900); `credential` is what `admitted` was asked about."""
    session = context.session
    session.account = account
    session.credential = credential
    session.logged_in_at = context.hub.now()
    session.number = account.newest_session = account.newest_session + 1
    session.exchange = None
    if session.user is not None:
        context.hub.trusted.note(session)
    mask = session.user.source.mask if session.user else f"{session.shown_nick}!{session.username or '*'}@{HOST}"
    context.response.numeric(RPL_LOGGEDIN, mask=mask, account=account.name)


def succeed(context: Context, account: Account, credential: Credential) -> None:
    """Finish a successful exchange; it may have been the last thing that registration waited for.

    The session's own events are on disk: a guest's rooms are (see `adoption`).
    """
    hub, session, response = context.hub, context.session, context.response

    def confirm() -> None:
        logger.info("Logged in", extra={"peer": session.outlet.address, "account": account.name})
        logged_in(context, account, credential)
        response.numeric(RPL_SASLSUCCESS)

    if session.user is None:
        confirm()
        register_when_ready(hub, session, response)
    elif must_set_up_first(account, hub.policy):
        session.exchange = None
        response.fail(context.message.command, replies.SECOND_FACTOR_REQUIRED)
        response.numeric(ERR_SASLFAIL)
    elif account.id not in hub.users_of_account or has_place(hub.users_of_account[account.id]):
        Adoption(hub, session, response, session.user, account).run(confirm)
    else:
        session.exchange = None
        response.fail(context.message.command, replies.TOO_MANY_SESSIONS)
        response.numeric(ERR_SASLFAIL)


def plain(context: Context, response: PlainResponse) -> None:
    """Check a PLAIN response on a worker (RFC 4616); with a second factor, the password is `<password> <code>`."""
    name = response.authcid
    if _refused(context, name, response.authzid):
        return
    account = context.hub.accounts.get(fold(name))
    exchange = context.session.exchange
    assert exchange is not None, "a response belongs to an exchange"
    exchange.name, exchange.account = name, account
    now = context.hub.now()

    def then(result: Result) -> None:
        if _refused(context, name, "", result):
            return
        allowed = admitted(context, exchange.account, result) if isinstance(result, Credential) else None
        if allowed is not None and isinstance(result, Credential):
            succeed(context, allowed, result)
        else:
            fail_login(context, name)

    context.work(
        Pool.HASHING,
        lambda: verify(context, name, account, response.password, now, app_passwords=True),
        then,
        failed=lambda error: login_failed_here(context, error),
        busy=lambda: busy(context),
    )


def external(context: Context, exchange: Exchange, acts_as: str) -> None:
    """Let in whom the certificate of the connection is for, which TLS has verified."""
    name = context.session.certificate_account
    if _refused(context, name, acts_as):
        return
    if context.hub.now() >= context.session.certificate_ends:
        fail_login(context, name)  # it was good when the connection began, which may be long ago
        return
    exchange.name, exchange.account = name, context.hub.accounts.get(fold(name))
    exchange.credential = Credential(Means.CERTIFICATE, context.session.certificate_serial)
    context.when_stored(lambda: conclude(context, exchange))


def conclude(context: Context, exchange: Exchange) -> None:
    """The client has proved who it is; the account may have been suspended meanwhile."""
    credential = exchange.credential
    account = admitted(context, exchange.account, credential) if credential is not None else None
    if account is None or credential is None:
        fail_login(context, exchange.name)
    else:
        succeed(context, account, credential)


def scram_first(context: Context, exchange: Exchange, data: bytes) -> None:
    """Answer client-first with salt and iterations (RFC 5802 section 5)."""
    scram = ScramServer(data)
    name = scram.user
    if _refused(context, name, scram.authzid):
        return
    exchange.scram = scram
    exchange.name = name
    exchange.account = context.hub.accounts.get(fold(name))

    def then(found: Material) -> None:
        if context.session.exchange is not exchange:
            return  # aborted meanwhile
        credentials = found.credentials
        exchange.credentials, exchange.factor = credentials, found.factor
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        challenge = scram.challenge(credentials.scram_salt, credentials.scram_iterations, nonce)
        send_chunks(context, challenge)

    context.work(
        Pool.READING,
        lambda: material(context, name, exchange.account),
        then,
        failed=lambda error: login_failed_here(context, error),
        busy=lambda: busy(context),
    )


def scram_final(context: Context, exchange: Exchange, data: bytes) -> None:
    """Check client-final; the server's signature goes out before the 900, and is answered with `+`."""
    scram, credentials = exchange.scram, exchange.credentials
    assert scram is not None, "client-final comes after client-first"
    assert credentials is not None, "the session was busy until they were read"
    if _refused(context, exchange.name, ""):
        return
    try:
        signature = scram.verify(data, credentials.scram_stored_key, credentials.scram_server_key)
    except ScramRefused:
        signature = b""
    account, factor = exchange.account, exchange.factor
    # The code is looked at even if the proof is wrong: else the time would tell that a password is right.
    use = match(factor or NOBODYS, scram.code, context.hub.now())
    if not signature:
        fail_login(context, exchange.name)
    elif account is None or factor is None:
        _proved(context, exchange, signature, Credential(Means.PASSWORD))
    elif use is None:
        fail_login(context, exchange.name)
    else:
        context.work(
            Pool.READING,
            lambda: spent(context, account, use),
            lambda right: _spent(context, exchange, signature, right=right),
            failed=lambda error: login_failed_here(context, error),
            busy=lambda: busy(context),
        )


def _spent(context: Context, exchange: Exchange, signature: bytes, *, right: bool) -> None:
    """The code is used up, or was so before."""
    if _refused(context, exchange.name, ""):
        return
    if right:
        _proved(context, exchange, signature, Credential(Means.PASSWORD, with_code=True))
    else:
        fail_login(context, exchange.name)


def _proved(context: Context, exchange: Exchange, signature: bytes, credential: Credential) -> None:
    """Prove in return that the server knows the account, if the client may log in."""
    if admitted(context, exchange.account, credential) is None:
        fail_login(context, exchange.name)
        return
    exchange.credential = credential
    exchange.credentials = exchange.factor = None  # what remains is the client's `+`
    send_chunks(context, signature)


def send_chunks(context: Context, data: bytes) -> None:
    """Send a challenge in pieces of 400 characters."""
    for chunk in chunks(data):
        context.response.line("AUTHENTICATE", (chunk,))
