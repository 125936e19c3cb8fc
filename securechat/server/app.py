"""The server as a whole: wires storage, hub, threads and sockets, starts them, and stops them in order."""

import gc
import hashlib
import hmac
import logging
import queue
import secrets
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import securechat.server.commands  # noqa: F401 - fills the registry
from securechat.clock import Clock, wall_clock
from securechat.domain.ports import UnitOfWork
from securechat.links import Link, format_link
from securechat.net.io_thread import IoThread, publisher
from securechat.net.listener import Acceptor, open_listeners
from securechat.net.workers import WorkerPools
from securechat.server.administration import Administration
from securechat.server.administration_ports import JournalStore, ServerAddress
from securechat.server.admission import Admission
from securechat.server.configuration import Configuration
from securechat.server.control import ControlServer, socket_path
from securechat.server.dispatcher import Dispatcher
from securechat.server.hub import GENERAL, Hub, take_snapshot
from securechat.server.live_effects import HubEffects
from securechat.storage.engine import Database, open_database
from securechat.storage.journal import Journal
from securechat.tls import authority, contexts

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.2
"""How long clients have to take their last lines."""
GC_THRESHOLD = 20_000
"""New objects between two runs of the garbage collector."""
RENEWAL_SECONDS = 60.0
"""How often certificates are looked after."""


@dataclass(slots=True, frozen=True)
class Bootstrap:
    """The link that makes the first account; shown once, never logged."""

    link: str


class Server:
    """One running server. `start`, then `wait`, then `stop`; tests use it in their own process."""

    def __init__(self, configuration: Configuration, clock: Clock = wall_clock) -> None:
        self.configuration = configuration
        self.addresses: list[tuple[str, int]] = []  # what it really listens on
        self.bootstrap: Bootstrap | None = None
        self.exit_code = 0
        self._clock = clock
        # Not an Event: its `set` would wait for ever if a signal came while the main thread is inside its `wait`.
        self._stop_wishes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._undo: list[Callable[[], None]] = []  # what `stop` has to do, last first

    def start(self) -> None:
        """Make what is missing, open everything and serve.

        Raises ConfigurationError, TrustError or StorageError with one clear line for the operator; nothing stays open.
        """
        try:
            self._start()
        except BaseException:
            self._unwind()
            raise

    def _start(self) -> None:
        configuration = self.configuration
        listeners = open_listeners(configuration.listen_addresses())
        for listening in listeners:
            self._undo.append(listening.close)
        self.addresses = [listening.getsockname()[:2] for listening in listeners]
        certificates = Path(configuration.tls.directory)
        self._certificates = certificates
        if authority.ensure(certificates, *authority.local_names()):
            logger.info("Made a certificate authority and a server certificate in %s", certificates)
        authority.renew_if_due(certificates)
        tls_context = contexts.server_context(certificates, configuration.tls.minimum)
        self._served_files = _file_times(certificates)

        database = open_database(configuration.database.url)
        self._undo.append(database.close)
        database.lock()
        database.migrate()
        self._wire(database, tls_context)
        self._serve(listeners, database)

    def _wire(self, database: Database, tls_context: ssl.SSLContext) -> None:
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
        limits = configuration.limits
        self._admission = Admission(limits.connections_per_address, limits.connection_rate_per_address)
        dispatcher = Dispatcher(self.hub)
        self._threads.append(IoThread(0, self.hub, dispatcher, self._admission, tls_context, self._fail))

    def _serve(self, listeners: list[socket.socket], database: Database) -> None:
        """Start everything."""
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
        administration = Administration(
            self.configuration,
            JournalStore(self.journal, database),
            HubEffects(self.hub),
            lambda: self._address,
            clock=self._clock,
        )
        control = ControlServer(socket_path(self.configuration.database_path), administration)
        control.start()
        self._undo.append(control.stop)
        if not self.hub.accounts:
            self.bootstrap = self._make_bootstrap()
        for listening in listeners:
            self._threads[0].listen(listening, Acceptor(listening, self._threads, self._admission).accept)
        for thread in self._threads:
            thread.start()
        self._undo.append(self._stop_threads)
        # What exists now lives as long as the server: the collector need not look at it again. Connections are freed by
        # counting references; what only the collector can free is rare, so it may come rarely.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 50)
        for host, port in self.addresses:
            logger.info("Listening on %s", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def _make_bootstrap(self) -> Bootstrap:
        """Make the one-time link for the first account, which becomes the administrator; older ones end."""
        token = secrets.token_urlsafe(16)
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock()

        def store(unit: UnitOfWork) -> None:
            unit.invites.revoke_bootstrap()
            unit.invites.add(
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

        self.journal.call(store).result(10)
        address = self._address
        link = Link(address.host, address.port, GENERAL.removeprefix("#"), token, address.fingerprint)
        return Bootstrap(format_link(link))

    def request_stop(self) -> None:
        """Let `wait` return. From any thread or signal handler."""
        self._stop_wishes.put(None)

    def _fail(self) -> None:
        """A thread that nothing works without has ended."""
        self.exit_code = 1
        self.request_stop()

    def wait(self) -> None:
        """Return when it is time to stop; look after certificates meanwhile."""
        while True:
            try:
                self._stop_wishes.get(timeout=RENEWAL_SECONDS)
            except queue.Empty:
                self.renew_certificates()
            else:
                return

    def renew_certificates(self) -> None:
        """Renew the server's certificate if it is due, and serve new files; connections that stand go on."""
        try:
            if authority.renew_if_due(self._certificates):
                logger.info("Renewed the server certificate in %s", self._certificates)
            times = _file_times(self._certificates)
            if times != self._served_files:
                context = contexts.server_context(self._certificates, self.configuration.tls.minimum)
                for thread in self._threads:
                    thread.tls_context = context
                self._served_files = times
                logger.info("Serving the new certificate")
        except Exception:
            logger.exception("The certificate could not be renewed or loaded; the one before is served on")

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


def _file_times(directory: Path) -> tuple[int, int]:
    """When the served files were last changed, in ns."""
    return (directory / "server.pem").stat().st_mtime_ns, (directory / "server.key").stat().st_mtime_ns


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
