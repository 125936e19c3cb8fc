"""The errors that a user can cause, as data: texts for people are made where they are shown.

SecurechatError
├── ProtocolError        the peer sent bytes that are not the protocol
├── ConfigurationError   the operator's files or flags are wrong (carries every problem found)
├── CannotListen         an address or port is not to be had now (carries every problem found)
├── TrustError           a certificate is not what it must be
│   └── NothingToRevokeError   it is revoked already
├── StorageError         the database cannot do it (full disk, newer schema, locked)
└── DomainError          a rule of the chat says no
"""

from dataclasses import dataclass


class SecurechatError(Exception):
    """Base of all errors that are somebody's doing and not a bug of ours."""


class ProtocolError(SecurechatError):
    """The peer sent something that is not the protocol."""


class ConfigurationError(SecurechatError):
    """The configuration is wrong; `problems` lists everything found, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CannotListen(SecurechatError):  # noqa: N818 - read as the sentence that it is
    """Addresses or ports are not to be had, perhaps only for now; `problems` lists every one, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class TrustError(SecurechatError):
    """A certificate or key is not what it must be; the text says what was expected, what was found and what to do."""


class NothingToRevokeError(TrustError):
    """What was to be revoked is so already."""


class StorageError(SecurechatError):
    """The database cannot do what was asked; the text is one line for the operator."""


class DomainError(SecurechatError):
    """A rule of the chat says no. Subclasses carry data; `server/error_replies.py` words them."""


@dataclass
class AccountExists(DomainError):  # noqa: N818 - read as the sentence that it is
    """An account of that name (or one that folds to the same) is there already."""

    name: str


@dataclass
class NoSuchAccount(DomainError):  # noqa: N818
    """No account has that name."""

    name: str


@dataclass
class NoSuchRoom(DomainError):  # noqa: N818
    """There is no such room, or none that the asker may know of."""

    name: str


@dataclass
class NoSuchInvite(DomainError):  # noqa: N818
    """No invite has that number."""

    number: int


@dataclass
class TooManyInvites(DomainError):  # noqa: N818
    """As many invites of `whose` ("yours", the room's) are open as may be."""

    most: int
    whose: str


@dataclass
class InviteRefused(DomainError):  # noqa: N818
    """An invite cannot be used; `reason` is one of "unknown", "used", "expired", "revoked", "withdrawn" (its maker may
    not invite any more), "for members" (it makes no account), "guest" (it needs an account) and "hidden" (whatever it
    is: whoever shows it may not know whether there is such a room). `room` is what they wanted to enter by it.
    """

    reason: str
    room: str = ""


@dataclass
class NotInRoom(DomainError):  # noqa: N818
    """The user is not a member of the room."""

    room: str


@dataclass
class NotPermitted(DomainError):  # noqa: N818
    """The permission table says no; `action` is the name of the Action."""

    action: str
    room: str = ""


@dataclass
class InvalidName(DomainError):  # noqa: N818
    """A nick or account name breaks the rules; `reason` says which rule in plain English."""

    name: str
    reason: str


@dataclass
class InvalidRoomName(InvalidName):
    """A room's name breaks the rules."""
