"""Who may be logged in to what: a second opinion, kept apart from the server, for tests.server.login_machine.

It knows what a person can know who was told what was set up, shown and taken away, and works everything out from that:
no code of the server is used, one-time codes included (RFC 6238).
"""

import hashlib
import hmac
from dataclasses import dataclass, field

STEP = 30_000
"""How long a one-time code is that of the moment, in ms."""


def code_at(secret: bytes, step: int) -> str:
    """The six digits of a step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"


def plain_form(text: str) -> str:
    """A code that the server has made, without what is there to be read more easily."""
    return text.replace("-", "").lower()


@dataclass(eq=False)
class Owner:
    """Who has an account, and all by which they can prove it."""

    name: str
    password: str
    administrator: bool = False
    suspended: bool = False
    turn: int = 0  # raised by what ends every right that was got before
    changes: int = 0  # of the password: raised by what ends every exchange that has begun
    secret: bytes | None = None  # of the second factor
    newest: int = 0  # the newest step of which a code was used
    recovery: list[str] = field(default_factory=list)
    app_passwords: dict[str, str] = field(default_factory=dict)
    past: list[str] = field(default_factory=list)  # passwords that were good once
    past_codes: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)  # serial numbers of certificates
    resigned: bool = False  # has put the powers of an administrator aside

    def end_rights(self) -> None:
        """Whoever is logged in to the account must be put out."""
        self.turn += 1

    def lacks_factor(self, policy: str) -> bool:
        """Whether the policy asks for a second factor that is not there."""
        return self.secret is None and self.lacks_factor_without(policy)

    def lacks_factor_without(self, policy: str) -> bool:
        """Whether the policy would ask for one if there were none."""
        return policy == "everybody" or (policy == "administrators" and self.administrator)

    def fitting_code(self, code: str, now: int) -> "Code | None":
        """What of the second factor `code` is, if it is good at `now` (ms)."""
        assert self.secret is not None
        if plain_form(code) in map(plain_form, self.recovery):
            return Code(self, self.secret, recovery=plain_form(code))
        steps = [now // STEP + shift for shift in (-1, 0, 1)]
        fitting = [step for step in steps if step > self.newest and code_at(self.secret, step) == code]
        return Code(self, self.secret, step=fitting[-1]) if fitting else None

    def proved_by(self, given: str, now: int, *, app_passwords: bool) -> "Right | None":
        """What somebody has proved who said `given` where a password is asked for; None: nothing."""
        for name, secret in self.app_passwords.items():
            if app_passwords and plain_form(secret) == plain_form(given):
                return Right(self, self.turn, app_password=name, secret=secret)
        if self.secret is None:
            return Right(self, self.turn, changes=self.changes) if given == self.password else None
        password, _, code = given.rpartition(" ")
        fitting = self.fitting_code(code, now)
        if fitting is None or password != self.password:
            return None
        return Right(self, self.turn, changes=self.changes, code=fitting)


@dataclass(frozen=True)
class Code:
    """A code of a second factor, which is good once."""

    owner: Owner
    secret: bytes
    step: int = 0
    recovery: str = ""

    def use(self) -> None:
        """Let it be good for nothing any more."""
        self.owner.past_codes.append(self.recovery or code_at(self.secret, self.step))
        if self.recovery:
            self.owner.recovery = [one for one in self.owner.recovery if plain_form(one) != self.recovery]
        else:
            self.owner.newest = max(self.owner.newest, self.step)


@dataclass(frozen=True)
class Right:
    """By what somebody may be logged in to an account."""

    owner: Owner
    turn: int
    changes: int | None = None  # how often the password had been changed that was shown; None: none was
    app_password: str = ""
    secret: str = ""  # of the app password
    code: Code | None = None
    certificate: str = ""  # its serial number
    made: bool = False  # has made the account

    @property
    def holds(self) -> bool:
        """Whether it does so now."""
        if self.owner.suspended or self.owner.turn != self.turn:
            return False
        if self.changes not in (None, self.owner.changes):
            return False
        if self.certificate:
            return self.certificate not in self.owner.revoked
        return not self.app_password or self.owner.app_passwords.get(self.app_password) == self.secret


@dataclass
class Ticket:
    """An invite."""

    token: str
    left: int  # how many accounts it may still make
    ends: int  # ms
    administrator: bool
    number: int = 0
    revoked: bool = False

    def is_good(self, now: int) -> bool:
        """Whether an account may be made with it at `now` (ms)."""
        return not self.revoked and self.left > 0 and now < self.ends


class Failures:
    """How often logins have failed within a minute, by address and name."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._seen: list[tuple[float, str, str]] = []

    def note(self, now: float, address: str, name: str = "") -> None:
        """One has failed at `now` (s), certainly to log in to `name`; empty: nobody knows to what."""
        self._seen.append((now, address, name.lower()))

    def may_refuse(self, now: float, address: str) -> bool:
        """Whether even a right login may be refused, for those that have failed."""
        return [where for when, where, _ in self._seen if when > now - 60].count(address) >= self.most

    def must_refuse(self, now: float, address: str, name: str) -> bool:
        """Whether even a right login has to be refused."""
        recent = [(where, whom) for when, where, whom in self._seen if when > now - 60]
        return recent.count((address, name.lower())) >= self.most


def digest_of_code(text: str) -> bytes:
    """What a server may keep of a code that it has made."""
    return hashlib.sha256(plain_form(text).encode()).digest()
