"""The server's side of a WebSocket that carries IRC lines, sans I/O (RFC 6455, extensions/websocket).

Imported only when the server is told to listen for WebSockets: nobody else pays for the library behind it.
"""

from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Final

from websockets.datastructures import Headers, MultipleValuesError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import LoggerLike, Subprotocol

from securechat.protocol.line_buffer import LineBuffer, TooLong
from securechat.protocol.message import cut

TEXT: Final = Subprotocol("text.ircv3.net")
BINARY: Final = Subprotocol("binary.ircv3.net")

MOST_REQUEST_BYTES: Final = 16_384
"""The longest request that opens a WebSocket; a browser adds its cookies for the host."""
MOST_MESSAGE_BYTES: Final = 8192
"""The longest message. More than any line may have, so that one which is a little too long is told so by 417."""
MOST_REASON_BYTES: Final = 123
"""What a Close frame holds beside its code (RFC 6455 section 5.5)."""
MOST_IDLE_FRAMES: Final = 5000
"""How many frames may come together that complete no line: pings, fragments, empty ones. They cost as much as lines,
but are not slowed as lines are."""
IDLE_FRAMES_PER_SECOND: Final = 500
"""How many of them may come for long."""
MOST_KEPT_BYTES: Final = 65_536
"""The longest chunk whose frames are kept for the next recipient."""

_REASONS: Final[dict[int, str]] = {
    CloseCode.MESSAGE_TOO_BIG: f"A WebSocket message was longer than {MOST_MESSAGE_BYTES} bytes",
    CloseCode.POLICY_VIOLATION: "Too many WebSocket frames that were no lines",
    CloseCode.INVALID_DATA: "A WebSocket text message was not UTF-8",
}
_HINT: Final = (
    "This is a chat server: programs connect here by WebSocket, at the path / and with the subprotocol "
    f"{TEXT} or {BINARY}.\n"
)


class Framer:
    """Turns lines into frames. All recipients of a chunk follow each other, so it is framed once for all of them."""

    __slots__ = ("_last", "_opcode")

    def __init__(self, opcode: Opcode) -> None:
        self._opcode = opcode
        self._last = (b"", b"")  # replaced as a whole: several I/O threads may use a framer

    def frames(self, chunk: bytes) -> bytes:
        """Return the frames of a chunk of whole lines: one for each, without its CR LF.

        Everything that the server says was text before, so it is UTF-8 as text frames must be.
        """
        known, frames = self._last
        if known is not chunk:
            lines = chunk.removesuffix(b"\r\n").split(b"\r\n")
            frames = b"".join([Frame(self._opcode, line).serialize(mask=False) for line in lines])
            if len(chunk) <= MOST_KEPT_BYTES:
                self._last = (chunk, frames)
        return frames


_TEXT_FRAMER: Final = Framer(Opcode.TEXT)
_BINARY_FRAMER: Final = Framer(Opcode.BINARY)


