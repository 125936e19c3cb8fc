"""Revoked certificates of clients, as they take effect: whose sessions end. Under the hub lock."""

from collections.abc import Set

from securechat.domain.second_factor import Means
from securechat.server.hub import Hub
from securechat.server.presence import end_soon
from securechat.server.sessions import Session

REVOKED = "This client certificate was revoked"
"""What a client is told that has shown such a one."""


def take_over(hub: Hub, revoked: Set[str]) -> None:
    """Let these serial numbers be revoked from now on, and end the sessions that depend on such a certificate."""
    hub.revoked_certificates = frozenset(revoked)
    for session in hub.sessions:
        if session.certificate_serial in hub.revoked_certificates and _depends(session):
            end_soon(hub, session, REVOKED)


def _depends(session: Session) -> bool:
    """Whether the session has logged in by its certificate, or still could."""
    credential = session.credential
    return credential is None or credential.means is Means.CERTIFICATE
