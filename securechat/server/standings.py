"""What members are in the words of people, and what kind a room is: set as one change of modes, told from the facts."""

from securechat.domain.mask_lists import ACCOUNT, BANS, FOR_GOOD, MUTE, RoomMasks, normalize
from securechat.domain.roles import (
    HISTORY_FOR_NEWCOMERS,
    LEADING,
    ListEntry,
    RoomKind,
    RoomRole,
    Standing,
    roles_with,
    standing_of,
)
from securechat.names import fold
from securechat.protocol.modes import ROOM_MODES
from securechat.server.hub import Hub
from securechat.server.members import Member, account_of, name_of, roles_of, source_of
from securechat.server.room_modes import ModeChange
from securechat.server.users import LiveRoom

_LETTERS = {mode.changes: mode.letter for mode in ROOM_MODES if mode.changes}


def standing_in(hub: Hub, live: LiveRoom, member: Member) -> Standing:
    """What a member of the room is."""
    return standing_of(roles_of(hub, live, member), silenced=live.is_silenced(source_of(member)))


def is_voiced(hub: Hub, live: LiveRoom, member: Member) -> bool:
    """Whether a member has a voice besides."""
    return bool(roles_of(hub, live, member) & RoomRole.VOICED)


class StandingChange:
    """What it takes to let a member of a room be something: prepared, so that it can be asked about, then made."""

    __slots__ = ("_change", "_hub", "_live", "_member", "_standing", "_taken", "adds", "after", "before")

    def __init__(self, hub: Hub, live: LiveRoom, change: ModeChange, member: Member, standing: Standing) -> None:
        """Nothing is changed before `make`."""
        self._hub = hub
        self._live = live
        self._change = change
        self._member = member
        self._standing = standing
        self.before = change.roles_of(member)
        self.after = roles_with(self.before, standing)
        own = {fold(mask) for mask in mute_masks(member)}
        known = [one for one in change.entries(BANS) if fold(one.mask) in own]
        stays = [one for one in known if standing is Standing.READER and not one.expires]
        self._taken = [one for one in known if one not in stays]
        self.adds = standing is Standing.READER and not stays  # whether a mask more is on the list, which may be full

    @property
    def is_overruled(self) -> bool:
        """Whether other masks would still make a reader of the member, or keep them from being one."""
        now = self._hub.now()
        bans = [one for one in self._change.entries(BANS) if one not in self._taken]
        if self.adds:
            bans.append(ListEntry(mute_masks(self._member)[0], "", now))
        masks = RoomMasks({**self._live.room.lists, BANS: bans})
        silenced = masks.muted_until(source_of(self._member), now) == FOR_GOOD
        return standing_of(self.after, silenced=silenced) is not self._standing

    def make(self, setter: str, reason: str = "") -> None:
        """Note it in the change of modes; `setter` is who the list will say has put a mask on it."""
        for entry in self._taken:
            self._change.remove(("-", BANS, entry.mask), BANS, entry, reason)
        self._change_roles(reason)
        if self.adds:
            mask = mute_masks(self._member)[0]
            self._change.add(("+", BANS, mask), BANS, ListEntry(mask, setter, self._hub.now()), reason)

    def _change_roles(self, reason: str) -> None:
        """An owner and a moderator look the same in IRC: of one who becomes the other, the mode is told once more."""
        name, before = name_of(self._member), self.before
        if before & ~self.after & RoomRole.VOICED:
            before &= ~RoomRole.VOICED
            self._change.set_roles(("-", _LETTERS["VOICED"], name), self._member, before, reason=reason)
        if before != self.after:
            sign = "+" if self.after & LEADING else "-"
            letter = _LETTERS["MODERATOR"]
            word = self._standing.value
            self._change.set_standing((sign, letter, name), self._member, self.after, word, reason)


def mute_masks(member: Member) -> tuple[str, ...]:
    """Return the masks that silence one member alone: the best one, by which they can be made a reader, first."""
    account = account_of(member)
    by_name = normalize(f"{MUTE}:{name_of(member)}")
    return (f"{MUTE}:{ACCOUNT}:{account.name}", by_name) if account is not None else (by_name,)


def set_history(change: ModeChange, word: str, reason: str = "") -> None:
    """Let a room show newcomers that much, a word of HISTORY_FOR_NEWCOMERS, of what was said before."""
    sign, parameter = ("-", "") if word == HISTORY_FOR_NEWCOMERS[0] else ("+", word)
    change.set_rule((sign, _LETTERS["history"], parameter), "history", word, reason)


def set_kind(change: ModeChange, kind: RoomKind, reason: str = "") -> None:
    """Let a room be of that kind."""
    for rule, value in kind.rules.items():
        change.set_rule(("+" if value else "-", _LETTERS[rule], ""), rule, value, reason)
