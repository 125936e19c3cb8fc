"""The commands, one module per family; importing this package fills the registry."""

from securechat.server.commands import (
    accounts,
    authentication,
    authority,
    connection,
    history,
    information,
    markers,
    messages,
    modes,
    negotiation,
    presence,
    registration,
    rooms,
    who,
)

__all__ = [
    "accounts",
    "authentication",
    "authority",
    "connection",
    "history",
    "information",
    "markers",
    "messages",
    "modes",
    "negotiation",
    "presence",
    "registration",
    "rooms",
    "who",
]
