"""Messages of several lines (draft/multiline): what of one has come, and the form in which it is stored.

A text of several lines is one event. Its lines are joined by line feeds; behind a line feed, a carriage return says
that the line goes on with the one before without a break (the tag `draft/multiline-concat`). Neither of the two can
stand in a message of one line.
"""

from dataclasses import dataclass, field

from securechat.domain.events import Kind
from securechat.protocol.message import Message

TYPE = "draft/multiline"
"""The type of the batch."""
CONCAT_TAG = "draft/multiline-concat"
"""The tag of a line that goes on with the one before."""
MAX_BYTES = 8192
"""The most bytes of one message, the line feeds between its lines included."""
MAX_LINES = 100
"""The most lines of one message."""
OPEN_SECONDS = 60.0
"""How long a batch may take: its lines cost what every command costs, so a slow one is long at it."""

_GOES_ON = "\r"


@dataclass(slots=True)
class ClientBatch:
    """A batch that a client has opened (extensions/client-batch)."""

    reference: str
    target: str
    message: Message  # the BATCH that opened it: its label and client-only tags are those of the whole
    opened: float  # monotonic seconds
    failed: bool = False  # it was refused: what else comes of it is passed over
    nested: str = ""  # the batch that was opened inside of it, and refused with it
    kind: Kind | None = None  # MESSAGE or NOTICE, as its first line says
    lines: list[str] = field(default_factory=list)
    size: int = 0  # bytes of the text so far

    def add(self, text: str, *, goes_on: bool) -> None:
        """Take a line."""
        goes_on = goes_on and bool(self.lines)
        self.size += len(text.encode()) + (0 if goes_on or not self.lines else 1)
        self.lines.append(_GOES_ON + text if goes_on else text)

    def text(self) -> str:
        """Return the whole in the form in which it is stored."""
        return "\n".join(self.lines)

    def fail(self) -> None:
        """Keep nothing of it but its name."""
        self.failed = True
        self.lines.clear()


def split(text: str) -> list[tuple[str, bool]]:
    """Return the lines of a stored text, each with whether it goes on with the one before."""
    return [(line.removeprefix(_GOES_ON), line.startswith(_GOES_ON)) for line in text.split("\n")]


def shown_alone(text: str) -> list[str]:
    """Return the lines for those who do not know such messages: blank ones are left out ("Fallback")."""
    return [line for line, _ in split(text) if line]


def value() -> str:
    """The value of the capability."""
    return f"max-bytes={MAX_BYTES},max-lines={MAX_LINES}"