class WebSocket:
    """One WebSocket: first `shake_hands`, then `feed` and `frames`; `data_to_send` is asked for after each `feed`.

    Memory is bounded by MOST_REQUEST_BYTES, then by MOST_MESSAGE_BYTES, and by what is fed at once.
    """

    __slots__ = (
        "_framer",
        "_idle_at",
        "_idle_frames",
        "_is_text",
        "_limits",
        "_message",
        "_origins",
        "_protocol",
        "_request_bytes",
        "refusal",
    )

    def __init__(self, origins: Collection[str], logger: LoggerLike) -> None:
        """`origins` are the pages that may connect beside our own; `logger` is told of bugs in the library.

        The level of `logger` must be above DEBUG, at which the library would show what people say.
        """
        self._origins = origins
        self._protocol = ServerProtocol(
            select_subprotocol=_select_subprotocol, max_size=MOST_MESSAGE_BYTES, logger=logger
        )
        self._framer = _TEXT_FRAMER
        self._limits = LineBuffer()
        self._message = bytearray()  # the fragments of an unfinished message
        self._is_text = False  # of that message
        self._request_bytes = 0
        self._idle_frames = 0.0  # frames without a line that have come lately
        self._idle_at = 0.0  # monotonic seconds: when they were looked at last
        self.refusal = ""  # why the request was refused, for the log

    # The handshake

    def shake_hands(self, data: bytes) -> bytes | None:
        """Take bytes of the request; return the answer when it is complete. It is a refusal when `refusal` is set."""
        self._request_bytes += len(data)
        self._protocol.receive_data(data)
        events = self._protocol.events_received()
        if self._protocol.handshake_exc is not None:
            return self._refuse(HTTPStatus.BAD_REQUEST, f"This is no HTTP request of a WebSocket. {_HINT}")
        if not events:
            if self._request_bytes <= MOST_REQUEST_BYTES:
                return None
            return self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request is too long.\n")
        request, *early = events
        assert isinstance(request, Request)
        if early or self._protocol.parser_exc is not None:
            # RFC 6455 section 4.1: the client waits for the answer.
            return self._refuse(HTTPStatus.BAD_REQUEST, "Frames came before the WebSocket was open.\n")
        return self._answer(request)

    def _answer(self, request: Request) -> bytes:
        """Return the answer to a whole request."""
        if request.path.partition("?")[0] != "/":
            return self._refuse(HTTPStatus.NOT_FOUND, f"There is nothing at this path. {_HINT}")
        origin = _foreign_origin(request.headers, self._origins)
        if origin is not None:
            text = "A page from elsewhere may not connect; whoever runs the server can list it.\n"
            return self._refuse(HTTPStatus.FORBIDDEN, text, f": a page of {origin}")
        response = self._protocol.accept(request)
        if response.status_code == HTTPStatus.UPGRADE_REQUIRED:
            return self._refuse(HTTPStatus.UPGRADE_REQUIRED, _HINT)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return self._refused(response)
        self._protocol.send_response(response)
        if self._protocol.subprotocol == BINARY:
            self._framer = _BINARY_FRAMER
        return self.data_to_send()

    def _refuse(self, status: HTTPStatus, text: str, detail: str = "") -> bytes:
        response = self._protocol.reject(status, text)
        if status is HTTPStatus.UPGRADE_REQUIRED:
            response.headers["Upgrade"] = "websocket"
        return self._refused(response, detail)

    def _refused(self, response: Response, detail: str = "") -> bytes:
        """Return an answer that ends it."""
        self.refusal = f"{response.status_code} {response.reason_phrase}{detail}"
        return response.serialize()

    # Afterwards

    @property
    def is_open(self) -> bool:
        """Whether lines may be sent: neither side has said goodbye."""
        return self._protocol.state is State.OPEN

    @property
    def end(self) -> str:
        """Why the peer ended it by a Close frame, or we by an answer to its mistake; empty while it is open."""
        if self._protocol.state is State.OPEN:
            return ""
        if self._protocol.close_rcvd is not None or self._protocol.close_sent is None:
            return "Connection closed by the client"
        return _REASONS.get(self._protocol.close_sent.code, "The WebSocket's frames were wrong")

    def feed(self, data: bytes) -> Sequence[bytes | TooLong]:
        """Return the lines that `data` completes; one over the limits of a line becomes TOO_LONG. No error is raised.

        A text message that is not UTF-8, a message over MOST_MESSAGE_BYTES and wrong frames end the WebSocket: `end`.
        """
        self._protocol.receive_data(data)
        lines: list[bytes | TooLong] = []
        for frame in self._protocol.events_received():
            assert isinstance(frame, Frame)
            if frame.opcode is Opcode.TEXT or frame.opcode is Opcode.BINARY:
                self._is_text = frame.opcode is Opcode.TEXT
            elif frame.opcode is not Opcode.CONT:
                self._idle_frames += 1
                continue  # the library has answered it
            self._message += frame.data
            if not frame.fin or not self._message:
                self._idle_frames += 1
                continue
            message = bytes(self._message)
            self._message.clear()
            if self._is_text and not _is_utf8(message):
                self._protocol.fail(CloseCode.INVALID_DATA, "not UTF-8")
                break
            lines += self._line(message)
        return lines

    def limit_idle_frames(self, now: float) -> None:
        """End it when too many frames came that completed no line. `now` is monotonic seconds."""
        left = self._idle_frames - (now - self._idle_at) * IDLE_FRAMES_PER_SECOND
        self._idle_frames = max(0.0, left)
        self._idle_at = now
        if left > MOST_IDLE_FRAMES:
            self._protocol.fail(CloseCode.POLICY_VIOLATION, "too many frames that are no lines")

    def _line(self, message: bytes) -> Sequence[bytes | TooLong]:
        """Return the line in a message, or nothing if it is empty, by the same limits as everywhere.

        A line end at its end should not be there, but does not matter. Elsewhere it would let text become commands:
        the line stays one, and is refused for the CR in it.
        """
        line = message.removesuffix(b"\n").removesuffix(b"\r")
        return self._limits.feed(line.replace(b"\n", b"\r") + b"\n")

    def frames(self, chunk: bytes) -> bytes:
        """Return the frames for a chunk of whole lines."""
        return self._framer.frames(chunk)

    def close(self, reason: str) -> None:
        """Say goodbye, if nobody has yet; `reason` is told."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE, cut(reason, MOST_REASON_BYTES))

    def data_to_send(self) -> bytes:
        """Return what must be sent beside lines: pongs and a goodbye."""
        return b"".join(self._protocol.data_to_send())

    def drop(self) -> None:
        """Let go of the parser, which the protocol and it refer to each other: nothing waits for the collector."""
        self._protocol.parser.close()


def _select_subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Return the first that we know: the client's order counts. None of them, or none at all, is answered with text."""
    return next((one for one in offered if one in (TEXT, BINARY)), None)


def _foreign_origin(headers: Headers, listed: Collection[str]) -> str | None:
    """Return the origin of a page that may not connect, or None: ours, a listed one, or no page at all.

    Only browsers send an Origin (RFC 6454). Ours is what was read over TLS from the very address that is asked here.
    """
    try:
        origin, host = headers.get("Origin"), headers.get("Host")
    except MultipleValuesError:
        return "several origins"
    if origin is None or origin in listed:
        return None
    if host is not None and origin == f"https://{host.lower().removesuffix(':443')}":
        return None
    return origin


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
