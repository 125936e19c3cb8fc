"""What only a setting of the client may be: servers, rooms, names, files, hours (see `settings.checks`)."""

import re
from pathlib import Path
from typing import Any, Final

from securechat.client.address import Address
from securechat.client.arguments import check_name, check_room, where
from securechat.client.errors import UsageError
from securechat.settings.checks import Check

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}([_.@-][A-Za-z0-9_.@-]{1,30})?")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def server() -> Check:
    """Where a server is, or a link to it."""

    def convert(value: object) -> str:
        if value == "":
            return ""
        if not isinstance(value, str):
            raise ValueError
        address_of(value)
        return value

    return Check('"HOST", "HOST:PORT" or a link, or "" (the one where you were last)', convert)


def address_of(text: str) -> Address:
    """Return the address in an address or a link. Raises ValueError."""
    try:
        return where(text)[0]
    except UsageError as error:
        raise ValueError(str(error)) from error


def rooms() -> Check:
    """Names of rooms."""

    def convert(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            raise ValueError
        try:
            for one in value:
                check_room(one)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return tuple(value)

    def read(text: str) -> object:
        return [one.strip() for one in text.split(",")]

    return Check(
        'a list of names of rooms such as ["general", "ops"], or [] (the one where you were last)', convert, read=read
    )


def name() -> Check:
    """A name that can be one's own."""

    def convert(value: object) -> str:
        if value == "":
            return ""
        if not isinstance(value, str):
            raise ValueError
        try:
            check_name(value)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return value

    return Check('a name without spaces, or "" (the one that is remembered, else you are asked)', convert)


def file() -> Check:
    """The path of a file, or nothing; `~` is one's home, a relative one starts where the settings are."""

    def convert(value: object) -> Path | None:
        if value == "":
            return None
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError
        try:
            return Path(value).expanduser()
        except RuntimeError as error:  # nobody of that name
            raise ValueError(str(error)) from error

    def place(value: Path | None, start: Path) -> Any:
        return None if value is None else start / value

    return Check(
        'the path of a file, a relative one starting at the folder of this file, or "" (none)', convert, place=place
    )


def language() -> Check:
    """A language by its code, or nothing."""

    def convert(value: object) -> str:
        if isinstance(value, str) and (not value or all(_LANGUAGE.fullmatch(one) for one in value.split(":"))):
            return value
        raise ValueError

    return Check('a language such as "en" or "ru", or "" (that of the system)', convert)


def hours() -> Check:
    """Spans of the day in local time, also over midnight."""

    def convert(value: object) -> tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(one, str) and _HOURS.fullmatch(one) for one in value):
            return tuple(value)
        raise ValueError

    def read(text: str) -> object:
        return [one.strip() for one in text.split(",")]

    return Check('a list of "HH:MM-HH:MM" such as ["22:00-07:00"], or [] (none)', convert, read=read)


def minutes_of(span: str) -> tuple[int, int]:
    """Return the first minute of the day of a span of `hours`, and the one that ends it."""
    found = _HOURS.fullmatch(span)
    if found is None:
        raise ValueError(span)
    first, second, third, fourth = map(int, found.groups())
    return first * 60 + second, third * 60 + fourth
