"""What the operations behind securechat-admin and MANAGE work on, and how their errors are worded.

The same code runs inside a server (on the thread `control`, or on a worker) and beside none (in securechat-admin
itself, on the database under its lock). The operations themselves are in `server.management`.
"""

import copy
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from securechat.clock import Clock, wall_clock
from securechat.domain.account import Credentials
from securechat.domain.audit import Act, Deed, Origin
from securechat.errors import (
    AccountExists,
    DomainError,
    InvalidName,
    NoSuchAccount,
    NoSuchInvite,
    NothingToRevokeError,
    SecurechatError,
)
from securechat.server.administration_ports import (
    Certificates,
    LiveEffects,
    NoCertificates,
    NoEffects,
    ServerAddress,
    Store,
)
from securechat.server.configuration import Configuration

if TYPE_CHECKING:
    from securechat.server.hub import Hub
    from securechat.server.passwords import Parameters

CREATED_BY: Final = "securechat-admin"
"""Who made an invite, when it was not the server or an account."""
MAX_NOTE_CHARACTERS: Final = 200
NEVER: Final = "never"

_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_UNIT_MILLISECONDS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass
class AdministrationError(SecurechatError):
    """An operation is refused. `code` is for scripts, `text` is one sentence for people, without any secret."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


NOTHING_TO_DO: Final = "nothing_to_do"
"""The code of an operation that has changed nothing, as all is so already: for a script it is as good as done."""


def nothing_to_do(text: str) -> AdministrationError:
    """Return what says that all is so already, which is told apart from other refusals; it leaves no row."""
    return AdministrationError(NOTHING_TO_DO, text)


class Administration:
    """What an operation has at hand.

    An operation raises AdministrationError, DomainError or StorageError, and then has changed nothing.

    One operation is run at a time, whoever gives the order: what it stores and what it then changes in the running
    server belong together.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        effects: LiveEffects,
        address: Callable[[], ServerAddress],
        *,
        certificates: Certificates | None = None,
        clock: Clock = wall_clock,
        hasher: "Callable[[str, Parameters], Credentials] | None" = None,
        hub: "Callable[[], Hub] | None" = None,
    ) -> None:
        """`address` is asked when a link is made; `hasher` stands in for `passwords.hash_password`.

        `hub` gives that of the running server, or where none runs one that is filled from the database.
        """
        self.configuration = configuration
        self.store = store
        self.effects = effects
        self.address = address
        self.certificates = certificates or NoCertificates()
        self.clock = clock
        self.hasher = hasher
        self._hub = hub
        self.actor = CREATED_BY
        self.origin = Origin.CONSOLE
        self.turn = threading.Lock()
        """Held while an operation is run, its I/O included. The hub lock is taken below it, never above."""

    @property
    def runs(self) -> bool:
        """Whether this is the administration of a running server."""
        return not isinstance(self.effects, NoEffects)

    @property
    def hub(self) -> "Hub":
        """All rooms and who is in them, as they are now; beside no server nobody is present."""
        if self._hub is None:
            raise RuntimeError("this administration was made without a hub")
        return self._hub()

    @property
    def made_by(self) -> str:
        """Who made what is made now, for lists and the log: an account, or `securechat-admin`."""
        return CREATED_BY if self.origin is Origin.CONSOLE else self.actor

    def on_behalf_of(self, actor: str, origin: Origin = Origin.CONSOLE) -> "Administration":
        """Return the same administration, whose acts are recorded as those of `actor`: a user of this machine, or
        by IRC an account.
        """
        made = copy.copy(self)
        made.actor, made.origin = actor, origin
        return made

    def deed(self, act: Act, target: str, room: str = "", detail: str = "", *, reason: str = "") -> Deed:
        """Return what is recorded of an act that is done now."""
        return Deed(act, self.clock(), self.origin, self.actor, target, room, detail, reason)


def parse_duration(text: str) -> int | None:
    """Return the milliseconds that `30m`, `12h` or `7d` stands for; None for `never`. Raises AdministrationError."""
    if text == NEVER:
        return None
    found = _DURATION.fullmatch(text)
    duration = int(found[1]) * _UNIT_MILLISECONDS[found[2]] if found else 0
    if not 0 < duration <= 3_650 * _UNIT_MILLISECONDS["d"]:
        raise AdministrationError(
            "bad_duration", "An invite expires after a time like 30m, 12h or 7d (at most 3650d), or never."
        )
    return duration


def explain(error: SecurechatError) -> tuple[str, str]:
    """Return the code for scripts and the sentence for people of an error that an operation raised."""
    match error:
        case AdministrationError(code, text):
            return code, text
        case AccountExists(name):
            return "account_exists", f"There is an account {name} already (or one whose name counts as the same)."
        case NoSuchAccount(name):
            return "no_such_account", f"There is no account {name}. See: securechat-admin user list"
        case NothingToRevokeError():
            return NOTHING_TO_DO, sentence(str(error))
        case NoSuchInvite(number):
            return "no_such_invite", f"There is no invite number {number}. See: securechat-admin invite list"
        case InvalidName(name, reason):
            return "invalid_name", f"The name {name!r} is not possible: {reason}."
        case DomainError():
            return "refused", "The rules of the chat do not allow this now; look at what it is about, and try again."
        case _:
            return "failed", str(error)


def sentence(text: str) -> str:
    """Return `text` as a sentence: what errors of lower layers say begins small and ends without a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def check_reason(reason: str) -> None:
    """Raise AdministrationError unless `reason` is one line of a bearable length."""
    if len(reason) > MAX_NOTE_CHARACTERS or not reason.isprintable():
        raise AdministrationError("bad_reason", f"A reason is one line of at most {MAX_NOTE_CHARACTERS} characters.")
