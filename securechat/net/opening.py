"""From a finished handshake to a session: by which name the peer has asked, and whose certificate it has shown."""

import logging
from collections.abc import Callable

from securechat.net.connection import Connection
from securechat.protocol.message import format_message
from securechat.server.certificates import REVOKED
from securechat.server.hub import Hub
from securechat.server.server_bans import sentence_of
from securechat.server.sessions import Session
from securechat.server.throttle import Budget

logger = logging.getLogger(__name__)

ReadShown = Callable[[bytes], tuple[str, int, str] | None]
"""Tells whose account a certificate (DER) is for, until when (ms since 1970), and its serial number; None: nobody's."""
NOTHING_SHOWN = ("", 0, "")


def open_session(hub: Hub, connection: Connection, read_shown: ReadShown, now: float) -> Session | None:
    """Begin the session of a connection whose handshake is done, or tell it why not. Hub lock held.

    `now` is monotonic seconds.
    """
    ban = hub.bans.of_address(connection.address, hub.now())
    if ban is not None:
        connection.refusal = sentence_of(ban)  # it was made while the handshake went on
    shown = NOTHING_SHOWN if connection.refusal else _shown(connection, read_shown)
    if shown[2] in hub.revoked_certificates:
        connection.refusal = REVOKED
    if connection.refusal:
        connection.put(format_message("ERROR", (f"Closing link: ({connection.refusal})",)))
        connection.close(connection.refusal)
        return None
    limits = hub.configuration.limits
    session = Session(connection, now, Budget(limits.commands_per_second, limits.command_burst, now))
    session.asked_host = connection.asked_host
    session.certificate_account, session.certificate_ends, session.certificate_serial = shown
    # From here on it is a session that must be ended: nothing that can fail comes between these two.
    hub.sessions[session] = None
    connection.session = session
    return session


def _shown(connection: Connection, read_shown: ReadShown) -> tuple[str, int, str]:
    """Return what the peer's certificate is good for (see ReadShown); no name when it has none of use here.

    The authority has signed it, but whoever asked for it chose what is in it: what cannot be read is no certificate.
    """
    try:
        certificate = connection.peer_certificate()
        return (read_shown(certificate) if certificate else None) or NOTHING_SHOWN
    except Exception as error:  # noqa: BLE001 - the ssl module and parsers of certificates have no common base
        # Not the error's own words: they would repeat what stands in the certificate.
        logger.info(
            "A client's certificate cannot be read (%s); it counts as none",
            type(error).__name__,
            extra={"peer": connection.address},
        )
        return NOTHING_SHOWN
