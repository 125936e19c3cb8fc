"""Names that look like another one: skeletons (UTS #39, section 4) and words that mix scripts (section 5.1)."""

import bisect
import itertools
import json
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache
from typing import TYPE_CHECKING

from securechat.errors import InvalidName, InvalidRoomName
from securechat.names import check_nick, fold

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_DATA = "confusable_homoglyphs"
"""Whose data is used: of the package's code nothing, as that keeps 20 MB of names of characters in memory."""

# Two names are alike when they share a key. One is made from the name as it is written (an `I` may be an `l`), one from
# how it is compared (an `i` is no `l`), one from capitals (a `0` stands for `O`, a `1` for `I`; and an `l` in what is
# written in capitals otherwise).


def keys(name: str) -> frozenset[str]:
    """Return what a name looks like: two names that share one of these can be taken for each other."""
    written = skeleton(name)
    return frozenset((written, fold(written), skeleton(fold(name)), skeleton(name.upper())))


def skeleton(name: str) -> str:
    """Return the skeleton of `name`: names that look the same have the same one. Not for people's eyes."""
    prototypes = _prototypes()
    if name.isascii():
        return name.translate(prototypes)
    visible = "".join(one for one in unicodedata.normalize("NFC", name) if not is_invisible(one))
    taken_apart = unicodedata.normalize("NFD", visible.translate(prototypes))  # some letters are listed with accents
    return unicodedata.normalize("NFD", taken_apart.translate(prototypes))


def is_invisible(character: str) -> bool:
    """Whether nobody sees that `character` is there, or which way it turns what follows (Default_Ignorable, Bidi)."""
    return unicodedata.category(character) == "Cf" or character in _IGNORABLE


_IGNORABLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0").union(
    map(chr, range(0xFE00, 0xFE10)), map(chr, range(0xE0100, 0xE01F0))
)
"""Characters without a shape that are not in category Cf: fillers, joiners, variation selectors, the empty Braille."""


def _data() -> "Traversable":
    from importlib import resources  # costs more time than a command takes that compares no names

    return resources.files(_DATA)


@cache
def _prototypes() -> dict[int, str]:
    """Return what stands for each character in a skeleton.

    The data tells of every character which others it can be taken for, in both directions; all that hang together are
    one class. A class with a sequence (`m` and `rn`) is represented by the sequence, as that cannot be looked up.
    """
    data = json.loads(_data().joinpath("confusables.json").read_text(encoding="utf-8"))
    same: dict[str, str] = {}

    def root(text: str) -> str:
        while (above := same.setdefault(text, text)) != text:
            text = above
        return text

    for character, others in data.items():
        for other in others:
            one, two = root(_plain(character)), root(_plain(other["c"]))
            shorter, longer = sorted((one, two), key=lambda text: (len(text), text))
            same[shorter] = longer
    single = {text: root(text) for text in same if len(text) == 1}
    prototypes = {}
    for text, above in single.items():
        apart = unicodedata.normalize("NFD", above)
        prototypes[ord(text)] = "".join(single.get(one, one) for one in apart)
    return prototypes


def _plain(text: str) -> str:
    """The data puts marks for the direction of writing around some characters."""
    return text if len(text) == 1 else "".join(one for one in text if not is_invisible(one)) or text


@cache
def _scripts() -> tuple[list[int], list[tuple[int, str]]]:
    """Return where each run of characters of a script starts, and (where it ends, the script), in order."""
    data = json.loads(_data().joinpath("categories.json").read_text(encoding="utf-8"))
    names = data["iso_15924_aliases"]
    runs = sorted((first, last, names[script]) for first, last, script, _ in data["code_points_ranges"])
    return [first for first, _, _ in runs], [(last, script) for _, last, script in runs]


def _script(character: str) -> str:
    starts, runs = _scripts()
    index = bisect.bisect_right(starts, ord(character)) - 1
    last, script = runs[index] if index >= 0 else (-1, "")
    return script if ord(character) <= last else ""


_EVERYWHERE = frozenset({"COMMON", "INHERITED"})
_TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
"""Scripts that are written together in one word (UTS #39, section 5.2, "Highly Restrictive")."""


