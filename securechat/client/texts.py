"""The language of the client: gettext catalogues in `securechat/locale`, English being the language of the sources."""

import gettext as _gettext
import os
from collections.abc import Mapping
from pathlib import Path

DOMAIN = "securechat"
DIRECTORY = Path(__file__).resolve().parent.parent / "locale"

_translations: _gettext.NullTranslations = _gettext.NullTranslations()


def use_language(language: str) -> None:
    """Speak `language` (`ru`, `ru_RU.UTF-8`, several joined by `:`) from now on; English when it has no catalogue."""
    global _translations  # noqa: PLW0603 - one process speaks one language
    languages = [name.strip() for name in language.split(":") if name.strip()]
    _translations = _gettext.translation(DOMAIN, DIRECTORY, languages=languages or ["en"], fallback=True)


def languages() -> list[str]:
    """Return the languages that there are, by their codes; English first."""
    return ["en", *sorted(path.parent.parent.name for path in DIRECTORY.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))]


def choose_language(flag: str | None, environment: Mapping[str, str] = os.environ, configured: str = "") -> str:
    """Return the language by precedence: flag, SECURECHAT_LANG, what is `configured`, the system's; else English."""
    return flag or environment.get("SECURECHAT_LANG") or configured or system_language(environment)[0]


def system_language(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the language of the system, out of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, and which of them said it.

    LANGUAGE counts only beside a locale that is not `C` or `POSIX` (gettext manual, "The LANGUAGE variable").
    """
    name = next((name for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    locale = environment.get(name, "")
    named = environment.get("LANGUAGE", "")
    if locale.partition(".")[0] in {"C", "POSIX"}:
        return "en", name
    # A bare LANGUAGE without any locale is what a user who wants to try a language sets.
    if named:
        return named, "LANGUAGE"
    return (locale, name) if locale else ("en", "")


def _(text: str) -> str:
    """Return `text` in the language of the user."""
    return _translations.gettext(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form for `count` things in the language of the user."""
    return _translations.ngettext(singular, plural, count)


def N_(text: str) -> str:  # noqa: N802 - the name that extraction tools know
    """Mark a text of a table for translation; `_` translates it where it is shown."""
    return text


def system_words(number: int | None) -> str:
    """Return what the system calls its error of that number (errno), in the language of the user if it is a usual one.

    Its own translations depend on the locale of the process, which is not what was asked for.
    """
    return _(os.strerror(number or 0))


_USUAL = (
    # What Linux says of files that cannot be used, and of hosts that cannot be reached.
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("File name too long"),
    N_("Host is down"),
    N_("Input/output error"),
    N_("Is a directory"),
    N_("Network is down"),
    N_("Network is unreachable"),
    N_("No route to host"),
    N_("No space left on device"),
    N_("No such file or directory"),
    N_("Not a directory"),
    N_("Permission denied"),
    N_("Read-only file system"),
    N_("Too many levels of symbolic links"),
    N_("Too many open files"),
)
