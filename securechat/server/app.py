"""The server as a whole: wires storage, hub, threads and sockets, starts them, and stops them in order."""

import contextlib
import gc
import hashlib
import hmac
import logging
import secrets
import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import securechat.server.commands  # noqa: F401 - fills the registry
from securechat.clock import Clock, wall_clock
from securechat.domain.account import Invite
from securechat.domain.ports import UnitOfWork
from securechat.errors import TrustError
from securechat.links import Link, format_link
from securechat.net.connection import Connection, MakeConnection
from securechat.net.io_thread import IoThread, publisher
from securechat.net.listener import Acceptor, most_connections, open_listeners
from securechat.net.workers import WorkerPools
from securechat.server.administration import Administration
from securechat.server.administration_ports import JournalStore, ServerAddress
from securechat.server.admission import Admission
from securechat.server.certificates import take_over as take_over_revocations
from securechat.server.common_passwords import common_passwords
from securechat.server.configuration import Configuration
from securechat.server.control import ControlServer, socket_path
from securechat.server.dispatcher import Dispatcher
from securechat.server.hub import Hub
from securechat.server.live_effects import HubEffects
from securechat.server.membership import GENERAL
from securechat.server.snapshot import take_snapshot
from securechat.storage.engine import Database, open_database
from securechat.storage.journal import Journal
from securechat.tls import authority, client_certificates, contexts, revocation

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.2
"""How long clients have to take their last lines."""
GC_THRESHOLD = 20_000
"""New objects between two runs of the garbage collector."""
RENEWAL_SECONDS = 60.0
"""How often certificates are looked after."""
REVOCATION_SECONDS = 0.3
"""How often it is looked whether certificates of clients have been revoked: they must count no more within a second."""
WARNING_DAYS = 7
"""When to warn of a certificate that ends and that the server cannot renew."""


@dataclass(slots=True, frozen=True)
class Bootstrap:
    """The link that makes the first account; shown once, never logged."""

    link: str


