"""Whom the lists of masks of a room mean: bans, exceptions, standing invitations.

A mask is `nick!user@host` with wildcards, or `a:account` (account-extban). In front of either, `m:` makes of a ban
one on speaking alone, and of an exception one from such bans.
"""

from collections.abc import Iterable, Mapping, Sequence

from securechat.domain.events import Source
from securechat.domain.masks import matches
from securechat.domain.roles import ListEntry
from securechat.names import fold

BANS = "b"
EXCEPTIONS = "e"
INVITATIONS = "I"
ACCOUNT = "a"
"""The letter of masks that mean accounts."""
MUTE = "m"
"""The letter of masks that are about speaking alone."""

Lists = Mapping[str, Sequence[ListEntry]]


def normalize(text: str) -> str:
    """Return a mask as it is stored: `bob` is `bob!*@*`, `bob@host` is `*!bob@host`; what means accounts stays."""
    if text.startswith(f"{MUTE}:") and len(text) > 2:
        return f"{MUTE}:{normalize(text[2:])}"
    if text.startswith(f"{ACCOUNT}:") and len(text) > 2:
        return text
    nick, bang, rest = text.partition("!")
    if not bang and "@" in text:
        nick, rest = "", text
    user, _, host = rest.partition("@")
    return f"{nick or '*'}!{user or '*'}@{host or '*'}"


def is_banned(lists: Lists, who: Source) -> bool:
    """Whether `who` may not enter."""
    return _any(lists.get(BANS, ()), who, mute=False) and not _any(lists.get(EXCEPTIONS, ()), who, mute=False)


def is_muted(lists: Lists, who: Source) -> bool:
    """Whether `who` may not speak."""
    return _any(lists.get(BANS, ()), who, mute=True) and not _any(lists.get(EXCEPTIONS, ()), who, mute=True)


def is_invited(lists: Lists, who: Source) -> bool:
    """Whether `who` needs no invitation."""
    return _any(lists.get(INVITATIONS, ()), who, mute=False)


def _any(entries: Iterable[ListEntry], who: Source, *, mute: bool) -> bool:
    return any(_fits(entry.mask, who, mute=mute) for entry in entries)


def _fits(mask: str, who: Source, *, mute: bool) -> bool:
    """Whether a mask of the asked sort, about speaking alone or not, means `who`."""
    about_speaking = mask.startswith(f"{MUTE}:")
    if about_speaking is not mute:
        return False
    bare = mask.removeprefix(f"{MUTE}:")
    if bare.startswith(f"{ACCOUNT}:"):
        return bool(who.account) and matches(fold(bare[2:]), fold(who.account))
    return matches(fold(bare), fold(who.mask))
