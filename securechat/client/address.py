"""Where a server is: host and port, as people write them."""

from dataclasses import dataclass

from securechat.client.errors import UsageError
from securechat.client.texts import _

DEFAULT_PORT = 6697
"""The registered port of IRC over TLS (RFC 7194)."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server's host name or IP address, and port."""

    host: str
    port: int = DEFAULT_PORT

    @property
    def verified_name(self) -> str:
        """What the certificate must be made for: the host, without the zone of a link-local address (RFC 4007)."""
        return self.host.partition("%")[0]

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Return the address in `host`, `host:port`, `[IPv6]:port` or a bare IPv6 address. Raises UsageError."""
    host, port = text.strip(), ""
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise _bad(text)
        port = port[1:]
    elif host.count(":") == 1:
        host, _colon, port = host.partition(":")
    if not host or any(character.isspace() or not character.isprintable() or character in "/@" for character in host):
        raise _bad(text)
    if not port:
        return Address(host.lower())
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise _bad(text)
    return Address(host.lower(), int(port))


def _bad(text: str) -> UsageError:
    return UsageError(_("{text} is not the address of a server, such as chat.lan or chat.lan:6697.").format(text=text))
