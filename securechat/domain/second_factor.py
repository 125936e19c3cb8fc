"""What proves an account beside its password: one-time codes (RFC 6238), recovery codes, app passwords."""

from dataclasses import dataclass, field
from enum import Enum


@dataclass(slots=True, frozen=True)
class SecondFactor:
    """An account's second factor as it is stored. No secret of it is in the repr."""

    secret: bytes = field(repr=False)
    last_step: int  # of the newest code that was used: neither it nor an older one is good any more
    recovery: frozenset[bytes] = field(default=frozenset(), repr=False)  # SHA-256 of the codes that are left


@dataclass(slots=True, frozen=True)
class AppPassword:
    """A password that the server has made for one program of an account. Only its digest is stored."""

    id: int
    name: str
    created: int  # milliseconds since the epoch
    last_used: int | None  # the same; None: never


class Means(Enum):
    """By what a session has logged in."""

    PASSWORD = "password"  # noqa: S105 - a word, not a password
    CERTIFICATE = "certificate"
    APP_PASSWORD = "app password"  # noqa: S105


@dataclass(slots=True, frozen=True)
class Credential:
    """What somebody has proved to log in. It holds no secret, and may be shown to its owner."""

    means: Means
    value: str = ""  # the serial number of the certificate (hex), or the number of the app password
    with_code: bool = False  # a code of the second factor was checked and used up
