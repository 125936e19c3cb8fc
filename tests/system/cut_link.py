"""A line between a client and a server that can be cut: a relay of bytes, which knows nothing of what they mean."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Self

from tests.process import DEADLINE

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes close() a reset: what is on its way is lost, on both sides."""


class CutLink:
    """Listens on `port` and relays to the server's port. What waits is bounded: a relay holds one piece at a time."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.cuts = 0
        """How many connections were cut."""
        self._news = threading.Condition()
        """Guards everything below."""
        self._pairs: list[_Pair] = []
        self._budget: int | None = None  # bytes that still pass, in either direction; None: all
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self._listen()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="cut-link")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    # --- for the test ---

    def cut(self) -> None:
        """Lose every connection now; new ones are relayed."""
        with self._news:
            self._cut()

    def cut_after(self, count: int) -> None:
        """Lose the connections once `count` more bytes have passed, in the middle of whatever that is."""
        with self._news:
            self._budget = count

    def wait_for_cuts(self, count: int, seconds: float = DEADLINE) -> bool:
        """Wait until there were so many cuts; return whether there were."""
        with self._news:
            return self._news.wait_for(lambda: self.cuts >= count, seconds)

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Lose every connection, and let nobody connect meanwhile."""
        self._close_listener()
        self.cut()
        yield
        self._listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._close_listener()
        self.cut()
        for thread in self._threads:
            thread.join(DEADLINE)
        assert not any(thread.is_alive() for thread in self._threads)

    # --- inside ---

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts, which closes it

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while True:
                try:
                    client, _address = listener.accept()
                except OSError:
                    return
                try:
                    server = socket.create_connection(("127.0.0.1", self.server_port), DEADLINE)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                pair = _Pair(client, server)
                for end in pair.ends:
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._news:
                    self._pairs.append(pair)
                self._start(self._relay, pair, client, server)
                self._start(self._relay, pair, server, client)

    def _relay(self, pair: "_Pair", source: socket.socket, sink: socket.socket) -> None:
        """Relay one direction, until either side ends or the line is cut."""
        try:
            while data := source.recv(16384):
                with self._news:
                    if pair not in self._pairs:
                        break
                    if self._budget is not None and len(data) >= self._budget:
                        data, self._budget = data[: self._budget], None
                        with contextlib.suppress(OSError):
                            sink.sendall(data)
                        self._cut()
                        break
                    if self._budget is not None:
                        self._budget -= len(data)
                sink.sendall(data)
        except OSError:
            pass  # cut
        with self._news:
            self._drop(pair)
            pair.relays -= 1
            if not pair.relays:
                pair.close()

    def _cut(self) -> None:
        for pair in list(self._pairs):
            for end in pair.ends:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._drop(pair)
            self.cuts += 1
        self._news.notify_all()

    def _drop(self, pair: "_Pair") -> None:
        """Let a connection end. Its threads close it: a number that is free again might be read by the wrong one."""
        if pair in self._pairs:
            self._pairs.remove(pair)
            for end in pair.ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


class _Pair:
    """A connection: both ends, and how many threads use them."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = (client, server)
        self.relays = 2

    def close(self) -> None:
        for end in self.ends:
            end.close()
