"""The servers that this person was at: address, own name, CA certificate and last room. No password is ever kept.

One JSON file in the user's state folder (`$XDG_STATE_HOME/securechat/known_servers.json` on Linux).
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from securechat.client.address import Address
from securechat.client.errors import ClientError
from securechat.client.texts import _, system_words

FILE_NAME = "known_servers.json"


@dataclass(slots=True)
class KnownServer:
    """What is remembered of one server."""

    host: str
    port: int
    name: str
    authority: str
    """The CA certificate in PEM."""
    room: str = ""
    second_factor: bool = False
    """Whether the last login needed a code."""
    guest: bool = False
    """Whether one was there as a guest, so that there is no password to ask for."""

    @property
    def address(self) -> Address:
        """Where it is."""
        return Address(self.host, self.port)


@dataclass(slots=True)
class KnownServers:
    """All of them, the one that was last used at the end."""

    path: Path
    servers: list[KnownServer] = field(default_factory=list)

    def last(self) -> KnownServer | None:
        """Return the server that was last used."""
        return self.servers[-1] if self.servers else None

    def find(self, address: Address) -> KnownServer | None:
        """Return what is remembered of the server there."""
        return next((server for server in self.servers if server.address == address), None)

    def remember(self, server: KnownServer) -> None:
        """Keep a server as the last used one. Raises ClientError when the file cannot be written."""
        self.servers = [known for known in self.servers if known.address != server.address] + [server]
        text = json.dumps([asdict(known) for known in self.servers], indent=1, ensure_ascii=False)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Born with mode 0600; put in place at once, so that nobody ever reads half of it.
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=FILE_NAME)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text + "\n")
                Path(temporary).replace(self.path)
            except BaseException:
                Path(temporary).unlink()
                raise
        except OSError as error:
            raise ClientError(
                _("Cannot remember the server in {path}: {reason}").format(
                    path=self.path, reason=system_words(error.errno)
                )
            ) from error


def learn(address: Address, **changes: str | bool) -> None:
    """Change what is remembered of a server, if it is known: `name`, `room`, `guest`... Raises ClientError."""
    known = load(default_path())
    server = known.find(address)
    if server is not None and (changed := replace(server, **changes)) != server:  # type: ignore[arg-type]
        known.remember(changed)


def default_path() -> Path:
    """Return where the file is for this user."""
    from platformdirs import user_state_path

    return user_state_path("securechat", appauthor=False) / FILE_NAME


def load(path: Path) -> KnownServers:
    """Read the file; a missing one is an empty list. Raises ClientError when it is not what we write."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return KnownServers(path, [KnownServer(**row) for row in rows])
    except FileNotFoundError:
        return KnownServers(path)
    except OSError as error:
        raise ClientError(
            _("Cannot read {path}: {reason}").format(path=path, reason=system_words(error.errno))
        ) from error
    except (ValueError, TypeError) as error:
        raise ClientError(
            _("{path} is damaged. Remove it; you will need your link or --ca once more.").format(path=path)
        ) from error