def mixture_of_scripts(name: str) -> str:
    """Say which two scripts a word in `name` mixes, as the reason why it cannot be a name; empty: none does.

    Nobody writes them in one word; `#dev-чат` has two words.
    """
    if name.isascii():
        return ""
    words = "".join(one if unicodedata.category(one)[0] in "LM" else " " for one in name).split()
    for word in words:
        scripts = () if word.isascii() else tuple(dict.fromkeys(map(_script, word)))
        for one, other in itertools.combinations([script for script in scripts if script not in _EVERYWHERE], 2):
            if not any({one, other} <= together for together in _TOGETHER):
                return f"it mixes scripts in one word: {_called(one)} and {_called(other)}"
    return ""


def _called(script: str) -> str:
    return script.replace("_", " ").title() or "unknown"


def _hides_something(name: str) -> bool:
    """Whether there is a character in `name` that nobody sees, but one that says how the symbol before it is drawn.

    It does nothing visible elsewhere: after a letter, or after an ASCII character but in a keycap.
    """
    for place, one in enumerate("" if name.isascii() else name):
        if is_invisible(one):
            before, after = name[place - 1 : place] if place else "", name[place + 1 : place + 2]
            symbol = before and unicodedata.category(before)[0] not in "LM" and not is_invisible(before)
            if one not in "\ufe0e\ufe0f" or not symbol or (before.isascii() and after != "\u20e3"):
                return True
    return False


def check_person_name(name: str, longest: int) -> str:
    """Return `name` if it can be a nick or an account name of at most `longest` characters (0: any number).

    Raises InvalidName with the rule that it breaks.
    """
    check_nick(name, longest)
    if any(is_invisible(one) for one in name):
        raise InvalidName(name, "it has characters that nobody sees")
    if mixture := mixture_of_scripts(name):
        raise InvalidName(name, mixture)
    return name


class TakenNames:
    """The names of one kind (people, or rooms) that are taken, and whether another looks like one of them."""

    def __init__(self) -> None:
        # By the hash of a key, which is smaller than the key: the folded names that have it, each as often as it is
        # taken. There are three or four for each name, and nearly always one holder, which stands for itself then.
        self._holders: dict[int, str | tuple[str, ...]] = {}

    def add(self, name: str) -> None:
        """Take `name`; it may be taken several times."""
        folded = fold(name)
        for key in map(hash, keys(name)):
            holders = self._of(key)
            self._holders[key] = (*holders, folded) if holders else folded

    def remove(self, name: str) -> None:
        """Give `name` back, once."""
        folded = fold(name)
        for key in map(hash, keys(name)):
            holders = list(self._of(key))
            if folded not in holders:
                continue
            holders.remove(folded)
            if holders:
                self._holders[key] = holders[0] if len(holders) == 1 else tuple(holders)
            else:
                del self._holders[key]

    def has_alike(self, name: str, but: Iterable[str] = ()) -> bool:
        """Whether a taken name looks like `name` without being the same or one of `but`."""
        own = {fold(name), *map(fold, but)}
        return any(not own.issuperset(self._of(hash(key))) for key in keys(name))

    def _of(self, key: int) -> tuple[str, ...]:
        holders = self._holders.get(key, ())
        return (holders,) if isinstance(holders, str) else holders


def check_rooms_to_be(names: Iterable[str], rooms: Collection[str]) -> None:
    """Raise InvalidRoomName unless there is, or could be made, a room of each of `names` beside `rooms`."""
    taken = TakenNames()
    for room in rooms:
        taken.add(room)
    there = {fold(room) for room in rooms}
    for name in names:
        if fold(name) not in there:
            check_new_room_name(name, taken)
            taken.add(name)


def check_new_room_name(name: str, taken: TakenNames, but: Iterable[str] = ()) -> None:
    """Raise InvalidRoomName when a room of that name would pass for another one than those of `but`; old rooms stay."""
    if _hides_something(name):
        raise InvalidRoomName(name, "it has characters that nobody sees")
    if mixture := mixture_of_scripts(name):
        raise InvalidRoomName(name, mixture)
    if taken.has_alike(name, but):
        raise InvalidRoomName(name, "it looks like the name of another room")
