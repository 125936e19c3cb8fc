"""The fake server behind real TLS on a free port of 127.0.0.1: one thread, any number of links, cut on demand."""

import selectors
import socket
import ssl
import threading
from pathlib import Path
from typing import Self

from tests.client.fake_server import FakeServer, Link


class ScriptedServer:
    """Serves `chat` until closed. `plain`: without TLS, to be the wrong kind of port."""

    def __init__(self, chat: FakeServer, certificate: Path, *, plain: bool = False) -> None:
        self.chat = chat
        self.received = bytearray()  # everything that any client sent, decrypted
        self.lock = threading.RLock()
        """Guards the chat: tests change it while the thread serves."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._plain = plain
        self._selector = selectors.DefaultSelector()
        self._links: dict[socket.socket, Link] = {}
        self._partial: dict[socket.socket, bytes] = {}
        self._cut = threading.Event()
        self._stopped = threading.Event()
        self.refusing = threading.Event()  # new connections are closed at once
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="scripted server")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopped.set()
        self._thread.join(10)
        for connection in list(self._links):
            self._drop(connection)
        self._listener.close()
        self._selector.close()

    def cut(self) -> None:
        """Lose all links; return when they are gone."""
        self._cut.set()
        while self._cut.is_set() and self._thread.is_alive():
            self._thread.join(0.005)

    def _run(self) -> None:
        while not self._stopped.is_set():
            for key, _events in self._selector.select(0.01):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
            if self._cut.is_set():
                for connection in list(self._links):
                    self._drop(connection)
                self._cut.clear()
            self._write()

    def _accept(self) -> None:
        raw, _address = self._listener.accept()
        if self.refusing.is_set():
            raw.close()
            return
        raw.settimeout(5)
        try:
            connection = raw if self._plain else self._context.wrap_socket(raw, server_side=True)
        except OSError:
            raw.close()
            return
        with self.lock:
            self._links[connection] = self.chat.link()
        self._partial[connection] = b""
        if self._plain:
            connection.sendall(b"220 plain text here\r\n")
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            return
        self.received += data
        *lines, self._partial[connection] = (self._partial[connection] + data).split(b"\r\n")
        with self.lock:
            for line in lines:
                if connection in self._links and not self._plain:
                    self._links[connection].receive(line.decode())

    def _write(self) -> None:
        with self.lock:
            for connection, link in list(self._links.items()):
                data = "".join(f"{line}\r\n" for line in link.output).encode("utf-8", "surrogateescape")
                link.output.clear()
                try:
                    if data:
                        connection.sendall(data)
                except OSError:
                    self._drop(connection)
                if link.closed:
                    self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        with self.lock:
            link = self._links.pop(connection, None)
            if link is not None:
                link.gone()
                self._selector.unregister(connection)
        connection.close()
