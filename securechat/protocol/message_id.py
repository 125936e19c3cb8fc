"""Message ids (IRCv3 message-ids): the journal's sequence number behind the epoch of the database."""

from typing import Final

_LARGEST: Final = 2**63 - 1  # SQLite's largest integer; more could not even be asked for


class MessageIds:
    """Makes and reads the ids of one database; its epoch keeps them from being those of another."""

    __slots__ = ("_prefix",)

    def __init__(self, epoch: str) -> None:
        self._prefix = f"{epoch}-"

    def format(self, sequence: int) -> str:
        """Return the id of the message with that sequence number: `epoch-sequence`."""
        return f"{self._prefix}{sequence}"

    def parse(self, text: str) -> int | None:
        """Return the sequence number in an id; None for an id of another epoch, or none that `format` would make."""
        digits = text.removeprefix(self._prefix)
        # The length goes first: int() of a very long text is slow.
        if digits == text or len(digits) > len(str(_LARGEST)) or not (digits.isascii() and digits.isdigit()):
            return None
        sequence = int(digits)
        return sequence if digits[0] != "0" and sequence <= _LARGEST else None
