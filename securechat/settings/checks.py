"""What a setting may be: checks that turn a value of a TOML file into one of ours, or say what would be right.

Whoever speaks another language than English gives the function that translates as `translate`; the catalogues hold
every text that is given to `Check` or `translate` in this package.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from securechat.printing import Translate, printable

T = TypeVar("T")

SHOWN_CHARACTERS: Final = 80
"""A wrong value is shown up to here."""

_URL_PASSWORD: Final = re.compile(r"//[^/@]*@")
_WORDS_OF_SWITCH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _as_it_is(value: Any, _start: Path) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of value: what it must be, and what makes one of ours of it."""

    template: str
    """What it must be, in English, with fields for `values`."""
    convert: Callable[[object], Any]
    """Returns what a value of a TOML file stands for, or raises ValueError."""
    values: Mapping[str, object] = field(default_factory=dict)
    read: Callable[[str], object] = str
    """Makes of a text of the environment what would stand in a TOML file; what it cannot read it returns as it is."""
    place: Callable[[Any, Path], Any] = _as_it_is
    """Lets what `convert` has returned start at a folder, if it is a relative path."""

    @property
    def right(self) -> str:
        """What it must be, in English."""
        return self.words()

    def words(self, translate: Translate = str) -> str:
        """Return what it must be."""
        return translate(self.template).format_map(
            {
                name: translate(value) if isinstance(value, str) and value else value
                for name, value in self.values.items()
            }
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one key: what it means, what it may be, and how its default and its value may be shown."""

    doc: str
    check: Check
    default_text: str = ""  # for the reference, where the default depends on the machine
    secret: bool = False  # the value is never shown
    variable: str = ""  # of the environment, that says the same
    flag: str = ""  # of the command line, that says the same


def setting(
    default: T,
    check: Check,
    doc: str,
    *,
    factory: Callable[[], T] | None = None,
    default_text: str = "",
    secret: bool = False,
    variable: str = "",
    flag: str = "",
) -> T:
    """Return the dataclass field of a setting. `factory` makes the default where it depends on the machine."""
    metadata = {Setting: Setting(doc, check, default_text, secret, variable, flag)}
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

    def convert(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and (low <= value <= high or (zero and value == 0)):
            return value
        raise ValueError

    def read(text: str) -> object:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text

    values = {"low": low, "high": high, "zero": zero}
    if zero:
        return Check("a whole number from {low:,} to {high:,}, or 0 ({zero})", convert, values, read)
    return Check("a whole number from {low:,} to {high:,}", convert, values, read)


def number(low: float, high: float, *, zero: str = "") -> Check:
    """A number with or without a fraction; with `zero` also 0, which means that."""

    def convert(value: object) -> float:
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and (low <= value <= high or (zero and value == 0))
        ):
            return float(value)
        raise ValueError

    def read(text: str) -> object:
        try:
            return float(text)
        except ValueError:
            return text

    values = {"low": low, "high": high, "zero": zero}
    if zero:
        return Check("a number from {low:g} to {high:g}, or 0 ({zero})", convert, values, read)
    return Check("a number from {low:g} to {high:g}", convert, values, read)


def switch() -> Check:
    """True or false."""

    def convert(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise ValueError

    def read(text: str) -> object:
        return _WORDS_OF_SWITCH.get(text.lower(), text)

    return Check("true or false, without quotes", convert, read=read)


def choice(*words: str) -> Check:
    """One of some words."""
    quoted = [f'"{word}"' for word in words]

    def convert(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError

    return Check("{others} or {last}", convert, {"others": ", ".join(quoted[:-1]), "last": quoted[-1]})


def line(longest: int, *, empty: str = "") -> Check:
    """One line of text; with `empty` it may be empty, which means that."""

    def convert(value: object) -> str:
        if (
            isinstance(value, str)
            and len(value) <= longest
            and value.isprintable()
            and (value.strip() or (empty and not value))
        ):
            return value
        raise ValueError

    values = {"longest": longest, "empty": empty}
    if empty:
        return Check('one line of at most {longest} printable characters, or "" ({empty})', convert, values)
    return Check("one line of at most {longest} printable characters", convert, values)


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

    return Check(
        'text of at most {longest:,} characters without control characters, or "" (none)', convert, {"longest": longest}
    )


def folder() -> Check:
    """The path of a folder; a relative one starts where the file is."""

    def convert(value: object) -> Path:
        if isinstance(value, str) and value and value.isprintable():
            return Path(value)
        raise ValueError

    def place(value: Path, start: Path) -> Path:
        return start / value

    return Check("the path of a folder; a relative one starts at the folder of this file", convert, place=place)


def nearest(word: str, known: Sequence[str], translate: Translate = str) -> str:
    """Return `; did you mean X?` for the nearest of `known`, or all of them when none is near."""
    import difflib  # only when something is wrong

    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if found:
        return translate("; did you mean {name}?").format(name=found[0])
    return translate("; known here: {names}").format(names=", ".join(known))
