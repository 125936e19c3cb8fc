"""The commands that change what the client looks like, its language and other settings, while it runs."""

from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from securechat.client import known_servers
from securechat.client.desk import Desk
from securechat.client.errors import UsageError
from securechat.client.sanitize import sanitize
from securechat.client.settings import THEMES, Settings, value_lines
from securechat.client.texts import _, languages, use_language
from securechat.links import without_token
from securechat.settings.checks import nearest, setting_of, shown
from securechat.settings.reading import tables_of

_FROM_THE_START: Final = frozenset({"server", "rooms", "user", "ca", "password_file", "timeout", "color", "mouse"})
"""The settings that are asked for once, when the client starts."""


def theme(desk: Desk, rest: str) -> None:
    """Take another theme, or tell which there are."""
    name = rest.strip().lower()
    if name and name not in THEMES:
        raise UsageError(
            _("There is no theme {name}. The themes are: {names}.").format(name=sanitize(name), names=", ".join(THEMES))
        )
    if name:
        desk.take_theme(name)
        _note_value(desk, "look", "theme", name)
    else:
        desk.note(_("The themes are: {names}.").format(names=", ".join(THEMES)))


def language(desk: Desk, rest: str) -> None:
    """Speak another language, or tell which there are."""
    name = rest.strip().lower()
    known = languages()
    if name and name not in known:
        raise UsageError(_("The languages are: {names}.").format(names=", ".join(known)))
    if name:
        use_language(name)
        desk.look_anew()
        _note_value(desk, "look", "language", name)
        desk.note(_("This is the language of the client from now on."))
    else:
        desk.note(_("The languages are: {names}.").format(names=", ".join(known)))


def settings(desk: Desk, rest: str) -> None:
    """Show all settings or one, and where each comes from; or let one have another value until the client ends."""
    word, _space, text = rest.partition(" ")
    if not word:
        for (table, _key), line in _lines(desk):
            desk.note(f"{table}.{line}")
        return
    table, key = _place_of(word)
    if text.strip():
        _change(desk, table, key, text.strip())
    desk.note(next(f"{table}.{line}" for place, line in _lines(desk) if place == (table, key)))


def _change(desk: Desk, table: str, key: str, text: str) -> None:
    about = setting_of(_fields()[table, key])
    try:
        value = about.check.place(about.check.convert(about.check.read(text)), Path())
    except ValueError:
        right = _("must be {right}").format(right=about.check.words(_))
        raise UsageError(f"{table}.{key} = {sanitize(without_token(shown(text)))}: {right}") from None
    if key in _FROM_THE_START:
        raise UsageError(
            _("{key} counts from the start of the client on: write it into {path}.").format(
                key=f"{table}.{key}", path=sanitize(str(desk.effective.path))
            )
        )
    if key == "language":
        language(desk, text)
    elif key == "theme":
        theme(desk, text)
    else:
        desk.take_settings(desk.effective.with_value(table, key, value, _("for now")).settings)
        _note_value(desk, table, key, value)


def _note_value(desk: Desk, table: str, key: str, value: object) -> None:
    desk.effective = desk.effective.with_value(table, key, value, _("for now"))


def _lines(desk: Desk) -> list[tuple[tuple[str, str], str]]:
    known = known_servers.load(known_servers.default_path())
    return [(place, sanitize(line)) for place, line in value_lines(desk.effective, known)]


def _fields() -> dict[tuple[str, str], Any]:
    return {(name, one.name): one for name, table in tables_of(Settings) for one in fields(table)}


def _place_of(word: str) -> tuple[str, str]:
    """Return table and key of `theme` or `look.theme`. Raises UsageError."""
    known = list(_fields())
    for place in known:
        if word.lower() in {place[1], ".".join(place)}:
            return place
    hint = nearest(word.lower().rpartition(".")[2], [key for _table, key in known], _)
    raise UsageError(_("There is no setting {name}").format(name=sanitize(word)) + hint)
