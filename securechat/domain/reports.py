"""Reports: somebody tells those who look after a place of a message that was said there."""

import json
from dataclasses import asdict, dataclass


@dataclass(slots=True, frozen=True)
class Report:
    """A report as it is stored. It holds no text of the message: who may see that reads it where it stands."""

    number: int  # 1, 2, 3 …
    time: int  # milliseconds since the epoch
    reporter: str  # an account, or `nick (guest)`
    conversation: int  # id of the room or direct conversation
    sequence: int  # of the message
    author: str  # an account, or `nick (guest)`
    reason: str
    closed: int = 0  # when, in milliseconds since the epoch; 0: it is open
    closed_by: str = ""
    outcome: str = ""  # what was done, in the words of who closed it


def encode(report: Report) -> str:
    """Return a report as the text of an event."""
    return json.dumps(asdict(report), ensure_ascii=False)


def decode(text: str) -> Report:
    """Return what `encode` was given."""
    return Report(**json.loads(text))
