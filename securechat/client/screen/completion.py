"""Completing what stands before the cursor: names of people, rooms and commands. No screen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completion:
    """What can be put in the place of the word before the cursor."""

    start: int
    """Where in the line the word begins."""
    choices: tuple[str, ...]
    """Best first, each with what follows it (a colon, a space)."""


def complete(
    line: str, *, speakers: Sequence[str], people: Iterable[str], rooms: Iterable[str], commands: Iterable[str]
) -> Completion:
    """Return what the last word of `line` may become. `speakers`: who spoke last comes first."""
    start = max(line.rfind(" "), line.rfind("\n")) + 1
    word = line[start:]
    if not word:
        return Completion(start, ())
    if start == 0 and word.startswith("/") and not word.startswith("//"):
        choices = [f"/{name} " for name in sorted(commands) if name.startswith(word[1:].lower())]
    elif word.startswith("#"):
        choices = [f"{room} " for room in sorted(rooms, key=str.casefold) if _begins(room, word)]
    else:
        after = ": " if start == 0 else " "
        mentioned = word.removeprefix("@")
        known = list(dict.fromkeys([*speakers, *sorted(people, key=str.casefold)]))
        choices = [f"{nick}{after}" for nick in known if mentioned and _begins(nick, mentioned)]
    return Completion(start, tuple(choices))


def _begins(whole: str, beginning: str) -> bool:
    return whole.casefold().startswith(beginning.casefold())
