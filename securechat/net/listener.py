"""Listening sockets: accept, count, hand over to an I/O thread."""

import contextlib
import errno
import logging
import os
import resource
import socket
from collections.abc import Callable, Sequence

from securechat.errors import CannotListen
from securechat.net.connection import Connection, MakeConnection
from securechat.net.io_thread import IoThread
from securechat.server.admission import Admission
from securechat.server.trusted_addresses import TrustedAddresses

logger = logging.getLogger(__name__)

BACKLOG = 4096
"""How many connections the kernel keeps for us; it cuts this to its own maximum."""
ACCEPTS_PER_TICK = 64
"""How many connections are accepted before those that stand get their turn."""
RESERVED_FILES = 64
"""Open files that are not for clients: the database on each thread, certificates, the control socket, the log."""
COMPLAINT_SECONDS = 60.0
"""How often at most it is logged that nobody can be accepted."""
_IPV4_MAPPED = "::ffff:"


def open_listeners(addresses: Sequence[tuple[str, int]], setting: str = "with --listen") -> list[socket.socket]:
    """Return a listening socket for each (host, port); `::` also takes IPv4 where the system allows it.

    `setting` says where another port is chosen.
    Raises CannotListen naming every address that cannot be listened on, and why.
    """
    opened: list[socket.socket] = []
    problems = []
    for host, port in addresses:
        try:
            opened.append(_open(host, port))
        except OSError as error:
            problems.append(_problem(host, port, error, setting))
    if problems:
        for listening in opened:
            listening.close()
        raise CannotListen(problems)
    return opened


def _open(host: str, port: int) -> socket.socket:
    if host in ("::", ""):
        if socket.has_dualstack_ipv6():
            with contextlib.suppress(OSError):
                return _non_blocking(
                    socket.create_server(("::", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
                )
        host = "0.0.0.0"  # a machine without IPv6, or the reason why even this cannot be
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    return _non_blocking(socket.create_server((host, port), family=family, backlog=BACKLOG))


def _non_blocking(listening: socket.socket) -> socket.socket:
    listening.setblocking(False)
    return listening


def _problem(host: str, port: int, error: OSError, setting: str) -> str:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"cannot listen on {shown}: another program uses port {port} already "
            f"(is a securechat-server running? choose another port {setting})"
        )
    if error.errno == errno.EACCES:
        return f"cannot listen on {shown}: ports below 1024 need more rights; choose another port {setting}"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"cannot listen on {shown}: this machine has no such address"
    return f"cannot listen on {shown}: {os.strerror(error.errno) if error.errno else error}"


def most_connections() -> int:
    """Let the process open as many files as the system allows it, and return how many of them clients may take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # More is refused by some systems that name no hard limit; then what there is must do.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return max(1, soft - RESERVED_FILES) if soft != resource.RLIM_INFINITY else 0


class Acceptor:
    """Accepts from one listening socket, on the I/O thread that watches it, and deals connections out in turn."""

    def __init__(
        self,
        listening: socket.socket,
        threads: Sequence[IoThread],
        admission: Admission,
        trusted: TrustedAddresses,
        is_banned: Callable[[str], bool],
        make: MakeConnection = Connection,
    ) -> None:
        """`is_banned` tells whether an address is; `make` makes the kind of connection that the socket is for."""
        self._listening = listening
        self._make = make
        self._threads = threads
        self._admission = admission
        self._trusted = trusted
        self._is_banned = is_banned
        self._turn = 0
        self._next_complaint = 0.0  # monotonic seconds

    def accept(self) -> None:
        """Accept what is there."""
        for _ in range(ACCEPTS_PER_TICK):
            try:
                plain, peer = self._listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._complain()
                return
            thread = self._threads[self._turn % len(self._threads)]
            address = peer[0].partition("%")[0].removeprefix(_IPV4_MAPPED)
            if self._is_banned(address):
                plain.close()  # before TLS, which is what it could cost us
                continue
            if self._admission.is_full:
                plain.close()  # left alone, it would wake this thread again and again
                self._complain()
                continue
            self._turn += 1
            refusal = self._admission.admit(address, thread.now, trusted=self._trusted.has(address))
            thread.adopt(plain, address, refusal, self._make)

    def _complain(self) -> None:
        """Log that nobody can be accepted; now and then, as there may be many."""
        now = self._threads[0].now
        if now >= self._next_complaint:
            self._next_complaint = now + COMPLAINT_SECONDS
            logger.error("No more connections: the limit of open files (ulimit -n) is reached")
