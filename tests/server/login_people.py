"""Who takes part in tests.server.login_machine: connections, and the settings of the server that they come to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from securechat.protocol.sasl import ScramClient
from securechat.server.lifecycle import State
from tests.server.harness import Person, code_of
from tests.server.login_oracle import Owner, Right

T = TypeVar("T")


class Choices:
    """A script: bytes that choose."""

    def __init__(self, script: bytes) -> None:
        self._script = script
        self._next = 0

    @property
    def at_end(self) -> bool:
        return self._next >= len(self._script)

    def one_of(self, options: Sequence[T]) -> T:
        """The option that the next byte says; the first when the script is at its end."""
        if self.at_end:
            return options[0]
        self._next += 1
        return options[self._script[self._next - 1] % len(options)]


@dataclass(eq=False)
class Caller:
    """One connection, and what it has shown."""

    person: Person
    address: str
    certificate: Owner | None = None
    certificate_ends: int = 0  # ms
    serial: str = ""  # of the certificate
    may_stay: bool = False  # was here when its second factor was taken away by an administrator
    sent_away: bool = False  # somebody has ended this very session
    nick: str = ""
    told: str = ""  # the account by 900
    right: Right | None = None  # by what it is logged in
    powers: list[Right] = field(default_factory=list)  # by what it has those of an administrator (OPER)
    passed: list[str] = field(default_factory=list)  # by PASS
    setup: tuple[bytes, float] | None = None  # a second factor that is being set up, and until when (s)
    showed: tuple[str, bytes | None, float] | None = None  # the password that it may change, the secret, until when (s)
    scram: ScramClient | None = None  # an exchange that has begun
    challenge: bytes = b""
    scram_of: tuple[Owner, str, int, str] | None = None  # for whom, with which password, in which turn, with which code
    proved: Right | None = None  # by SCRAM, which ends with one more line of the client
    shown: list[tuple[Right, str]] = field(default_factory=list)  # what it has proved by this step, and for what
    later: list[tuple[Owner, str, bool, str]] = field(default_factory=list)  # what it has shown that was put off
    lines: list[str] = field(default_factory=list)  # what came in this step

    @property
    def is_gone(self) -> bool:
        return self.person.session.state is State.ENDED

    @property
    def is_present(self) -> bool:
        return self.person.session.state is State.PRESENT

    @property
    def is_free(self) -> bool:
        """Whether what it sends is run at once."""
        return not self.is_gone and not self.person.session.busy

    @property
    def codes(self) -> list[str]:
        return [code_of(line) for line in self.lines]


@dataclass
class Policy:
    """The settings of a server that matter here."""

    guests: bool = True
    registration: str = "invite"
    before_connect: bool = True
    second_factor: str = "optional"
    password: str = ""
    failures: int = 1000

    @property
    def settings(self) -> dict[str, object]:
        return {
            "access__guests": self.guests,
            "access__registration": self.registration,
            "access__password": self.password,
            "accounts__register_before_connect": self.before_connect,
            "accounts__second_factor": self.second_factor,
            "limits__failed_logins_per_minute": self.failures,
        }
