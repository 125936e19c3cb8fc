"""What only a setting of the server may be: addresses, origins, host names, the database (see `settings.checks`)."""

import re
from typing import Final

from securechat.settings.checks import Check

SQLITE: Final = "sqlite:///"
"""What the URL of a database begins with."""

_SERVER_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_ORIGIN: Final = re.compile(r"(?i:[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?)")
_DEFAULT_PORT: Final = re.compile(r"^(https://.*):443$|^(http://.*):80$")
_HOST: Final = re.compile(r"(?i:(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,62}\.))*[a-z]([a-z0-9-]{0,61}[a-z0-9])?)")


def server_name() -> Check:
    """A name that can be the source of a line on the wire."""

    def convert(value: object) -> str:
        if isinstance(value, str) and _SERVER_NAME.fullmatch(value):
            return value
        raise ValueError

    return Check('a host name of letters, digits, ".", "_" and "-", at most 63 characters', convert)


def sqlite_url() -> Check:
    """The URL of a database file; a relative one starts where the file is."""

    def convert(value: object) -> str:
        if isinstance(value, str) and value.startswith(SQLITE) and value.isprintable() and "?" not in value:
            path = value.removeprefix(SQLITE)
            if path and not path.endswith("/") and path != ":memory:":
                return value
        raise ValueError

    return Check(
        '"sqlite:///FILE" (relative to the folder of this file) or "sqlite:////absolute/path/FILE"; '
        "other databases are not supported",
        convert,
        place=lambda value, start: f"{SQLITE}{start / value.removeprefix(SQLITE)}",
    )


def addresses(*, empty: str = "") -> Check:
    """A list of addresses to listen on, none twice; with `empty` it may be empty, which means that."""

    def convert(value: object) -> tuple[str, ...]:
        if isinstance(value, list | tuple) and (value or empty) and all(isinstance(one, str) for one in value):
            split = [split_address(one) for one in value]
            if len(set(split)) == len(split):
                return tuple(value)
        raise ValueError

    return Check(
        'a list of different "HOST:PORT", IPv6 addresses in brackets, for example ["[::]:6697"] or ["192.0.2.7:6697"]'
        + (f", or [] ({empty})" if empty else ""),
        convert,
    )


def origins() -> Check:
    """A list of origins of web pages (RFC 6454), as browsers write them: in lower case, without a default port."""

    def convert(value: object) -> tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(one, str) and _ORIGIN.fullmatch(one) for one in value):
            return tuple(_DEFAULT_PORT.sub(r"\1\2", one.lower()) for one in value)
        raise ValueError

    return Check('a list of "https://HOST" or "https://HOST:PORT" without a path, or [] (none)', convert)


def host_names() -> Check:
    """A list of host names, without addresses: TLS names no others (RFC 6066 section 3)."""

    def convert(value: object) -> tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(one, str) and _HOST.fullmatch(one) for one in value):
            return tuple(one.lower() for one in value)
        raise ValueError

    return Check('a list of host names such as "chat.example.org" (other scripts by IDNA), or [] (none)', convert)


def split_address(text: str) -> tuple[str, int]:
    """Return host (without brackets) and port of `HOST:PORT`. Raises ValueError when it is not that."""
    host, colon, port_text = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not colon or not host or (":" in host) != bracketed or not (port_text.isascii() and port_text.isdigit()):
        raise ValueError(f"not HOST:PORT: {text!r}")
    if not host.isprintable() or any(one in host for one in " /[]@") or int(port_text[:6]) > 65535:
        raise ValueError(f"not HOST:PORT: {text!r}")
    return host, int(port_text)
