"""How long the connection waits for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient the connection is; all in seconds."""

    connect: float = 10.0
    """For one address of the server, handshake included."""
    login: float = 30.0
    """From the handshake until the account's rooms are known."""
    silence: float = 30.0
    """Without a byte from the server for so long, it is asked for a sign of life (PING)."""
    answer: float = 15.0
    """So long it may take to answer that; then the link is dead."""
    farewell: float = 2.0
    """How long closing may wait until everything is sent and the server says goodbye."""
