"""Login without any I/O: from the first CAP line to 001, as a transition table.

    START ── CAP LS 302 ──> LISTING ── CAP REQ ──> REQUESTING, and from there
      with a password:  ── AUTHENTICATE ──> OFFERED ──> CHALLENGED ──> PROVING ──> PROVED ──> COMPLETING
      an app password:  ── AUTHENTICATE PLAIN ──> OFFERED_PLAIN ──> PROVED ──> COMPLETING
      a new account:    ── PASS NICK USER REGISTER ──> REGISTERING ──> COMPLETING
      as a guest:       ── PASS NICK USER ──> COMPLETING
    COMPLETING ── 001 ──> WELCOMED
      where a second factor is required first:
               ── TOTP SETUP ──> SETTING_UP ── TOTP CONFIRM ──> CONFIRMING ── 001 ──> WELCOMED

The password itself is sent only by REGISTER and by TOTP SETUP; a login proves it by SCRAM-SHA-256 (RFC 7677),
and the server has to prove that it knows it too. An app password is another matter: the server has made it for one
program, and takes it as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from securechat.client.errors import CannotConnect, LoginRefused
from securechat.client.refusals import login_refusal
from securechat.client.sanitize import sanitize
from securechat.client.setting_up import SettingUp
from securechat.client.texts import _
from securechat.errors import ProtocolError
from securechat.protocol import sasl
from securechat.protocol.message import Message, format_message

NEEDED = ("batch", "draft/chathistory", "echo-message", "labeled-response", "message-tags", "server-time")
"""Without these nothing could be said about what is stored and what was missed."""
WANTED = (
    "account-tag",
    "cap-notify",
    "draft/channel-rename",
    "draft/message-redaction",
    "draft/read-marker",
    "multi-prefix",
    "standard-replies",
)
MECHANISM = "SCRAM-SHA-256"
_MOST_RECOVERY_CODES = 100
_APP_PASSWORD = re.compile(r"(?:[a-z2-7]{4}-){7}[a-z2-7]{4}")
"""What the server makes for programs: good here alone, and accepted by PLAIN alone (docs/second-factor.md)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logs in, and how. Without a password: as a guest."""

    name: str
    password: str = field(default="", repr=False)
    register: bool = False
    """Make the account first."""
    token: str = field(default="", repr=False)
    """What PASS carries: an invite's token, or the password that the whole server has."""
    set_up: SettingUp | None = None
    """Who sets up a second factor where nobody comes in without; None: the login is refused then."""
    code: str | Callable[[], str] = field(default="", repr=False)
    """Of the account's second factor, or what is asked for one at each login; empty: it has none."""


class State(Enum):
    """Where the login stands."""

    START = auto()
    LISTING = auto()  # CAP LS was sent
    REQUESTING = auto()  # CAP REQ was sent
    OFFERED = auto()  # AUTHENTICATE SCRAM-SHA-256 was sent
    OFFERED_PLAIN = auto()  # AUTHENTICATE PLAIN was sent
    CHALLENGED = auto()  # the first SCRAM message was sent: the challenge is to come
    PROVING = auto()  # our proof was sent: the server's proof is to come
    PROVED = auto()  # the server knows the password too
    REGISTERING = auto()  # REGISTER was sent
    COMPLETING = auto()  # CAP END was sent
    SETTING_UP = auto()  # TOTP SETUP was sent
    CONFIRMING = auto()  # TOTP CONFIRM was sent
    WELCOMED = auto()  # 001 came
    REFUSED = auto()


class Step(Enum):
    """What the server said, as far as the table needs to know."""

    OPENED = auto()
    LISTED = auto()
    ACCEPTED_ACCOUNT = auto()
    ACCEPTED_PROGRAM = auto()
    ACCEPTED_NEW = auto()
    ACCEPTED_GUEST = auto()
    CONTINUE = auto()
    SASL_DONE = auto()
    REGISTERED = auto()
    FACTOR_WANTED = auto()
    FACTOR_SECRET = auto()
    FACTOR_WRONG = auto()
    WELCOME = auto()
    REFUSAL = auto()


TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.START, Step.OPENED): State.LISTING,
    (State.LISTING, Step.LISTED): State.REQUESTING,
    (State.REQUESTING, Step.ACCEPTED_ACCOUNT): State.OFFERED,
    (State.REQUESTING, Step.ACCEPTED_PROGRAM): State.OFFERED_PLAIN,
    (State.OFFERED_PLAIN, Step.CONTINUE): State.PROVED,
    (State.REQUESTING, Step.ACCEPTED_NEW): State.REGISTERING,
    (State.REQUESTING, Step.ACCEPTED_GUEST): State.COMPLETING,
    (State.OFFERED, Step.CONTINUE): State.CHALLENGED,
    (State.CHALLENGED, Step.CONTINUE): State.PROVING,
    (State.PROVING, Step.CONTINUE): State.PROVED,
    (State.PROVED, Step.SASL_DONE): State.COMPLETING,
    (State.REGISTERING, Step.REGISTERED): State.COMPLETING,
    (State.COMPLETING, Step.WELCOME): State.WELCOMED,
    (State.COMPLETING, Step.FACTOR_WANTED): State.SETTING_UP,
    (State.SETTING_UP, Step.FACTOR_SECRET): State.CONFIRMING,
    (State.CONFIRMING, Step.FACTOR_WRONG): State.CONFIRMING,
    (State.CONFIRMING, Step.WELCOME): State.WELCOMED,
} | {
    (state, Step.REFUSAL): State.REFUSED for state in State if state not in {State.START, State.WELCOMED, State.REFUSED}
}
"""Every legal pair; a server that answers out of turn is refused."""

_SASL_REFUSALS = frozenset({"902", "904", "905", "906", "907", "908"})
_NAME_REFUSALS = frozenset({"431", "432", "433", "436", "437", "451", "461", "462", "464", "465"})


