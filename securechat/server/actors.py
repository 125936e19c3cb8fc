"""Who acts: what changes a room asks of them, and for whom it is counted what somebody does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from securechat.domain.audit import Act, Deed
from securechat.domain.events import Source
from securechat.protocol.standard_replies import StandardReply
from securechat.server.admission import counted_as
from securechat.server.sessions import Session

if TYPE_CHECKING:
    from securechat.server.entries import Entry
    from securechat.server.hub import Hub


class Actor(Protocol):
    """Somebody who changes a room: by a command (server.context), or by an operation of the administration."""

    @property
    def hub(self) -> "Hub":
        """All shared state, whose lock is held."""

    @property
    def source(self) -> Source:
        """Whom the others see do it."""

    @property
    def session(self) -> Session | None:
        """The session that has asked for it, if one has."""

    @property
    def counted_for(self) -> str:
        """For whom it counts."""

    def failure(self, reply: StandardReply, target: str) -> Callable[[str], bytes] | None:
        """Return what tells the session that something could not be stored (see entries.Publication)."""

    def publish(self, entry: "Entry") -> None:
        """Hand an entry to the journal, behind those before."""

    def deed(self, act: Act, room: str, target: str = "", detail: str = "", reason: str = "") -> Deed:
        """Return what is recorded of an act that is done now in `room` (on the wire)."""


def counted_for(session: Session) -> str:
    """Return the key for limits of a session: an account counts over all of its sessions, guests by their address.

    For a nick is quickly given up.
    """
    account = session.user.account if session.user is not None else session.account
    return counted_as(session.outlet.address) if account is None else f"account {account.id}"
