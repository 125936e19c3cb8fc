"""Reading settings: values and problems from files, the environment and the command line, checked as a whole."""

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from securechat.errors import ConfigurationError
from securechat.links import without_token
from securechat.printing import Translate
from securechat.settings.checks import Setting, nearest, setting_of, shown
from securechat.settings.places import lines_of


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and where it was found: a file, a variable, or the command line."""

    value: Any
    source: str


def tables_of(configuration: type[Any]) -> Iterator[tuple[str, type[Any]]]:
    """Yield the name and the dataclass of each table of a configuration, in the order of the reference."""
    for table in dataclasses.fields(configuration):
        assert isinstance(table.type, type), "its module has no postponed annotations"
        yield table.name, table.type


class Tree(dict[str, Any]):
    """What stands in a TOML file, or is to be taken as if it did; `lines` tells where (see `lines_of`)."""

    lines: Mapping[tuple[str, str], int] = MappingProxyType({})


def read_tree(path: Path, translate: Translate = str) -> Tree:
    """Return the tree of a TOML file. Raises ConfigurationError."""
    try:
        text = path.read_text("utf-8")
        tree = Tree(tomllib.loads(text))
        tree.lines = lines_of(text)
        return tree
    except OSError as error:
        reason = translate("cannot be read: {reason}").format(reason=translate(error.strerror or str(error)))
    except UnicodeDecodeError as error:
        reason = translate("is not UTF-8 text (byte {place})").format(place=error.start + 1)
    except tomllib.TOMLDecodeError as error:
        reason = translate("is not TOML: {reason}").format(reason=error)
    raise ConfigurationError([f"{path}: {reason}"])


class Reading:
    """Collects values and problems from all sources; later values replace earlier ones."""

    def __init__(self, configuration: type[Any], translate: Translate = str) -> None:
        self.problems: list[str] = []
        self._translate = translate
        self._classes = dict(tables_of(configuration))
        self._found: dict[tuple[str, str], Found] = {}

    def made(self) -> dict[str, Any]:
        """Return each table by its name, with its defaults where nothing was found.

        Raises ConfigurationError with every problem that came up.
        """
        if self.problems:
            raise ConfigurationError(self.problems)
        return {
            name: table(**{key: found.value for (of, key), found in self._found.items() if of == name})
            for name, table in self._classes.items()
        }

    def found(self, table: str, key: str) -> Found | None:
        """Return what was found for a key; None when nothing was."""
        return self._found.get((table, key))

    def put(self, table: str, key: str, value: object, source: str) -> None:
        """Let a key have a value that was checked elsewhere."""
        self._found[table, key] = Found(value, source)

    def forget(self, table: str, key: str) -> None:
        """Let a key have its default again."""
        self._found.pop((table, key), None)

    def take(self, tree: Tree, source: str, start: Path) -> None:
        """Take over the tables of `tree`, which come from `source`; relative paths in it start at `start`."""

        def place(table: str, key: str = "") -> str:
            line = tree.lines.get((table, key)) or tree.lines.get((table, ""))
            return f"{source}:{line}" if line else source

        for name, content in tree.items():
            known = self._classes.get(name)
            if known is None:
                self._unknown_table(name, content, place(name))
            elif not isinstance(content, Mapping):
                right = self._translate("must be a table, written as [{name}]").format(name=name)
                self.problems.append(f"{place(name)}: {name} = {shown(content)}: {right}")
            else:
                fields = {one.name: setting_of(one) for one in dataclasses.fields(known)}
                for key, value in content.items():
                    if key in fields:
                        self._take_value(name, key, fields[key], value, source, place(name, key), start)
                    else:
                        self._unknown_key(name, key, list(fields), place(name, key))

    def take_environment(self, environment: Mapping[str, str]) -> None:
        """Take over what the variables of the settings say; an empty one says nothing. Paths start here."""
        for name, known in self._classes.items():
            for one in dataclasses.fields(known):
                about = setting_of(one)
                text = environment.get(about.variable, "") if about.variable else ""
                if text:
                    value, variable = about.check.read(text), about.variable
                    self._take_value(name, one.name, about, value, variable, variable, Path())

    def _unknown_key(self, table: str, key: str, known: list[str], place: str) -> None:
        unknown = self._translate("unknown key")
        self.problems.append(f"{place}: {table}.{shown(key)[1:-1]}: {unknown}{self._hint(key, known)}")

    def _take_value(
        self, table: str, key: str, about: Setting, value: object, source: str, place: str, start: Path
    ) -> None:
        try:
            converted = about.check.convert(value)
        except ValueError:
            found = self._translate("(hidden)") if about.secret else without_token(shown(value))
            right = self._translate("must be {right}").format(right=about.check.words(self._translate))
            # A variable or an option says by its own name which key it is.
            name = place if source in (about.variable, about.flag) else f"{place}: {table}.{key}"
            self.problems.append(f"{name} = {found}: {right}")
            return
        self._found[table, key] = Found(about.check.place(converted, start), source)

    def _unknown_table(self, name: str, content: object, place: str) -> None:
        written = f"[{shown(name)[1:-1]}]"
        if isinstance(content, Mapping):
            unknown = self._translate("unknown table") + nearest(name, list(self._classes), self._translate)
            self.problems.append(f"{place}: {written}: {unknown}")
        else:
            unknown = self._translate("unknown key outside of any table")
            self.problems.append(f"{place}: {written[1:-1]}: {unknown}{self._hint(name, [])}")

    def _hint(self, key: str, here: list[str]) -> str:
        """Return what was probably meant by an unknown key."""
        for table, known in self._classes.items():
            if any(one.name == key for one in dataclasses.fields(known)):
                return self._translate("; it belongs into [{table}]").format(table=table)
        return nearest(key, here or [f"[{table}]" for table in self._classes], self._translate)
