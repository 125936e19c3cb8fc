"""The configuration: one frozen dataclass per table of the TOML file, read once and checked as a whole.

Every key is optional. `python -m securechat.server.configuration` prints the reference, docs/configuration.md.
"""

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from securechat.server.settings import (
    SQLITE,
    addresses,
    host_names,
    origins,
    server_name,
    split_address,
    sqlite_url,
)
from securechat.settings.checks import choice, folder, line, lines, number, setting, switch, whole
from securechat.settings.reading import Reading, Tree, read_tree, tables_of

DEFAULT_FILE: Final = Path("securechat.toml")
"""Read from the current folder when no file is named and it is there."""
COMMAND_LINE: Final = "command line"
"""Where an override comes from, in messages."""

_NO_LIMIT: Final = "no limit"


def _host_name() -> str:
    """Return the name of this machine, in a form that can stand on the wire."""
    name = socket.gethostname()
    try:
        return str(server_name().convert(name))
    except ValueError:
        return "localhost"


@dataclass(frozen=True, slots=True)
class Server:
    """What the server is called and where it listens."""

    name: str = setting(
        "",
        server_name(),
        "The server's name on the wire: the source of its own lines.",
        factory=_host_name,
        default_text="the name of the machine",
    )
    network: str = setting("securechat", line(64), "The name that clients show for this chat.")
    listen: tuple[str, ...] = setting(
        ("[::]:6697",),
        addresses(),
        "Where to listen, always with TLS. `[::]` is every address of the machine, IPv4 too; port 0 is any free port.",
    )
    websocket_listen: tuple[str, ...] = setting(
        (),
        addresses(empty="off"),
        "Where to listen for WebSockets, always with TLS: the way in for programs in a browser.",
    )
    websocket_origins: tuple[str, ...] = setting(
        (),
        origins(),
        "Web pages from elsewhere whose programs may connect by WebSocket. A page from the very host and port that it "
        "connects to may, and so may programs that are no page.",
    )
    motd: str = setting("", lines(20_000), "The message of the day, shown after login.")


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates and the version of TLS."""

    directory: Path = setting(  # noqa: RUF009 - a field, not a default
        Path("certs"),
        folder(),
        "The folder of ca.pem, server.pem and server.key (and ca.key, so that the server can renew its certificate). "
        "What is missing is made at the first start.",
    )
    minimum: str = setting("1.3", choice("1.3", "1.2"), "The oldest version of TLS that is spoken.")
    client_certificates: bool = setting(
        True,
        switch(),
        "Whether clients may show a certificate that `securechat-gencert client` has made, and log in by it.",
    )
    sts_names: tuple[str, ...] = setting(
        (),
        host_names(),
        "Names of this host at which clients shall never again connect to an IRC server without TLS (the capability "
        "`sts`). They keep to it for `sts_seconds`, whatever becomes of this server.",
    )
    sts_seconds: int = setting(
        2_592_000, whole(1, 315_360_000, zero="take it back"), "For how long, from each connection on."
    )


@dataclass(frozen=True, slots=True)
class Database:
    """Where everything is stored."""

    url: str = setting("sqlite:///securechat.db", sqlite_url(), "The database; made at the first start.")


@dataclass(frozen=True, slots=True)
class Access:
    """Who gets in."""

    registration: str = setting(
        "invite",
        choice("invite", "open", "closed"),
        "Who may make an account: whoever has an invite, everybody, or nobody (then only `securechat-admin user add`).",
    )
    guests: bool = setting(False, switch(), "Let people in by a name alone, without an account.")
    room_creation: str = setting(
        "everybody",
        choice("everybody", "administrators"),
        "Who may make rooms, by going into one that is not there. With `administrators`, a name that nobody has taken "
        "and one of a secret room are refused with the same words.",
    )
    password: str = setting(
        "",
        line(255, empty="none"),
        "A password of the whole server that a client without an account must send by PASS.",
        secret=True,
    )


@dataclass(frozen=True, slots=True)
class Accounts:
    """Passwords: their rules and costs. Changed costs apply to new passwords, and to old ones at a PLAIN login."""

    minimum_password_length: int = setting(8, whole(1, 128, zero="any"), "Shortest new password, in characters.")
    register_before_connect: bool = setting(
        True, switch(), "Let REGISTER come before the connection is complete; without it only guests can register."
    )
    second_factor: str = setting(
        "optional",
        choice("optional", "administrators", "everybody"),
        "Who must have a second factor (TOTP). Administrators without one have no powers until it is set up; with "
        "`everybody`, an account without one can do nothing but set it up.",
    )
    argon2_memory_kib: int = setting(19_456, whole(8, 4_194_304), "Memory of one password check by Argon2id, in KiB.")
    argon2_iterations: int = setting(2, whole(1, 1_000), "Passes of one password check by Argon2id.")
    scram_iterations: int = setting(
        600_000,
        whole(4_096, 10_000_000),
        "Iterations of SCRAM-SHA-256; the client does this work at each login. "
        "Fewer make stolen password rows easier to break.",
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may ask for; 0 is no limit."""

    connections_per_address: int = setting(
        16, whole(1, 100_000, zero=_NO_LIMIT), "Connections that stand at the same time, for each IP address."
    )
    connection_rate_per_address: int = setting(
        32, whole(1, 1_000_000, zero=_NO_LIMIT), "New connections within 10 minutes, for each IP address."
    )
    commands_per_second: float = setting(
        25.0,
        number(0.1, 100_000, zero=_NO_LIMIT),
        "Steady rate of commands of one connection. Above it the server reads more slowly; nothing is dropped.",
    )
    command_burst: int = setting(
        100,
        whole(1, 100_000, zero=_NO_LIMIT),
        "Commands that one connection may send at once before that rate applies.",
    )
    messages_per_minute: int = setting(
        600,
        whole(1, 1_000_000, zero=_NO_LIMIT),
        "Messages of one account over all of its connections, or of the guests of one address; a fifth of them may "
        "come at once. Above it the server reads more slowly; nothing is dropped.",
    )
    rooms_per_hour: int = setting(
        20, whole(1, 100_000, zero=_NO_LIMIT), "Rooms that one account makes, or the guests of one address."
    )
    invitations_per_minute: int = setting(
        20, whole(1, 100_000, zero=_NO_LIMIT), "People whom one account asks into rooms, or the guests of one address."
    )
    knocks_per_hour: int = setting(
        20,
        whole(1, 100_000, zero=_NO_LIMIT),
        "Rooms that one account asks to be let into, or the guests of one address.",
    )
    kicks_per_minute: int = setting(
        60,
        whole(1, 100_000, zero=_NO_LIMIT),
        "People whom one account puts out of rooms, or the guests of one address.",
    )
    failed_logins_per_minute: int = setting(
        3,
        whole(1, 100_000, zero=_NO_LIMIT),
        "Failed logins to one account from one address; from one address to all accounts five times as many.",
    )
    handshake_seconds: int = setting(
        10,
        whole(1, 3_600, zero=_NO_LIMIT),
        "Time to finish the handshake: of TLS and, where it is asked for, of the WebSocket in it.",
    )
    registration_seconds: int = setting(60, whole(1, 3_600, zero=_NO_LIMIT), "Time to log in after the handshake.")
    send_queue_bytes: int = setting(
        1_048_576,
        whole(4_096, 2**31, zero=_NO_LIMIT),
        "Bytes that may wait for a client that does not read; above it the connection is closed.",
    )

    @property
    def answer_bytes(self) -> int:
        """How long one answer may be, so that it fits in beside what else waits for the client; 0: any length."""
        return self.send_queue_bytes // 2

    nick_length: int = setting(
        32, whole(1, 64, zero=_NO_LIMIT), "Longest nick and account name, in characters; never over 96 bytes."
    )
    room_name_length: int = setting(
        64, whole(2, 128, zero=_NO_LIMIT), "Longest room name with its #, in characters; never over 192 bytes."
    )
    topic_length: int = setting(390, whole(1, 390, zero=_NO_LIMIT), "Longest topic, in characters.")


