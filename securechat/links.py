"""Invite links: everything that a newcomer needs in one line to paste."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

SCHEME: Final = "securechat"
DEFAULT_PORT: Final = 6697
"""The port of IRC over TLS (RFC 7194)."""

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]{1,32})?")
_FORM: Final = "securechat://HOST:6697/ROOM?invite=TOKEN&ca=FINGERPRINT"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says. Its repr hides the invite's token."""

    host: str
    port: int = DEFAULT_PORT
    room: str = ""  # as people say it, without the `#`; empty: none
    invite: str = ""  # the token; empty: none
    ca: str = ""  # SHA-256 fingerprint of the CA's certificate, 64 hexadecimal digits; empty: not said

    def __repr__(self) -> str:
        return f"Link({self.host!r}, {self.port}, room={self.room!r}, ca={self.ca!r})"


def is_link(text: str) -> bool:
    """Whether `text` is meant to be a link, be it a good one or not."""
    return text.lower().startswith(f"{SCHEME}:")


def format_link(link: Link) -> str:
    """Return the link as text: `securechat://HOST:6697/general?invite=TOKEN&ca=FINGERPRINT`."""
    host = f"[{link.host}]" if ":" in link.host else link.host
    query = urlencode([(key, value) for key, value in (("invite", link.invite), ("ca", link.ca)) if value])
    path = f"/{quote(link.room, safe='')}" if link.room or query else ""
    return f"{SCHEME}://{host}:{link.port}{path}{f'?{query}' if query else ''}"


def parse_link(text: str) -> Link:
    """Return what a link says. Raises ValueError with a sentence that says what is wrong with it."""
    scheme, separator, rest = text.strip().partition("://")
    if scheme.lower() != SCHEME or not separator:
        raise ValueError(f"a link looks like {_FORM}")
    place, _, query = rest.partition("?")
    address, _, path = place.partition("/")
    host, port = _address(address)
    values = _query(query)
    room = unquote(path, errors="strict") if path else ""
    if not room.isprintable() or " " in room or "," in room:
        raise ValueError("the room in the link holds characters that no room's name can have")
    return Link(host, port, room, values.get("invite", ""), values.get("ca", ""))


def _address(text: str) -> tuple[str, int]:
    """Read HOST, HOST:PORT or [IPV6]:PORT."""
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        port = port.removeprefix(":") if closed else "?"
    else:
        host, _, port = text.partition(":")
    if not _HOST.fullmatch(host):
        raise ValueError(f"the link names no host that could be one (it looks like {_FORM})")
    if not port:
        return host, DEFAULT_PORT
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise ValueError("the port in the link is not a number from 1 to 65535")
    return host, int(port)


def _query(text: str) -> dict[str, str]:
    """Read `invite` and `ca`; other keys are left to later versions."""
    try:
        values = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict"))
    except ValueError:
        raise ValueError(f"the part of the link behind the ? cannot be read (it looks like {_FORM})") from None
    fingerprint = values.get("ca", "").replace(":", "").lower()
    if "ca" in values and not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError(
            "the fingerprint (ca=) in the link is not 64 hexadecimal digits; was the link cut when it was copied?"
        )
    if "invite" in values and not _TOKEN.fullmatch(values["invite"]):
        raise ValueError("the invite in the link is not one; was the link cut when it was copied?")
    return values | {"ca": fingerprint}
