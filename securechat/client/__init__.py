"""The client: a library for bots, and the line client that stands on it.

Names are imported when they are first used, so that a command line that only prints its help starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from securechat.client.address import Address
    from securechat.client.errors import (
        CannotConnect,
        ClientError,
        LoginRefused,
        NotDelivered,
        RoomRefused,
        Untrusted,
        UsageError,
    )
    from securechat.client.events import (
        CodeNeeded,
        Connected,
        Disconnected,
        Ended,
        Event,
        Gap,
        Invited,
        Joined,
        Kind,
        Knocked,
        Left,
        Message,
        ModeChanged,
        ReadUpTo,
        Redacted,
        Renamed,
        RoomRenamed,
        ServerText,
        TopicChanged,
    )
    from securechat.client.library import Client, RoomInfo
    from securechat.client.outbox import Delivery
    from securechat.client.timing import Timing

_HOMES = {
    "address": ("Address",),
    "errors": (
        "CannotConnect",
        "ClientError",
        "LoginRefused",
        "NotDelivered",
        "RoomRefused",
        "Untrusted",
        "UsageError",
    ),
    "events": (
        "CodeNeeded",
        "Connected",
        "Disconnected",
        "Ended",
        "Event",
        "Gap",
        "Invited",
        "Joined",
        "Kind",
        "Knocked",
        "Left",
        "Message",
        "ModeChanged",
        "ReadUpTo",
        "Redacted",
        "Renamed",
        "RoomRenamed",
        "ServerText",
        "TopicChanged",
    ),
    "library": ("Client", "RoomInfo"),
    "outbox": ("Delivery",),
    "timing": ("Timing",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Address",
    "CannotConnect",
    "Client",
    "ClientError",
    "CodeNeeded",
    "Connected",
    "Delivery",
    "Disconnected",
    "Ended",
    "Event",
    "Gap",
    "Invited",
    "Joined",
    "Kind",
    "Knocked",
    "Left",
    "LoginRefused",
    "Message",
    "ModeChanged",
    "NotDelivered",
    "ReadUpTo",
    "Redacted",
    "Renamed",
    "RoomInfo",
    "RoomRefused",
    "RoomRenamed",
    "ServerText",
    "Timing",
    "TopicChanged",
    "Untrusted",
    "UsageError",
]


def __getattr__(name: str) -> object:
    """Import a public name from its module (PEP 562)."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
