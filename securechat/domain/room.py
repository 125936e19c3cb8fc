"""Rooms and direct conversations as the chat knows them, without any connection."""

from dataclasses import dataclass, field

from securechat.domain.roles import ListEntry, RoomRules


@dataclass(slots=True)
class Room:
    """A room: its name, topic and age. Who is in it lives in the hub (present users) and the database (accounts)."""

    id: int
    name: str  # on the wire: `#general`
    created: int  # milliseconds since the epoch
    topic: str = ""
    topic_by: str = ""  # nick!user@host of who set it
    topic_time: int = 0  # milliseconds since the epoch
    last_sequence: int = 0  # the newest event recorded in it; 0: nothing yet
    rules: RoomRules = field(default_factory=RoomRules)
    lists: dict[str, list[ListEntry]] = field(default_factory=dict)  # by letter (protocol.modes), oldest first


@dataclass(slots=True)
class DirectConversation:
    """The messages between two parties, each an account or a guest (see `party_of_account`, `party_of_guest`)."""

    id: int
    parties: tuple[str, str]  # sorted; equal when somebody writes to themselves
    last_sequence: int = 0


def party_of_account(account_id: int) -> str:
    """The key by which an account takes part in direct conversations; it survives a change of nick."""
    return f"a{account_id}"


def party_of_guest(folded_nick: str) -> str:
    """The key of a guest: nobody can ever read history by it, as guests prove nothing but their nick."""
    return f"g{folded_nick}"


def parties(one: str, other: str) -> tuple[str, str]:
    """The sorted pair of party keys that names a direct conversation."""
    return (one, other) if one <= other else (other, one)
