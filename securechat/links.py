"""Invite links: everything that a newcomer needs in one line to paste."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import quote, unquote

from securechat.errors import InvalidName
from securechat.names import check_room_name, room_to_wire

SCHEME: Final = "securechat"
DEFAULT_PORT: Final = 6697
"""The port of IRC over TLS (RFC 7194)."""

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_ZONE = re.compile(r"[A-Za-z0-9._-]{1,32}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORM: Final = "securechat://HOST:6697/ROOM?invite=TOKEN&ca=FINGERPRINT"
_LONGEST: Final = 2048
_LONGEST_ROOM: Final = 400  # the server has the last word


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says. Its repr hides the invite's token."""

    host: str
    port: int = DEFAULT_PORT
    room: str = ""  # as people say it, without the `#`; empty: none
    invite: str = ""  # the token; empty: none
    ca: str = ""  # SHA-256 fingerprint of the CA's certificate, 64 lower-case hexadecimal digits; empty: not said

    def __repr__(self) -> str:
        return f"Link({self.host!r}, {self.port}, room={self.room!r}, ca={self.ca!r})"


def is_link(text: str) -> bool:
    """Whether `text` is meant to be a link, be it a good one or not."""
    return text.strip().lower().startswith(f"{SCHEME}:")


def format_link(link: Link, *, short: bool = False) -> str:
    """Return the link as text: `securechat://HOST:6697/general?invite=TOKEN&ca=FINGERPRINT`.

    An IPv6 address stands in brackets, its zone as in RFC 6874. Nothing is checked: `parse_link` does that.
    A `short` link leaves letters of other scripts as they are (RFC 3987), which makes a third of them.
    """
    host = f"[{link.host.replace('%', '%25')}]" if ":" in link.host else link.host
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in _values(link) if value)
    room = "".join(one if short and not one.isascii() else quote(one, safe="") for one in link.room)
    path = f"/{room}" if link.room or query else ""
    return f"{SCHEME}://{host}:{link.port}{path}{f'?{query}' if query else ''}"


def _values(link: Link) -> tuple[tuple[str, str], ...]:
    return ("invite", link.invite), ("ca", link.ca)


def parse_link(text: str) -> Link:
    """Return what a link says. Raises ValueError with a sentence that says what is wrong with it.

    The sentence never holds the invite's token, nor anything that a terminal would obey.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueError(f"the link is longer than any link of ours ({_LONGEST} characters)")
    scheme, separator, rest = text.partition("://")
    if scheme.lower() != SCHEME or not separator:
        raise ValueError(f"a link looks like {_FORM}")
    if not text.isprintable() or " " in text:
        raise ValueError("the link holds a space or a control character; was it broken over two lines?")
    place, _, query = rest.partition("?")
    address, _, path = place.partition("/")
    host, port = _address(address)
    values = _query(query)
    return Link(host, port, _room(path), _invite(values.get("invite")), _authority(values.get("ca")))


def _address(text: str) -> tuple[str, int]:
    """Read HOST, HOST:PORT, [IPV6] or [IPV6]:PORT."""
    if "@" in text:
        raise ValueError("the link has an @ before the host; names and passwords have no place in a link")
    if text.startswith("["):
        host, closed, behind = text[1:].partition("]")
        if not closed or (behind and not behind.startswith(":")):
            raise ValueError("the link's IPv6 address is not written as [ADDRESS] or [ADDRESS]:PORT")
        return _ipv6(host), _port(behind.removeprefix(":"))
    host, _, port = text.partition(":")
    if not host:
        raise ValueError(f"the link names no host (it looks like {_FORM})")
    if ":" in port:
        raise ValueError("the link's host has several colons; an IPv6 address stands in brackets: [ADDRESS]:PORT")
    return _host(host), _port(port)


def _host(text: str) -> str:
    labels = text.split(".")
    if len(text) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(f"the host in the link is not a host's name: {_shown(text)}")
    if labels[-1].isdigit():  # no top-level domain is a number, and some systems read 127.1 as an address
        try:
            ip_address(text)
        except ValueError:
            raise ValueError(f"the host in the link is neither a name nor an IPv4 address: {_shown(text)}") from None
    return text


def _ipv6(text: str) -> str:
    address, percent, zone = text.replace("%25", "%", 1).partition("%")
    try:
        IPv6Address(address)
    except ValueError:
        raise ValueError(f"what stands in brackets in the link is not an IPv6 address: {_shown(text)}") from None
    if percent and not _ZONE.fullmatch(zone):
        raise ValueError("the zone behind the % of the link's IPv6 address is not one")
    return address + percent + zone


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise ValueError("the port in the link is not a number from 1 to 65535")
    return int(text)


def _room(path: str) -> str:
    room = _unquote(path)
    if not room:
        return ""
    try:
        check_room_name(room_to_wire(room), longest=_LONGEST_ROOM)
    except InvalidName as error:
        raise ValueError(f"the room in the link, {_shown(room)}, cannot be one: {error.reason}") from None
    return room


def _query(text: str) -> dict[str, str]:
    """Read `key=value` pairs; other keys than ours are left to later versions."""
    values: dict[str, str] = {}
    for pair in text.split("&") if text else ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"the part of the link behind the ? cannot be read (it looks like {_FORM})")
        if key in values:
            # Two readers could take two different ones for the one that counts.
            raise ValueError(f"the link says {_shown(key)} twice")
        values[key] = _unquote(value)
    return values


def _invite(token: str | None) -> str:
    if token is not None and not _TOKEN.fullmatch(token):
        raise ValueError("the invite in the link is not one; was the link cut when it was copied?")
    return token or ""


def _authority(text: str | None) -> str:
    fingerprint = (text or "").replace(":", "").lower()
    if text is not None and not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError(
            "the fingerprint (ca=) in the link is not 64 hexadecimal digits; was the link cut when it was copied?"
        )
    return fingerprint


def _unquote(text: str) -> str:
    try:
        if not _BAD_ESCAPE.search(text):
            return unquote(text, errors="strict")
    except UnicodeDecodeError:
        pass
    raise ValueError("a % in the link is not followed by what it must be; was the link cut when it was copied?")


def _shown(text: str) -> str:
    """Return the text for an error: short, and with everything visible that a terminal would obey."""
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
