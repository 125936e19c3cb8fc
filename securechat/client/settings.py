"""The settings of the client: one frozen dataclass per table of `client.toml`, found by precedence, checked as a whole.

Precedence: command line, `SECURECHAT_*`, the file, the default. What is remembered of the last server fills in what
nobody has said. `python -m securechat.client.settings` prints the reference, docs/client-configuration.md.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

from securechat.client.known_servers import KnownServers
from securechat.client.passwords import VARIABLE as PASSWORD_VARIABLE
from securechat.client.sanitize import sanitize
from securechat.client.setting_checks import address_of, file, hours, language, name, rooms, server
from securechat.client.texts import N_, _, system_language
from securechat.links import without_token
from securechat.settings.checks import choice, number, setting, setting_of, switch, whole
from securechat.settings.reading import Found, Reading, Tree, read_tree, tables_of
from securechat.settings.reference import page, toml_of

FILE_NAME: Final = "client.toml"
THEMES: Final = ("dark", "light", "high-contrast", "no-color")
"""The themes of the full screen, by name."""
_OF_THE_SERVER: Final = ("rooms", "user", "ca", "password_file")
"""What a file says of the server that it names, and of no other."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where to go, and who one is there. If the file names a server, its other keys here count for that server only."""

    server: str = setting(
        "", server(), "The server that is meant when none is named.", variable="SECURECHAT_SERVER", flag="SERVER"
    )
    rooms: tuple[str, ...] = setting(
        (),
        rooms(),
        "The rooms to enter; what you type or pipe in goes to the first.",
        variable="SECURECHAT_ROOM",
        flag="--room",
    )
    user: str = setting("", name(), "Your name on the server.", variable="SECURECHAT_USER", flag="--user")
    ca: Path | None = setting(  # noqa: RUF009 - a field, not a default
        None,
        file(),
        "The certificate of the authority that vouches for the server, in PEM.",
        default_text="what a link or an earlier visit has brought",
        variable="SECURECHAT_CA",
        flag="--ca",
    )
    password_file: Path | None = setting(  # noqa: RUF009 - a field, not a default
        None,
        file(),
        "A file whose first line is your password; it must not be readable for others. `SECURECHAT_PASSWORD` comes "
        "before it when it is named in this file only.",
        default_text="none: you are asked",
        variable="SECURECHAT_PASSWORD_FILE",
        flag="--password-file",
    )
    timeout: float = setting(
        30.0,
        number(0.1, 86_400),
        "How long to wait for the server, in seconds.",
        variable="SECURECHAT_TIMEOUT",
        flag="--timeout",
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What it looks like. `language` and `color` count for the line client, too."""

    language: str = setting(
        "",
        language(),
        "The language of the client; English and Russian are there.",
        variable="SECURECHAT_LANG",
        flag="--lang",
    )
    color: str = setting(
        "auto",
        choice("auto", "always", "never"),
        "Whether to use colours; `auto`: on a terminal, unless `NO_COLOR` is set.",
        variable="SECURECHAT_COLOR",
        flag="--color",
    )
    theme: str = setting(
        "dark",
        choice(*THEMES),
        "The colours of the full screen; `/theme` changes them for now.",
        variable="SECURECHAT_THEME",
        flag="--theme",
    )
    timestamps: str = setting(
        "minutes",
        choice("minutes", "seconds", "off"),
        "The time before each line of the full screen.",
        variable="SECURECHAT_TIMESTAMPS",
    )
    join_part: str = setting(
        "condensed",
        choice("condensed", "shown", "hidden"),
        "Who comes and goes: several as one line, a line each, or not at all.",
        variable="SECURECHAT_JOIN_PART",
    )
    members: bool = setting(
        True, switch(), "Show who is in the room, if the terminal is wide enough.", variable="SECURECHAT_MEMBERS"
    )
    members_width: int = setting(
        20, whole(8, 60), "Columns of the list of who is in the room.", variable="SECURECHAT_MEMBERS_WIDTH"
    )


@dataclass(frozen=True, slots=True)
class Typing:
    """The mouse, and what is pasted."""

    mouse: bool = setting(
        True,
        switch(),
        "Let a click choose a room or a person and the wheel scroll; without it the terminal marks text by itself.",
        variable="SECURECHAT_MOUSE",
    )
    paste_lines: int = setting(
        3,
        whole(1, 1_000),
        "A paste of more lines than these is sent only after a question.",
        variable="SECURECHAT_PASTE_LINES",
    )


@dataclass(frozen=True, slots=True)
class Notifications:
    """How you are told of direct messages, and of lines that name you, while you look elsewhere."""

    bell: bool = setting(True, switch(), "Ring the bell of the terminal.", variable="SECURECHAT_BELL")
    terminal: bool = setting(
        True,
        switch(),
        "Let the terminal show it, where it is known to be able to (iTerm2, WezTerm, Ghostty, kitty, foot, "
        "rxvt-unicode; in tmux with `allow-passthrough`).",
        variable="SECURECHAT_TERMINAL_NOTIFICATIONS",
    )
    desktop: bool = setting(
        True,
        switch(),
        "Show it on the desktop by `notify-send`, if that is installed and the terminal has not shown it.",
        variable="SECURECHAT_DESKTOP_NOTIFICATIONS",
    )
    show_text: bool = setting(
        True,
        switch(),
        "Show what was said; without it only who said something, and where.",
        variable="SECURECHAT_SHOW_TEXT",
    )
    quiet_hours: tuple[str, ...] = setting(
        (),
        hours(),
        "When not to be told of anything, in local time.",
        variable="SECURECHAT_QUIET_HOURS",
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, with its defaults. Immutable."""

    connection: Connection = field(default_factory=Connection)
    look: Look = field(default_factory=Look)
    typing: Typing = field(default_factory=Typing)
    notifications: Notifications = field(default_factory=Notifications)


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings that count, and where each comes from."""

    settings: Settings
    origins: Mapping[tuple[str, str], str]
    """By table and key: the file, the variable or the flag; nothing where the default counts."""
    path: Path

    @property
    def usual_rooms(self) -> tuple[str, ...]:
        """The rooms that the file names, if nothing that comes before it does."""
        here = self.origins.get(("connection", "rooms")) == str(self.path)
        return self.settings.connection.rooms if here else ()

    @property
    def wanted_rooms(self) -> tuple[str, ...]:
        """The rooms that the command line or the environment names."""
        return () if self.usual_rooms else self.settings.connection.rooms

    def with_value(self, table: str, key: str, value: object, source: str) -> "Effective":
        """Return the same with another value for one key, which was checked, and where that comes from."""
        changed = replace(getattr(self.settings, table), **{key: value})
        settings = replace(self.settings, **{table: changed})
        return replace(self, settings=settings, origins={**self.origins, (table, key): source})


def nothing_set(settings: Settings | None = None) -> Effective:
    """Return defaults (or `settings`) that come from nowhere in particular: for a front end without a command line."""
    return Effective(settings or Settings(), {}, default_path())


class SettingsFile:
    """`client.toml`, read once: its language is needed before anything can be said about what is wrong in it."""

    def __init__(self, path: Path | None) -> None:
        """`path`: the file that was named; None: the usual one, which need not be there."""
        self.path = path or default_path()
        self.named = path is not None

    def language(self) -> str:
        """Return the language that it names, if it can be read that far."""
        from securechat.errors import ConfigurationError

        try:
            table = self.tree().get("look")
        except ConfigurationError:
            return ""
        found = table.get("language") if isinstance(table, dict) else None
        return found if isinstance(found, str) else ""

    def tree(self) -> Tree:
        """Return what stands in it. Raises ConfigurationError."""
        return read_tree(self.path, _) if self.named or os.path.lexists(self.path) else Tree()

    def effective(self, flags: Mapping[tuple[str, str], object], environment: Mapping[str, str]) -> Effective:
        """Return what counts. `flags`: what the command line says by table and key, checked already.

        Raises ConfigurationError with every problem of the file and the environment.
        """
        reading = Reading(Settings, _)
        reading.take(self.tree(), str(self.path), self.path.parent)
        of_file = reading.found("connection", "server")
        reading.take_environment(environment)
        for (table, key), value in flags.items():
            reading.put(table, key, value, _flag_of(table, key))
        self._leave_out(reading, of_file, environment)
        made = Settings(**reading.made())
        places = [(name, one.name) for name, table in tables_of(Settings) for one in fields(table)]
        origins = {place: found.source for place in places if (found := reading.found(*place)) is not None}
        return Effective(made, origins, self.path)

    def _leave_out(self, reading: Reading, of_file: Found | None, environment: Mapping[str, str]) -> None:
        """Leave out what the file says but does not mean here, and colours where `NO_COLOR` is set."""
        chosen = reading.found("connection", "server")
        elsewhere = of_file is not None and chosen is not None and not _is_same(of_file.value, chosen.value)
        for key in _OF_THE_SERVER:
            found = reading.found("connection", key)
            here = found is not None and found.source == str(self.path)
            if here and (elsewhere or (key == "password_file" and environment.get(PASSWORD_VARIABLE))):
                reading.forget("connection", key)
        color = reading.found("look", "color")
        flag = color is not None and color.source == _flag_of("look", "color")
        if environment.get("NO_COLOR") and not flag and (color is None or color.value == "auto"):
            reading.put("look", "color", "never", "NO_COLOR")  # https://no-color.org


def _is_same(one: str, other: str) -> bool:
    """Whether two addresses or links are of the same server."""
    try:
        return bool(one) and bool(other) and address_of(one) == address_of(other)
    except ValueError:
        return False


def _flag_of(table: str, key: str) -> str:
    of = dict(tables_of(Settings))[table]
    return next(setting_of(one).flag for one in fields(of) if one.name == key)


def default_path() -> Path:
    """Return where the file is for this user."""
    from platformdirs import user_config_path

    return user_config_path("securechat", appauthor=False) / FILE_NAME


_REMEMBERED: Final = N_("remembered")
_DEFAULT: Final = N_("default")


def print_lines(
    effective: Effective, known: KnownServers, environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Give all effective values as a file in TOML, each with where it comes from."""
    there = _("it is there") if effective.path.is_file() else _("it is not there")
    yield f"# {sanitize(str(effective.path))}: {there}"
    before = ""
    for (title, _key), line in value_lines(effective, known, environment):
        if title != before:
            yield ""
            yield f"[{title}]"
        yield line
        before = title


def value_lines(
    effective: Effective, known: KnownServers, environment: Mapping[str, str] = os.environ
) -> Iterator[tuple[tuple[str, str], str]]:
    """Give table and key of each setting, and its effective value as a line of TOML with where it comes from.

    No secret is among them: passwords are no settings, and the token of an invite in a link is left out.
    """
    remembered = _remembered(effective, known)
    for title, table in tables_of(Settings):
        for one in fields(table):
            value = getattr(getattr(effective.settings, title), one.name)
            origin = effective.origins.get((title, one.name), "")
            if not origin:
                known_here = title == "connection" and one.name in remembered
                value = remembered[one.name] if known_here else value
                origin = _(_REMEMBERED) if known_here else _(_DEFAULT)
                if (title, one.name) == ("look", "language"):
                    value, variable = system_language(environment)
                    origin = variable or origin
            shown = without_token(value) if isinstance(value, str) else "" if value is None else value
            yield (title, one.name), f"{one.name} = {toml_of(shown)}  # {sanitize(origin)}"


def _remembered(effective: Effective, known: KnownServers) -> dict[str, object]:
    """Return what is remembered of the server that is meant."""
    wanted = effective.settings.connection.server
    found = known.find(address_of(wanted)) if wanted else known.last()
    if found is None:
        return {}
    kept: dict[str, object] = {"server": str(found.address), "user": found.name}
    if found.room:
        kept["rooms"] = (found.room,)
    return kept


_HEAD: Final = """\
# Settings of the client

<!-- Generated: python -m securechat.client.settings > docs/client-configuration.md -->

`securechat-client` needs no settings. It reads `client.toml` in `$XDG_CONFIG_HOME/securechat` (on Linux
`~/.config/securechat`), if it is there, or the file after `--config`. Every key is optional; what stands here are the
defaults. An unknown key or a wrong value is an error: the client tells all of them at once and does not start.

What is first found counts: the command line, the environment (an empty variable says nothing; lists are divided by
commas, `true` and `false` may be `1` and `0`), this file, the default. `securechat-client --print-config` prints what
counts, and where it comes from. Relative paths start at the folder of the file, those of the environment and the
command line at the current folder; `~` is your home.

A password has no place here: `password_file` names a file that only you can read.
"""


def reference() -> str:
    """Return docs/client-configuration.md."""
    return page(Settings, _HEAD)


if __name__ == "__main__":
    sys.stdout.write(reference())
