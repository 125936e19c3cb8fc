"""Passwords that everybody tries first: the 30,000 most common ones, out of the data of `zxcvbn`.

Of that library only this list is read: how strong a password is can be worked out by its code, too, but not quickly
for every text that somebody may send.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

_LIBRARY: Final = "zxcvbn"
_DATA: Final = "frequency_lists.py"

_RUSSIAN: Final = "йцукенгшщзхъфывапролджэячсмитьбюё"
_LATIN: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_SAME_KEYS: Final = str.maketrans(_RUSSIAN, _LATIN)
"""The letters of a Russian keyboard to those on the same keys: `йцукен` is `qwerty`, and `пароль` is as common."""


@cache
def common_passwords() -> frozenset[str]:
    """Return all of them, in small letters; read at the first call, which takes some ten milliseconds."""
    found = importlib.util.find_spec(_LIBRARY)
    assert found is not None, "it is one of our dependencies"
    assert found.submodule_search_locations is not None, "it is a package"
    path = Path(found.submodule_search_locations[0], _DATA)
    spec = importlib.util.spec_from_file_location(f"{__name__}.data", path)
    assert spec is not None, "it is a file of Python"
    assert spec.loader is not None, "the same"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # not by an import, which would keep the other lists in memory as well
    return frozenset(module.FREQUENCY_LISTS["passwords"])


def is_common(password: str) -> bool:
    """Whether a password is one that everybody tries first, whatever its capitals and the keyboard it is typed on."""
    small = password.lower()
    known = common_passwords()
    return small in known or small.translate(_SAME_KEYS) in known
