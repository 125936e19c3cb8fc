"""Events at certain moments, for tests of what a person sees and is told of."""

from datetime import UTC, datetime, timedelta

from securechat.client.events import Kind, Message

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the moment so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def said(
    number: int,
    text: str = "hello",
    *,
    room: str = "#ops",
    sender: str = "anna",
    own: bool = False,
    old: bool = False,
    token: str = "",
) -> Message:
    """Return message `number`, said so many seconds after noon."""
    return Message(room, sender, text, Kind.MESSAGE, f"e-{number}", at(number), own=own, old=old, token=token)