class Server:
    """One running server. `start`, then `wait`, then `stop`; tests use it in their own process."""

    def __init__(self, configuration: Configuration, clock: Clock = wall_clock) -> None:
        self.configuration = configuration
        self.addresses: list[tuple[str, int]] = []  # what it really listens on
        self.websocket_addresses: list[tuple[str, int]] = []  # the same, for WebSockets
        self.bootstrap: Bootstrap | None = None
        self.exit_code = 0
        self._clock = clock
        # A socket and not an Event: the system may hand a signal to any thread, and then only a byte that the C handler
        # itself writes wakes the main thread, so that it runs the handler in Python (see `wakeup_descriptor`).
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_sender.setblocking(False)
        self._stop_is_wished = False
        self._certificate_trouble = ""  # what was logged last, so that it is not logged each minute
        # What `stop` has to do, last first.
        self._undo: list[Callable[[], None]] = [self._wake_receiver.close, self._wake_sender.close]

    def start(self) -> None:
        """Make what is missing, open everything and serve.

        Raises CannotListen, TrustError or StorageError with one clear line for the operator; nothing stays open.
        """
        try:
            self._start()
        except BaseException:
            self._unwind()
            raise

    def _start(self) -> None:
        configuration = self.configuration
        listeners = self._open_listeners()
        certificates = Path(configuration.tls.directory)
        self._certificates = certificates
        if authority.is_absent(certificates) and _was_served(configuration):
            raise authority.lost(certificates)
        if authority.ensure(certificates, *authority.local_names()):
            logger.info("Made a certificate authority and a server certificate in %s", certificates)
        try:
            if authority.renew_if_due(certificates):
                logger.info("Renewed the server certificate in %s", certificates)
        except TrustError as error:
            logger.error("The server certificate could not be renewed: %s", error)  # it may be good for weeks
        self._revocations = revocation.RevocationList(certificates)
        self._served_files = _file_states(certificates)  # before they are read: what changes later is seen later
        tls_contexts = self._tls_contexts()

        database = open_database(configuration.database.url)
        self._undo.append(database.close)
        database.lock()
        database.migrate()
        self._wire(database, tls_contexts)
        self._serve(listeners, database)

    def _open_listeners(self) -> list[tuple[socket.socket, MakeConnection]]:
        """Return the listening sockets, each with what makes its connections."""
        server = self.configuration.server
        listeners: list[tuple[socket.socket, MakeConnection]] = []
        for listening in open_listeners(self.configuration.listen_addresses()):
            self._undo.append(listening.close)
            self.addresses.append(listening.getsockname()[:2])
            listeners.append((listening, Connection))
        if server.websocket_listen:
            from securechat.net import websocket  # late: the library behind it costs time and memory

            make = websocket.maker(frozenset(server.websocket_origins))
            for listening in open_listeners(
                self.configuration.websocket_addresses(), "in server.websocket_listen of the configuration"
            ):
                self._undo.append(listening.close)
                self.websocket_addresses.append(listening.getsockname()[:2])
                listeners.append((listening, make))
        return listeners

    def _wire(self, database: Database, tls_contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
        """Make the journal, the hub and the threads; nothing runs yet."""
        configuration = self.configuration
        self._threads: list[IoThread] = []
        self.journal = Journal(database, publisher(self._threads), on_fatal=self._fail)
        self.workers = WorkerPools()
        authority_der = authority.certificate_der(self._certificates / "ca.pem")
        self.fingerprint = hashlib.sha256(authority_der).hexdigest()
        self.hub = Hub(
            configuration, self.journal, database, self.workers, self._clock, authority_der, _login_key(database)
        )
        self.hub.fill(database.read(take_snapshot))
        self.hub.revoked_certificates = self._revocations.serials
        limits = configuration.limits
        self._admission = Admission(
            limits.connections_per_address, limits.connection_rate_per_address, most_connections()
        )
        dispatcher = Dispatcher(self.hub)
        self._threads.append(
            IoThread(0, self.hub, dispatcher, self._admission, tls_contexts, client_certificates.read_shown, self._fail)
        )

    def _serve(self, listeners: list[tuple[socket.socket, MakeConnection]], database: Database) -> None:
        """Start everything."""
        common_passwords()  # read now: whoever registers first would wait for the disk with the hub lock held
        self.journal.start()
        self._undo.append(self.journal.stop)
        self.workers.start()
        self._undo.append(lambda: self.workers.stop(1.0))
        with self.hub.lock:
            if self.hub.find_room(GENERAL) is None:
                _, created = self.hub.create_room(GENERAL, self.hub.server_source)
                self.hub.journal.submit(created)
        host, port = self.addresses[0]
        self._address = ServerAddress(best_host(host), port, self.fingerprint)
        self.hub.invites.address = lambda: self._address
        administration = Administration(
            self.configuration,
            JournalStore(self.journal, database),
            HubEffects(self.hub),
            lambda: self._address,
            certificates=revocation.FolderCertificates(self._certificates),
            clock=self._clock,
            hub=lambda: self.hub,
        )
        with self.hub.lock:
            self.hub.administration = administration
        control = ControlServer(socket_path(self.configuration.database_path), administration)
        control.start()
        self._undo.append(control.stop)
        if not self.hub.accounts:
            self.bootstrap = self._make_bootstrap()
        for listening, make in listeners:
            acceptor = Acceptor(listening, self._threads, self._admission, self.hub.trusted, self._is_banned, make)
            self._threads[0].listen(listening, acceptor.accept)
        for thread in self._threads:
            thread.start()
        self._undo.append(self._stop_threads)
        # What exists now lives as long as the server: the collector need not look at it again. Connections are freed by
        # counting references; what only the collector can free is rare, so it may come rarely.
        gc.collect()
        gc.freeze()
        gc.enable()
        gc.set_threshold(GC_THRESHOLD, 20, 50)
        for host, port in self.addresses:
            logger.info("Listening on %s", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        for host, port in self.websocket_addresses:
            logger.info("Listening on wss://%s", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def _is_banned(self, address: str) -> bool:
        return self.hub.bans.of_address(address, self._clock()) is not None

    def _make_bootstrap(self) -> Bootstrap:
        """Make the one-time link for the first account, which becomes the administrator; older ones end."""
        token = secrets.token_urlsafe(16)
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock()

        def store(unit: UnitOfWork) -> Invite:
            unit.invites.revoke_bootstrap()
            return unit.invites.add(
                digest,
                rooms=(GENERAL,),
                administrator=True,
                uses=1,
                expires=None,
                note="first account",
                created_by="server",
                time=now,
                bootstrap=True,
            )

        made = self.journal.call(store).result(10)
        with self.hub.lock:
            self.hub.invites.add(digest, made)
        address = self._address
        link = Link(address.host, address.port, GENERAL.removeprefix("#"), token, address.fingerprint)
        return Bootstrap(format_link(link))

    @property
    def wakeup_descriptor(self) -> int:
        """For `signal.set_wakeup_fd`: without it a signal may not be noticed before `wait` looks around by itself."""
        return self._wake_sender.fileno()

    def request_stop(self) -> None:
        """Let `wait` return. From any thread or signal handler."""
        self._stop_is_wished = True
        self._wake()

    def _fail(self) -> None:
        """A thread that nothing works without has ended."""
        self.exit_code = 1
        self.request_stop()

    def request_renewal(self) -> None:
        """Let `wait` look after the certificates at once. From any thread or signal handler."""
        self._wake()

    def _wake(self) -> None:
        """Let `wait` look around. It is enough if one byte is there; after `stop` nobody waits."""
        with contextlib.suppress(OSError):
            self._wake_sender.send(b"\0")

    def wait(self) -> None:
        """Return when it is time to stop; look after certificates meanwhile."""
        next_renewal = time.monotonic()  # at once: what is wrong with them is told from the start
        while not self._stop_is_wished:
            woken = bool(select.select([self._wake_receiver], [], [], REVOCATION_SECONDS)[0])
            if woken:
                self._wake_receiver.recv(4096)
            if self._stop_is_wished:
                return
            self._take_up_revocations()
            if woken or time.monotonic() >= next_renewal:
                self.renew_certificates()
                next_renewal = time.monotonic() + RENEWAL_SECONDS

    def _take_up_revocations(self) -> None:
        """End the sessions of certificates that have been revoked since: whoever revoked them need not tell us."""
        try:
            if not self._revocations.has_changed():
                return
        except TrustError as error:
            logger.error("What was revoked before stays so, but: %s", error)
            return
        logger.info("%d certificates of clients are revoked", len(self._revocations.serials))
        with self.hub.lock:
            take_over_revocations(self.hub, self.hub.revoked_certificates | self._revocations.serials)

    def renew_certificates(self) -> None:
        """Renew the server's certificate if it is due, and serve new files; connections that stand go on."""
        trouble = ""
        try:
            if authority.renew_if_due(self._certificates):
                logger.info("Renewed the server certificate in %s", self._certificates)
            if revocation.renew_if_due(self._certificates):
                logger.info("Renewed the list of revoked certificates in %s", self._certificates)
            files = _file_states(self._certificates)
            if files != self._served_files:
                self._serve_certificates()
                self._served_files = files
                logger.info("Serving the new certificate")
            trouble = self._expiry_warning()
            if trouble and trouble != self._certificate_trouble:
                logger.warning("%s", trouble)
        except (TrustError, OSError) as error:
            trouble = str(error)
            if trouble != self._certificate_trouble:  # it would be the same each minute until somebody mends it
                logger.error("The certificate from before is served on: %s", trouble)
        except Exception:
            logger.exception("The certificate could not be renewed or loaded; the one before is served on")
        self._certificate_trouble = trouble

    def _expiry_warning(self) -> str:
        """Say that the certificate is not good yet, or ends soon, as it does only where it cannot be renewed here.

        Empty: all is well.
        """
        status = authority.status(self._certificates / "server.pem")
        if status.not_before > datetime.now(UTC):
            return (
                f"{status.path} is not valid before {status.not_before:%Y-%m-%d %H:%M} UTC, and until then no client "
                "connects. Is the clock of this machine right?"
            )
        if status.days_left(datetime.now(UTC)) >= WARNING_DAYS:
            return ""
        return (
            f"{status.path} is valid until {status.not_after:%Y-%m-%d %H:%M} UTC and is not renewed by itself; from "
            "then on no client connects. Put a new server.pem and server.key there."
        )

    def _serve_certificates(self) -> None:
        """Take up what the files hold now: for connections to come, for newcomers and for new links."""
        tls_contexts = self._tls_contexts()
        authority_der = authority.certificate_der(self._certificates / "ca.pem")
        self.hub.authority_der = authority_der
        self.fingerprint = hashlib.sha256(authority_der).hexdigest()
        self._address = replace(self._address, fingerprint=self.fingerprint)
        for thread in self._threads:
            thread.tls_contexts = tls_contexts

    def _tls_contexts(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """For lines and for WebSockets: a browser that is asked for a certificate asks its user, or gives up."""
        tls = self.configuration.tls
        asking = contexts.server_context(
            self._certificates,
            tls.minimum,
            client_certificates=tls.client_certificates,
            asked_hosts=bool(tls.sts_names),
        )
        return asking, contexts.server_context(self._certificates, tls.minimum)

    def stop(self) -> None:
        """Stop in order: clients are told, everything accepted is committed, everything is closed."""
        self._unwind()

    def _stop_threads(self) -> None:
        with self.hub.lock:
            self.hub.stopping = True
        for thread in self._threads:
            thread.stop(STOP_SECONDS)
        for thread in self._threads:
            thread.join(STOP_SECONDS + 5)

    def _unwind(self) -> None:
        while self._undo:
            self._undo.pop()()


def _was_served(configuration: Configuration) -> bool:
    """Whether a server has run on the database before: its first act is to make a room. Raises StorageError."""
    if not configuration.database_path.exists():
        return False
    database = open_database(configuration.database.url, create=False)
    try:
        database.lock()
        database.migrate()
        return bool(database.read(lambda unit: unit.rooms.all()))
    finally:
        database.close()


def _file_states(directory: Path) -> list[tuple[int, int]]:
    """Tell whether the served files have changed: when they were written (ns), and which files they are (inode)."""
    states = [(directory / name).stat() for name in ("server.pem", "server.key", "ca.pem")]
    return [(state.st_mtime_ns, state.st_ino) for state in states]


def _login_key(database: Database) -> bytes:
    """The secret behind the salts of unknown names: steady over restarts, and known to nobody outside the database."""
    return hmac.digest(database.secret, b"salt of unknown names", "sha256")


def best_host(listen_host: str) -> str:
    """The address that others most likely reach this server by when it listens on `listen_host`."""
    if listen_host not in ("::", "0.0.0.0", ""):
        return listen_host
    _, addresses = authority.local_names()
    for address in addresses:
        if address.version == 4 and not address.is_loopback and not address.is_link_local:
            return str(address)
    return "localhost"
