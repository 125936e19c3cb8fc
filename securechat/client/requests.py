"""Which lines answer which request: labels and batches, without any I/O (labeled-response, batch)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from securechat.client.errors import ClientError
from securechat.client.repeating import may_repeat
from securechat.client.texts import _
from securechat.errors import ProtocolError
from securechat.protocol.message import Message, format_message

MAX_BATCH_LINES = 20_000
"""A longer batch is no answer to anything that we ask for."""
_MAX_OPEN_BATCHES = 64
_COLLECTED = frozenset({"chathistory", "draft/chathistory-targets"})
"""Batches whose lines tell of the past: they change nothing by themselves."""

Done = Callable[[Sequence[Message]], None]
"""Takes all lines of an answer; for a history batch without the frame."""


@dataclass(slots=True, eq=False)
class Request:
    """A command that waits for its answer."""

    command: str
    params: list[str]
    done: Done
    fail: Callable[[ClientError], None]
    """Called instead of `done` when the link is lost for good, or lost and the command may not be sent twice."""
    again: bool | None = None
    """Whether the command may be sent again over a new link; None: as the table says (repeating.py)."""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def repeats(self) -> bool:
        """Whether it is sent again over a new link."""
        return may_repeat(self.command, self.params) if self.again is None else self.again

    def line(self, label: str) -> bytes:
        """Return the line to send."""
        return format_message(self.command, self.params, tags={"label": label, **self.tags})


@dataclass(slots=True)
class _Batch:
    kind: str
    label: str
    parent: "_Batch | None"
    lines: list[Message] = field(default_factory=list)


class Answers:
    """Matches the lines of one connection to the requests that were sent on it."""

    def __init__(self) -> None:
        self._waiting: dict[str, Request] = {}
        self._batches: dict[str, _Batch] = {}
        self._count = 0

    def send(self, request: Request) -> bytes:
        """Return the line of a request, with a label of its own, and remember it."""
        self._count += 1
        label = f"{self._count:x}"
        self._waiting[label] = request
        return request.line(label)

    def waiting(self) -> list[Request]:
        """Return the requests without an answer, oldest first."""
        return list(self._waiting.values())

    def forget(self, request: Request) -> None:
        """Drop a request: its answer, if it comes, is nobody's."""
        for label, known in self._waiting.items():
            if known is request:
                del self._waiting[label]
                return

    def receive(self, line: Message) -> tuple[bool, list[tuple[Request, Sequence[Message]]]]:
        """Sort a line in. Returns whether it is a live line, and the requests that it completes with their answers.

        Raises ProtocolError for batches that no server of good sense sends.
        """
        if line.command == "BATCH" and line.params and line.params[0][:1] in {"+", "-"}:
            return False, self._frame(line)
        batch = self._batches.get(line.tags.get("batch", ""))
        if batch is not None:
            if len(batch.lines) >= MAX_BATCH_LINES:
                raise ProtocolError(_("a batch has more than {count} lines").format(count=MAX_BATCH_LINES))
            batch.lines.append(line)
            return not _is_past(batch), []
        label = line.tags.get("label", "")
        request = self._waiting.pop(label, None) if label else None
        live = line.command != "ACK"
        return live, [(request, [] if line.command == "ACK" else [line])] if request is not None else []

    def _frame(self, line: Message) -> list[tuple[Request, Sequence[Message]]]:
        reference = line.params[0][1:]
        if line.params[0][0] == "+":
            if len(self._batches) >= _MAX_OPEN_BATCHES:
                raise ProtocolError(_("too many batches are open"))
            kind = line.params[1] if len(line.params) > 1 else ""
            parent = self._batches.get(line.tags.get("batch", ""))
            self._batches[reference] = _Batch(kind, line.tags.get("label", ""), parent)
            return []
        batch = self._batches.pop(reference, None)
        if batch is None:
            return []
        if batch.parent is not None:
            batch.parent.lines.extend(batch.lines)
            return []
        request = self._waiting.pop(batch.label, None) if batch.label else None
        return [(request, batch.lines)] if request is not None else []


def _is_past(batch: _Batch) -> bool:
    within: _Batch | None = batch
    while within is not None:
        if within.kind in _COLLECTED:
            return True
        within = within.parent
    return False