class Login:
    """One login. Feed it the lines of the server; it answers with lines to send. Used once for each connection."""

    def __init__(self, identity: Identity, nonce: Callable[[], str]) -> None:
        self.state = State.START
        self.capabilities: frozenset[str] = frozenset()
        self.registered = False  # whether an account was made
        self._identity = identity
        self._offered: dict[str, str] = {}
        self._wanted: frozenset[str] = frozenset()  # what CAP REQ asked for
        self._chunks = sasl.ChunkAssembler()
        self._nonce = nonce
        self._scram: sasl.ScramClient | None = None
        self._secret = ("", "")  # of the second factor that is set up: as it is typed, and as a URI
        self._recovery: list[str] = []

    @property
    def _is_program(self) -> bool:
        """Whether the password is one that the server has made for a program."""
        return not self._identity.register and _APP_PASSWORD.fullmatch(self._identity.password) is not None

    def start(self) -> list[bytes]:
        """Return the first lines of the connection."""
        self._move(Step.OPENED)
        return [format_message("CAP", ["LS", "302"])]

    def receive(self, message: Message) -> list[bytes]:
        """Take a line of the server and return what to answer.

        Raises LoginRefused when there is no way in, and CannotConnect when the server just closes.
        """
        handler = _HANDLERS.get(message.command)
        if handler is not None:
            return handler(self, message)
        if message.command in _SASL_REFUSALS:
            return self._on_sasl_refusal(message)
        if message.command in _NAME_REFUSALS:
            raise self._refused(message.command, message)
        return []

    def _move(self, step: Step) -> None:
        """Follow the table; the only place that changes the state."""
        following = TRANSITIONS.get((self.state, step))
        if following is None:
            state = self.state
            self.state = State.REFUSED
            raise LoginRefused(
                _("The server broke the rules of the login ({state}, {step}).").format(state=state.name, step=step.name)
            )
        self.state = following

    def _refused(self, code: str, message: Message) -> LoginRefused:
        self._move(Step.REFUSAL)
        said = message.params[-1] if message.params else ""
        return login_refusal(code, self._identity.name, said)

    # --- capabilities (extensions/capability-negotiation) ---

    def _on_cap(self, message: Message) -> list[bytes]:
        if len(message.params) < 3:
            return []
        subcommand = message.params[1].upper()
        if subcommand == "LS" and self.state is State.LISTING:
            for entry in message.params[-1].split():
                name, _sign, value = entry.partition("=")
                self._offered[name] = value
            return [] if message.params[2] == "*" else self._request()
        if subcommand == "ACK" and self.state is State.REQUESTING:
            self.capabilities |= frozenset(message.params[-1].split())
            return self._identify() if self.capabilities >= self._wanted else []
        if subcommand == "NAK" and self.state is State.REQUESTING:
            self._move(Step.REFUSAL)
            raise LoginRefused(_("The server refused the capabilities that it had offered."), "NAK")
        return []

    def _request(self) -> list[bytes]:
        missing = [name for name in NEEDED if name not in self._offered]
        if missing:
            self._move(Step.REFUSAL)
            raise LoginRefused(
                _("The server lacks what this client needs: {names}.").format(names=", ".join(missing)), "CAP"
            )
        wanted = [*NEEDED, *(name for name in WANTED if name in self._offered), *self._login_capability()]
        self._wanted = frozenset(wanted)
        self._move(Step.LISTED)
        return [format_message("CAP", ["REQ", " ".join(wanted)])]

    def _login_capability(self) -> list[str]:
        """Return the capability that this kind of login needs, after making sure that the server has it."""
        if self._identity.register:
            values = self._offered.get("draft/account-registration", "").split(",")
            if "before-connect" not in values:
                self._move(Step.REFUSAL)
                raise login_refusal("REGISTRATION_CLOSED", self._identity.name, "")
            return ["draft/account-registration"]
        if self._identity.password:
            mechanisms = self._offered.get("sasl", "").split(",")
            wanted = "PLAIN" if self._is_program else MECHANISM
            if "sasl" not in self._offered or (mechanisms != [""] and wanted not in mechanisms):
                self._move(Step.REFUSAL)
                raise LoginRefused(
                    _("The server does not offer {name}, and this client sends no password in clear.").format(
                        name=wanted
                    ),
                    "908",
                )
            return ["sasl"]
        return []

    def _identify(self) -> list[bytes]:
        """Begin the login itself, as the identity asks."""
        identity = self._identity
        if identity.register:
            self._move(Step.ACCEPTED_NEW)
            return [*self._name_lines(), format_message("REGISTER", ["*", "*", identity.password])]
        if self._is_program:
            self._move(Step.ACCEPTED_PROGRAM)
            return [format_message("AUTHENTICATE", ["PLAIN"])]
        if identity.password:
            self._move(Step.ACCEPTED_ACCOUNT)
            return [format_message("AUTHENTICATE", [MECHANISM])]
        self._move(Step.ACCEPTED_GUEST)
        return [*self._name_lines(), format_message("CAP", ["END"])]

    def _name_lines(self) -> list[bytes]:
        name, token = self._identity.name, self._identity.token
        # USER wants an ASCII name without spaces; nobody is shown more of it than this.
        user = "".join(character for character in name if character.isascii() and character.isalnum())[:10] or "user"
        lines = [format_message("PASS", [token])] if token else []
        return [*lines, format_message("NICK", [name]), format_message("USER", [user, "0", "*", name])]

    # --- SASL (extensions/sasl-3.2, RFC 5802) ---

    def _on_authenticate(self, message: Message) -> list[bytes]:
        try:
            data = self._chunks.feed(message.params[0] if message.params else "")
            return [] if data is None else self._answer_challenge(data)
        except ProtocolError as error:
            if self.state is not State.REFUSED:
                self._move(Step.REFUSAL)
            raise LoginRefused(
                _("The server could not prove that it knows the password, so it may not be the one it claims to be."),
                "SCRAM",
            ) from error

    def _answer_challenge(self, data: bytes) -> list[bytes]:
        identity = self._identity
        self._move(Step.CONTINUE)
        if self._is_program:
            return _authenticate(f"\0{identity.name}\0{identity.password}".encode())
        if self.state is State.CHALLENGED:
            self._scram = sasl.ScramClient(identity.name, identity.password, self._nonce(), _code_of(identity))
            return _authenticate(self._scram.first())
        assert self._scram is not None, "it was made for the first message"
        if self.state is State.PROVING:
            return _authenticate(self._scram.final(data))
        if data.startswith(b"e="):  # RFC 5802 section 7, "server-error": it does not accept our proof
            self._move(Step.REFUSAL)
            raise login_refusal("904", self._identity.name, "")
        self._scram.check(data)
        return _authenticate(b"")

    def _on_sasl_done(self, _message: Message) -> list[bytes]:
        self._move(Step.SASL_DONE)
        return [*self._name_lines(), format_message("CAP", ["END"])]

    def _on_sasl_refusal(self, message: Message) -> list[bytes]:
        raise self._refused(message.command, message)

    # --- registration, welcome, refusal ---

    def _on_register(self, message: Message) -> list[bytes]:
        if not message.params or message.params[0] != "SUCCESS":
            raise self._refused("REGISTER", message)
        self._move(Step.REGISTERED)
        self.registered = True
        return [format_message("CAP", ["END"])]

    def _on_fail(self, message: Message) -> list[bytes]:
        identity = self._identity
        wanted = message.params[1:2] == ["SECOND_FACTOR_REQUIRED"]
        if wanted and self.state is State.COMPLETING and identity.set_up is not None:
            self._move(Step.FACTOR_WANTED)
            return [format_message("TOTP", ["SETUP", identity.password])]
        if self.state is State.CONFIRMING and message.params[:2] == ["TOTP", "INVALID_CODE"]:
            self._move(Step.FACTOR_WRONG)
            return self._confirm(again=True)
        raise self._refused(message.params[1] if len(message.params) > 1 else "FAIL", message)

    def _on_note(self, message: Message) -> list[bytes]:
        """Take what is told while a second factor is set up; anything else is of no interest yet."""
        if message.params[:1] != ["TOTP"] or self._identity.set_up is None:
            return []
        code = message.params[1] if len(message.params) > 1 else ""
        if code == "TOTP_SECRET" and len(message.params) > 3:
            self._move(Step.FACTOR_SECRET)
            self._secret = (message.params[2], message.params[3])
            return self._confirm(again=False)
        if code == "RECOVERY_CODE" and len(self._recovery) < _MOST_RECOVERY_CODES:
            self._recovery.append(message.params[-1])
        elif code == "TOTP_CONFIRMED":
            self._identity.set_up.done(self._recovery)
        return []

    def _confirm(self, *, again: bool) -> list[bytes]:
        assert self._identity.set_up is not None, "it has begun"
        code = self._identity.set_up.code(*self._secret, again=again)
        return [format_message("TOTP", ["CONFIRM", code or "none"])]

    def _on_welcome(self, _message: Message) -> list[bytes]:
        self._move(Step.WELCOME)
        return []

    def _on_error(self, message: Message) -> list[bytes]:
        # Too many connections, or a stopping server: nothing that is wrong with this login, so it may be tried again.
        self._move(Step.REFUSAL)
        said = sanitize(message.params[-1]) if message.params else ""
        raise CannotConnect(_("The server closed the connection: {reason}").format(reason=said))


def _code_of(identity: Identity) -> str:
    """Return the code to send, without the spaces with which apps show it."""
    code = identity.code() if callable(identity.code) else identity.code
    return "".join(one for one in code if one.isascii() and (one.isalnum() or one == "-"))[:64]


def _authenticate(data: bytes) -> list[bytes]:
    return [format_message("AUTHENTICATE", [chunk]) for chunk in sasl.chunks(data)]


_HANDLERS: dict[str, Callable[[Login, Message], list[bytes]]] = {
    "CAP": Login._on_cap,  # noqa: SLF001 - the table of this class
    "AUTHENTICATE": Login._on_authenticate,  # noqa: SLF001
    "903": Login._on_sasl_done,  # noqa: SLF001
    "REGISTER": Login._on_register,  # noqa: SLF001
    "NOTE": Login._on_note,  # noqa: SLF001
    "FAIL": Login._on_fail,  # noqa: SLF001
    "001": Login._on_welcome,  # noqa: SLF001
    "ERROR": Login._on_error,  # noqa: SLF001
}
