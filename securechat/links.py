"""Invite links: everything that a newcomer needs in one line to paste."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import quote, unquote

from securechat.errors import InvalidName
from securechat.names import check_room_name, room_to_wire
from securechat.printing import Translate

SCHEME: Final = "securechat"
DEFAULT_PORT: Final = 6697
"""The port of IRC over TLS (RFC 7194)."""
NO_INVITE: Final = "-" * 22
"""What is shown in the place of an invite (JOIN) to enter a room that is there, and make none.

It looks like a token of ours and is never one, and by a token that is no good no room is made.
"""

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SHOWN_TOKEN = re.compile(r"(?<=[?&]invite=)[^&#\s\"']+", re.IGNORECASE)
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


def without_token(text: str) -> str:
    """Return `text` with HIDDEN for the token of an invite, if it is a link, good or not: fit to be shown."""
    return _SHOWN_TOKEN.sub("HIDDEN", text) if is_link(text.lstrip("\"'")) else text


def _values(link: Link) -> tuple[tuple[str, str], ...]:
    return ("invite", link.invite), ("ca", link.ca)


def parse_link(text: str, translate: Translate = str) -> Link:
    """Return what a link says. Raises ValueError with a sentence that says what is wrong with it.

    The sentence never holds the invite's token, nor anything that a terminal would obey. Whoever speaks another
    language than English gives the function that translates as `translate`.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueError(
            translate("the link is longer than any link of ours ({count} characters)").format(count=_LONGEST)
        )
    scheme, separator, rest = text.partition("://")
    if scheme.lower() != SCHEME or not separator:
        raise ValueError(translate("a link looks like {form}").format(form=_FORM))
    if not text.isprintable() or " " in text:
        raise ValueError(translate("the link holds a space or a control character; was it broken over two lines?"))
    place, _, query = rest.partition("?")
    address, _, path = place.partition("/")
    host, port = _address(address, translate)
    values = _query(query, translate)
    invite, authority = _invite(values.get("invite"), translate), _authority(values.get("ca"), translate)
    return Link(host, port, _room(path, translate), invite, authority)


def _address(text: str, translate: Translate) -> tuple[str, int]:
    """Read HOST, HOST:PORT, [IPV6] or [IPV6]:PORT."""
    if "@" in text:
        raise ValueError(translate("the link has an @ before the host; names and passwords have no place in a link"))
    if text.startswith("["):
        host, closed, behind = text[1:].partition("]")
        if not closed or (behind and not behind.startswith(":")):
            raise ValueError(translate("the link's IPv6 address is not written as [ADDRESS] or [ADDRESS]:PORT"))
        return _ipv6(host, translate), _port(behind.removeprefix(":"), translate)
    host, _, port = text.partition(":")
    if not host:
        raise ValueError(translate("the link names no host (it looks like {form})").format(form=_FORM))
    if ":" in port:
        raise ValueError(
            translate("the link's host has several colons; an IPv6 address stands in brackets: [ADDRESS]:PORT")
        )
    return _host(host, translate), _port(port, translate)


def _host(text: str, translate: Translate) -> str:
    labels = text.split(".")
    if len(text) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(translate("the host in the link is not a host's name: {host}").format(host=_shown(text)))
    if labels[-1].isdigit():  # no top-level domain is a number, and some systems read 127.1 as an address
        try:
            ip_address(text)
        except ValueError:
            raise ValueError(
                translate("the host in the link is neither a name nor an IPv4 address: {host}").format(
                    host=_shown(text)
                )
            ) from None
    return text


def _ipv6(text: str, translate: Translate) -> str:
    address, percent, zone = text.replace("%25", "%", 1).partition("%")
    try:
        IPv6Address(address)
    except ValueError:
        raise ValueError(
            translate("what stands in brackets in the link is not an IPv6 address: {host}").format(host=_shown(text))
        ) from None
    if percent and not _ZONE.fullmatch(zone):
        raise ValueError(translate("the zone behind the % of the link's IPv6 address is not one"))
    return address + percent + zone


def _port(text: str, translate: Translate) -> int:
    if not text:
        return DEFAULT_PORT
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise ValueError(translate("the port in the link is not a number from 1 to 65535"))
    return int(text)


def _room(path: str, translate: Translate) -> str:
    room = _unquote(path, translate)
    if not room:
        return ""
    try:
        check_room_name(room_to_wire(room), longest=_LONGEST_ROOM)
    except InvalidName as error:
        raise ValueError(
            translate("the room in the link, {room}, cannot be one: {reason}").format(
                room=_shown(room), reason=translate(error.reason)
            )
        ) from None
    return room


def _query(text: str, translate: Translate) -> dict[str, str]:
    """Read `key=value` pairs; other keys than ours are left to later versions."""
    values: dict[str, str] = {}
    for pair in text.split("&") if text else ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(
                translate("the part of the link behind the ? cannot be read (it looks like {form})").format(form=_FORM)
            )
        if key in values:
            # Two readers could take two different ones for the one that counts.
            raise ValueError(translate("the link says {key} twice").format(key=_shown(key)))
        values[key] = _unquote(value, translate)
    return values


def _invite(token: str | None, translate: Translate) -> str:
    if token is not None and not _TOKEN.fullmatch(token):
        raise ValueError(translate("the invite in the link is not one; was the link cut when it was copied?"))
    return token or ""


def _authority(text: str | None, translate: Translate) -> str:
    fingerprint = (text or "").replace(":", "").lower()
    if text is not None and not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError(
            translate(
                "the fingerprint (ca=) in the link is not 64 hexadecimal digits; was the link cut when it was copied?"
            )
        )
    return fingerprint


def _unquote(text: str, translate: Translate) -> str:
    try:
        if not _BAD_ESCAPE.search(text):
            return unquote(text, errors="strict")
    except UnicodeDecodeError:
        pass
    raise ValueError(
        translate("a % in the link is not followed by what it must be; was the link cut when it was copied?")
    )


def _shown(text: str) -> str:
    """Return the text for an error: short, and with everything visible that a terminal would obey."""
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
