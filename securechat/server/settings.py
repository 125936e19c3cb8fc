"""What a setting may be: checks that turn a value of a TOML file into one of ours, or say what would be right."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from securechat.server.logs import printable

T = TypeVar("T")

SHOWN_CHARACTERS: Final = 80
"""A wrong value is shown up to here."""

_SERVER_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_ORIGIN: Final = re.compile(r"(?i:[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?)")
_DEFAULT_PORT: Final = re.compile(r"^(https://.*):443$|^(http://.*):80$")
_HOST: Final = re.compile(r"(?i:(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,62}\.))*[a-z]([a-z0-9-]{0,61}[a-z0-9])?)")
_URL_PASSWORD: Final = re.compile(r"//[^/@]*@")


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of value: `convert` returns what it stands for or raises ValueError; `right` says what it must be."""

    right: str
    convert: Callable[[object], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one key: what it means, what it may be, and how its default and its value may be shown."""

    doc: str
    check: Check
    default_text: str = ""  # for the reference, where the default depends on the machine
    secret: bool = False  # the value is never shown


def setting(
    default: T,
    check: Check,
    doc: str,
    *,
    factory: Callable[[], T] | None = None,
    default_text: str = "",
    secret: bool = False,
) -> T:
    """Return the dataclass field of a setting. `factory` makes the default where it depends on the machine."""
    metadata = {Setting: Setting(doc, check, default_text, secret)}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


def setting_of(of: "Field[Any]") -> Setting:
    """Return what `setting` noted about a field."""
    found: Setting = of.metadata[Setting]
    return found


def shown(value: object) -> str:
    """Return a wrong value as it may stand in a message: one line, no control characters, no password of a URL."""
    text = printable(json.dumps(value, ensure_ascii=False, default=str))
    text = _URL_PASSWORD.sub("//(hidden)@", text)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"


def whole(low: int, high: int, *, zero: str = "") -> Check:
    """A whole number from `low` to `high`; with `zero` also 0, which means that."""
    right = f"a whole number from {low:,} to {high:,}" + (f", or 0 ({zero})" if zero else "")

    def convert(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and (low <= value <= high or (zero and value == 0)):
            return value
        raise ValueError

    return Check(right, convert)


def number(low: float, high: float, *, zero: str = "") -> Check:
    """A number with or without a fraction; with `zero` also 0, which means that."""
    right = f"a number from {low:g} to {high:g}" + (f", or 0 ({zero})" if zero else "")

    def convert(value: object) -> float:
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and (low <= value <= high or (zero and value == 0))
        ):
            return float(value)
        raise ValueError

    return Check(right, convert)


def switch() -> Check:
    """True or false."""

    def convert(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError

    return Check("true or false, without quotes", convert)


def choice(*words: str) -> Check:
    """One of some words."""
    quoted = [f'"{word}"' for word in words]

    def convert(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError

    return Check(f"{', '.join(quoted[:-1])} or {quoted[-1]}", convert)


def line(longest: int, *, empty: str = "") -> Check:
    """One line of text; with `empty` it may be empty, which means that."""
    right = f"one line of at most {longest} printable characters" + (f', or "" ({empty})' if empty else "")

    def convert(value: object) -> str:
        if (
            isinstance(value, str)
            and len(value) <= longest
            and value.isprintable()
            and (value.strip() or (empty and not value))
        ):
            return value
        raise ValueError

    return Check(right, convert)


def lines(longest: int) -> Check:
    """Text of any number of lines, or none."""

    def convert(value: object) -> str:
        if (
            isinstance(value, str)
            and len(value) <= longest
            and all(one.isprintable() or one in "\n\r\t" for one in value)
        ):
            return value
        raise ValueError

    return Check(f'text of at most {longest:,} characters without control characters, or "" (none)', convert)


def server_name() -> Check:
    """A name that can be the source of a line on the wire."""

    def convert(value: object) -> str:
        if isinstance(value, str) and _SERVER_NAME.fullmatch(value):
            return value
        raise ValueError

    return Check('a host name of letters, digits, ".", "_" and "-", at most 63 characters', convert)


def folder() -> Check:
    """The path of a folder; a relative one starts where the file is."""

    def convert(value: object) -> Path:
        if isinstance(value, str) and value and value.isprintable():
            return Path(value)
        raise ValueError

    return Check("the path of a folder; a relative one starts at the folder of this file", convert)


def sqlite_url() -> Check:
    """The URL of a database file; its path is made relative to the configuration by whoever loads it."""

    def convert(value: object) -> str:
        prefix = "sqlite:///"
        if isinstance(value, str) and value.startswith(prefix) and value.isprintable() and "?" not in value:
            path = value.removeprefix(prefix)
            if path and not path.endswith("/") and path != ":memory:":
                return value
        raise ValueError

    return Check(
        '"sqlite:///FILE" (relative to the folder of this file) or "sqlite:////absolute/path/FILE"; '
        "other databases are not supported",
        convert,
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


def nearest(word: str, known: Sequence[str]) -> str:
    """Return `; did you mean X?` for the nearest of `known`, or nothing when none is near."""
    import difflib  # only when something is wrong

    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else f"; known here: {', '.join(known)}"
