"""Whom the lists of masks of a room mean: bans, exceptions, standing invitations.

A mask is `nick!user@host` with wildcards, or `a:account` (account-extban). In front of either, `m:` makes of a ban
one on speaking alone, and of an exception one from such bans.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from securechat.domain.events import Source
from securechat.domain.masks import Mask, is_mask
from securechat.domain.roles import ListEntry
from securechat.names import fold

BANS = "b"
EXCEPTIONS = "e"
INVITATIONS = "I"
ACCOUNT = "a"
"""The letter of masks that mean accounts."""
MUTE = "m"
"""The letter of masks that are about speaking alone."""

MASK_BYTES: Final = 200
"""The longest mask."""
FOR_GOOD: Final = 2**63 - 1
"""The moment, in milliseconds since the epoch, until which something holds that has no end."""

_ANYWHERE = "!*@*"  # behind a nick: whatever its user and host

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


def is_possible_mask(mask: str) -> bool:
    """Whether a mask can stand on a list, and on the wire."""
    if mask.partition("!")[0].endswith(":"):  # `a:` or `m:` that names nobody
        return False
    return len(mask.encode()) <= MASK_BYTES and mask.isprintable() and " " not in mask and mask[0] != ":"


def is_mute(mask: str) -> bool:
    """Whether a mask as it is stored is about speaking alone."""
    return mask.startswith(f"{MUTE}:")


class RoomMasks:
    """The lists of one room, ready to be asked: masks without wildcards, but for `nick!*@*`, cost one look-up.

    Bans that end are few, and are looked at one by one. One that has ended binds nobody, on the list or not.
    """

    __slots__ = ("_bans", "_exceptions", "_invitations", "_mute_exceptions", "_mutes", "_timed")

    def __init__(self, lists: Lists) -> None:
        """`lists` as they are now: when they change, this has to be made anew."""
        bans = [entry.mask for entry in lists.get(BANS, ()) if not entry.expires]
        exceptions = [entry.mask for entry in lists.get(EXCEPTIONS, ())]
        self._bans = _MaskSet(bans, mute=False)
        self._mutes = _MaskSet(bans, mute=True)
        self._exceptions = _MaskSet(exceptions, mute=False)
        self._mute_exceptions = _MaskSet(exceptions, mute=True)
        self._invitations = _MaskSet([entry.mask for entry in lists.get(INVITATIONS, ())], mute=False)
        self._timed = [
            (entry.expires, is_mute(entry.mask), _MaskSet([entry.mask], mute=is_mute(entry.mask)))
            for entry in lists.get(BANS, ())
            if entry.expires
        ]

    def banned_until(self, who: Source, now: int) -> int:
        """Until when `who` may not enter, in ms: FOR_GOOD when no end is set, 0 when they may."""
        until = FOR_GOOD if self._bans.means(who) else self._timed_until(who, now, mute=False)
        return until if until and not self._exceptions.means(who) else 0

    def muted_until(self, who: Source, now: int) -> int:
        """Until when `who` may not speak; as `banned_until`."""
        until = FOR_GOOD if self._mutes.means(who) else self._timed_until(who, now, mute=True)
        return until if until and not self._mute_exceptions.means(who) else 0

    def _timed_until(self, who: Source, now: int, *, mute: bool) -> int:
        return max(
            (
                until
                for until, of_speaking, mask in self._timed
                if until > now and of_speaking is mute and mask.means(who)
            ),
            default=0,
        )

    def invited(self, who: Source) -> bool:
        """Whether `who` needs no invitation."""
        return self._invitations.means(who)


class _MaskSet:
    """The masks of one list that are about speaking alone, or those that are not."""

    __slots__ = ("_accounts", "_exact", "_people")

    def __init__(self, masks: Iterable[str], *, mute: bool) -> None:
        self._exact: set[str] = set()
        self._accounts: list[Mask] = []
        self._people: list[Mask] = []
        for mask in masks:
            if is_mute(mask) is not mute:
                continue
            bare = mask.removeprefix(f"{MUTE}:")
            of_account = bare.startswith(f"{ACCOUNT}:")
            folded = fold(bare)
            if not is_mask(folded.removesuffix(_ANYWHERE)):
                self._exact.add(folded)
            elif of_account:
                self._accounts.append(Mask(folded[2:]))
            else:
                self._people.append(Mask(folded))

    def means(self, who: Source) -> bool:
        """Whether one of the masks means `who`."""
        if not (self._exact or self._accounts or self._people):
            return False
        mask = fold(who.mask)
        if mask in self._exact or f"{fold(who.nick)}{_ANYWHERE}" in self._exact:
            return True
        if any(one.fits(mask) for one in self._people):
            return True
        account = fold(who.account)
        return bool(account) and (
            f"{ACCOUNT}:{account}" in self._exact or any(one.fits(account) for one in self._accounts)
        )
