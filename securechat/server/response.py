"""The answer to one command: owns its label and batch, and keeps it behind the session's own earlier events."""

from collections.abc import Callable, Sequence

from securechat.domain.ports import Journal
from securechat.protocol.capabilities import BATCH, LABELED_RESPONSE
from securechat.protocol.message import format_message, format_tags
from securechat.protocol.numerics import Numeric, format_numeric
from securechat.protocol.standard_replies import StandardReply, fail, note
from securechat.server.entries import Barrier, Entry, Hold, Publication, Reply
from securechat.server.rendering import LINE_BYTES
from securechat.server.sessions import Session

LABEL_BYTES = 64
"""The longest label (labeled-response, "The label tag")."""

_BATCH_OF_LABEL = "1"
"""The reference of a labeled batch: batches of a session never overlap, as its commands run one after the other."""

_BATCH_OF_NUMERICS = "n"


class Response:
    """Collects lines and publications in order; `flush` labels and sends them once."""

    __slots__ = (
        "_afterwards",
        "_flushed",
        "_items",
        "_journal",
        "_label",
        "_requires",
        "_server_name",
        "_session",
        "size",
    )

    def __init__(self, session: Session, journal: Journal, server_name: str, label: str = "") -> None:
        self._session = session
        self._journal = journal
        self._server_name = server_name
        # A longer label is against the specification (labeled-response, "The label tag"); it is not echoed.
        wanted = label and len(label.encode()) <= LABEL_BYTES and session.has(LABELED_RESPONSE.bit)
        self._label = format_tags({"label": label}) if wanted else ""
        self._items: list[bytes | Entry | Callable[[str], bytes]] = []
        self._requires: Publication | None = None
        self._afterwards: Callable[[int], None] | None = None
        self._flushed = False
        self.size = 0  # bytes of the lines so far

    def numeric(self, numeric: Numeric, **values: object) -> None:
        """Answer with a numeric."""
        self.raw(format_numeric(numeric, self._server_name, self._session.shown_nick, **values))

    def numeric_text_bytes(self, numeric: Numeric, **values: object) -> int:
        """Return how many bytes the text of a numeric may have; `values` hold an empty one."""
        return LINE_BYTES - len(format_numeric(numeric, self._server_name, self._session.shown_nick, **values))

    def has(self, capability_bit: int) -> bool:
        """Whether the session that is answered negotiated the capability."""
        return self._session.has(capability_bit)

    def numerics_in_batch(self, kind: str, numeric: Numeric, rows: Sequence[dict[str, object]]) -> None:
        """Answer with a batch that holds a numeric for each of `rows` (extensions/batch)."""
        self.batch((kind,), [self.made(numeric, **values) for values in rows])

    def made(self, numeric: Numeric, **values: object) -> bytes:
        """Return the line of a numeric that becomes part of something larger."""
        return format_numeric(numeric, self._server_name, self._session.shown_nick, **values)

    def batch(self, kind: Sequence[str], lines: Sequence[bytes]) -> None:
        """Answer with lines in a batch of `kind`, its type and its parameters; without a frame to who knows none."""
        if lines or self.has(BATCH.bit):
            self.size += sum(len(line) for line in lines)
            self.tagged(self.framed(kind, lines))

    def framed(self, kind: Sequence[str], lines: Sequence[bytes]) -> Callable[[str], bytes]:
        """Return what makes the lines of `batch` (nothing, if there are none and no frame), given the answer's tags."""
        if not self.has(BATCH.bit):
            return lambda tags: b"".join((f"@{tags} ".encode() if tags else b"") + line for line in lines)
        start = format_message("BATCH", (f"+{_BATCH_OF_NUMERICS}", *kind), source=self._server_name)
        end = format_message("BATCH", (f"-{_BATCH_OF_NUMERICS}",), source=self._server_name)
        inside = b"".join(f"@batch={_BATCH_OF_NUMERICS} ".encode() + line for line in lines) + end
        return lambda tags: (f"@{tags} ".encode() if tags else b"") + start + inside

    def line(self, command: str, params: Sequence[str], source: str | None = None) -> None:
        """Answer with a command; the server is its source unless another is given."""
        self.raw(format_message(command, params, source=self._server_name if source is None else source))

    def fail(self, command: str, reply: StandardReply, *context: str, text: str | None = None) -> None:
        """Answer with a FAIL (extensions/standard-replies)."""
        self.raw(fail(self._server_name, command, reply, context, text))

    def note(self, command: str, reply: StandardReply, *context: str, text: str | None = None) -> None:
        """Answer with a NOTE (extensions/standard-replies)."""
        self.raw(note(self._server_name, command, reply, context, text))

    def failure(self, command: str, reply: StandardReply, target: str) -> Callable[[str], bytes]:
        """Return what makes the FAIL for an event of `command` that cannot be stored (see Publication)."""
        server_name = self._server_name

        def line(author_tags: str) -> bytes:  # made only when it is needed: there is one for every message
            made = fail(server_name, command, reply, (target,))
            return f"@{author_tags} ".encode() + made if author_tags else made

        return line

    def raw(self, line: bytes) -> None:
        """Answer with one whole line that has no tags yet."""
        assert not self._flushed, "a response was used after it was flushed"
        self._items.append(line)
        self.size += len(line)

    def tagged(self, make: Callable[[str], bytes]) -> None:
        """Answer with lines that `make` builds around the response's own tags (`label=…`, `batch=…` or nothing)."""
        assert not self._flushed, "a response was used after it was flushed"
        self._items.append(make)

    def publish(self, entry: Entry) -> None:
        """Hand an event to the journal, in its place among the lines of the answer."""
        assert not self._flushed, "a response was used after it was flushed"
        self._items.append(entry)

    def lines(self) -> bytes:
        """Take the lines of an answer that is not flushed but carried to its session by an entry of its own."""
        self._flushed = True
        return b"".join(
            item if isinstance(item, bytes) else item("") for item in self._items if not isinstance(item, Entry)
        )

    def stands_or_falls_with(self, publication: Publication) -> None:
        """Drop the lines of the answer that follow when `publication` cannot be stored."""
        self._requires = publication

    @property
    def holds_afterwards(self) -> bool:
        """Whether something is still to be shown behind the answer (see `hold_afterwards`)."""
        return self._afterwards is not None

    def hold_afterwards(self, action: Callable[[int], None]) -> None:
        """Behind the answer, keep back what comes for the session, and run `action` (see entries.Hold)."""
        self._afterwards = action

    def flush(self) -> None:
        """Send everything, once. Nothing may be added afterwards."""
        if self._flushed:
            return
        self._flushed = True
        self._flush_items()
        if self._afterwards is not None:
            self._session.in_flight += 1
            self._journal.submit(Hold(self._session, self._afterwards))

    def _flush_items(self) -> None:
        """Label the items by their number and send them (extensions/labeled-response)."""
        items = self._items
        if not self._label:
            if items:
                self._send(items, "")
            return
        shown = sum(1 for item in items if not isinstance(item, Entry) or item.echo)
        label = self._label
        if shown == 0:
            # Nothing of this is shown to its author, unless it cannot be stored: then the FAIL is the answer.
            self._send(items, label)
            published = [item for item in items if isinstance(item, Publication)]
            self._send_line("ACK", (), f"@{label} ", published[-1] if published else None)
        elif shown == 1:
            self._send(items, label)
        elif self._session.has(BATCH.bit):
            # The frame stands even when what it holds cannot be stored: the FAIL is in it then.
            self._send_line("BATCH", (f"+{_BATCH_OF_LABEL}", "labeled-response"), f"@{label} ")
            self._send(items, f"batch={_BATCH_OF_LABEL}")
            self._send_line("BATCH", (f"-{_BATCH_OF_LABEL}",), "")
        else:
            self._send(items, label)

    def _send_line(self, command: str, params: Sequence[str], tags: str, requires: Publication | None = None) -> None:
        line = tags.encode() + format_message(command, params, source=self._server_name)
        send(self._session, self._journal, line, requires)

    def _send(self, items: list[bytes | Entry | Callable[[str], bytes]], tags: str) -> None:
        """Send the items in order, each with `tags` in front."""
        prefix = f"@{tags} ".encode() if tags else b""
        lines: list[bytes] = []
        for item in items:
            if isinstance(item, Entry):
                if lines:
                    self._send_bytes(b"".join(lines))
                    lines = []
                item.author_tags = tags
                if item.session is not None and item.counted:
                    item.session.in_flight += 1
                self._journal.submit(item)
            elif isinstance(item, bytes):
                lines.append(prefix + item)
            else:
                lines.append(item(tags))
        if lines:
            self._send_bytes(b"".join(lines))

    def _send_bytes(self, data: bytes) -> None:
        """Put at once, or behind the session's own events that are still on their way to the disk."""
        send(self._session, self._journal, data, self._requires)


def send(session: Session, journal: Journal, data: bytes, requires: Publication | None = None) -> None:
    """Send whole lines to a session on its own I/O thread, never ahead of its own earlier events."""
    if session.in_flight:
        session.in_flight += 1
        journal.submit(Reply(session, data, requires))
    else:
        session.outlet.put(data)


def after_own_events(session: Session, journal: Journal, action: Callable[[], None]) -> None:
    """Run `action` once the session's earlier events are published: at once when none is on its way."""
    if session.in_flight:
        session.in_flight += 1
        journal.submit(Barrier(session, action))
    else:
        action()