@dataclass(frozen=True, slots=True)
class History:
    """How much history is shown at once; all of it is kept."""

    replay_lines: int = setting(
        100,
        whole(1, 10_000, zero="none"),
        "Missed lines of each room that are shown at login to a client that cannot ask for history by itself.",
    )
    page_messages: int = setting(
        100, whole(1, 10_000, zero=_NO_LIMIT), "Most messages of one answer to a client that asks for history."
    )


@dataclass(frozen=True, slots=True)
class Log:
    """The log, on standard error."""

    level: str = setting(
        "info", choice("debug", "info", "warning", "error"), "The least important records that are written."
    )
    format: str = setting(
        "auto",
        choice("auto", "text", "json"),
        "Lines for people, one JSON object a line, or text on a terminal and JSON otherwise.",
    )


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that can be set, with its defaults. Immutable."""

    server: Server = field(default_factory=Server)
    tls: Tls = field(default_factory=Tls)
    database: Database = field(default_factory=Database)
    access: Access = field(default_factory=Access)
    accounts: Accounts = field(default_factory=Accounts)
    limits: Limits = field(default_factory=Limits)
    history: History = field(default_factory=History)
    log: Log = field(default_factory=Log)

    def listen_addresses(self) -> list[tuple[str, int]]:
        """Return (host, port) of each address to listen on; the host of an IPv6 address is without brackets."""
        return [split_address(one) for one in self.server.listen]

    def websocket_addresses(self) -> list[tuple[str, int]]:
        """Return (host, port) of each address to listen on for WebSockets."""
        return [split_address(one) for one in self.server.websocket_listen]

    @property
    def database_path(self) -> Path:
        """The file of the database."""
        return Path(self.database.url.removeprefix(SQLITE))


def tables() -> Iterator[tuple[str, type[Any]]]:
    """Yield the name and the dataclass of each table, in the order of the reference."""
    return tables_of(Configuration)


def load(path: Path | None = None, overrides: Mapping[str, object] | None = None) -> Configuration:
    """Return the configuration of the file at `path`, or of ./securechat.toml if that exists, or all defaults.

    `overrides` are values from the command line by key path, as {"tls.directory": "certs"}; their relative paths start
    at the current folder, those of the file at the file's folder. Raises ConfigurationError with every problem found.
    """
    source = path if path is not None else DEFAULT_FILE
    tree = read_tree(source) if path is not None or os.path.lexists(source) else Tree()
    reading = Reading(Configuration)
    reading.take(tree, str(source), source.parent)
    for key_path, value in (overrides or {}).items():
        table, _, key = key_path.partition(".")
        reading.take(Tree({table: {key: value}}), COMMAND_LINE, Path())
    return Configuration(**reading.made())


if __name__ == "__main__":
    from securechat.server.configuration_reference import reference

    sys.stdout.write(reference())
