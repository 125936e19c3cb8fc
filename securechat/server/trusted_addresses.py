"""From where administrators are connected now: no limit for an address may lock them out."""

from securechat.domain.permissions import never_locked_out
from securechat.server.admission import counted_as
from securechat.server.sessions import Session

LOOPBACK = frozenset({"127.0.0.1", counted_as("::1")})
"""Who is on the machine itself."""


class TrustedAddresses:
    """The addresses of administrators' sessions. Changed under the hub lock; asked without any."""

    __slots__ = ("_sessions", "addresses")

    def __init__(self) -> None:
        self._sessions: dict[Session, str] = {}
        self.addresses = LOOPBACK
        """As `counted_as` writes them; replaced as a whole."""

    def note(self, session: Session) -> None:
        """A session is welcome, or has logged in later, or its account is an administrator's now, or one no more."""
        if never_locked_out(session.account):
            self._sessions[session] = counted_as(session.outlet.address)
            self._renew()
        else:
            self.forget(session)

    def forget(self, session: Session) -> None:
        """A session has ended, or is of no administrator any more."""
        if self._sessions.pop(session, None) is not None:
            self._renew()

    def _renew(self) -> None:
        self.addresses = LOOPBACK.union(self._sessions.values())

    def has(self, address: str) -> bool:
        """Whether somebody at `address` is on the machine itself, or shares it with an administrator."""
        return counted_as(address) in self.addresses
