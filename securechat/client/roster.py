"""Who and what is there: own nick, rooms, members, topics, limits. Fed with lines, gives events; no I/O."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from securechat.client.events import (
    Event,
    Invited,
    Joined,
    Kind,
    Knocked,
    Left,
    Message,
    ModeChanged,
    ReadUpTo,
    Redacted,
    Renamed,
    RoomRenamed,
    ServerText,
    TopicChanged,
)
from securechat.client.moments import moment_of
from securechat.client.rights import LEADING_SIGNS, Facts
from securechat.clock import Clock, parse_time
from securechat.names import fold
from securechat.protocol import message as wire
from securechat.protocol.line_buffer import MAX_LINE

TOKEN_TAG = "+securechat/id"  # noqa: S105 - the name of a message tag
"""Client tag that our own client puts on each message, to find it again after a lost link."""
_ACTION = "\x01ACTION "
_SIGNS = "~&@%+"
"""Every sign that stands in front of a nick for what its owner is in a room, highest first."""
_DEFAULT_PAGE = 100
# The longest prefix that a server of the usual limits puts before a relayed line, while the own one is not known yet:
# 32 characters of nick, 10 of user, 63 of host.
_HOST_LENGTH = 63
_USER_LENGTH = 10


@dataclass(slots=True)
class Room:
    """A room that the own user is in."""

    name: str  # on the wire, as the server spells it
    joined_at: str = ""  # server time of the own JOIN in wire form; empty if the server gave none
    topic: str = ""
    members: dict[str, str] = field(default_factory=dict)  # folded nick -> nick
    signs: dict[str, str] = field(default_factory=dict)  # folded nick -> `@` and `+`, highest first; only who has any
    listed: bool = False  # whether the list of members came to its end (366)
    modes: set[str] = field(default_factory=set)  # letters of the rules, once they were asked for (324)

    def set_signs(self, nick: str, signs: str) -> None:
        """Note what a member is: `@` and `+`, highest first."""
        if signs:
            self.signs[fold(nick)] = signs
        else:
            self.signs.pop(fold(nick), None)

    def note_mode(self, sign: str, letter: str) -> None:
        """Note that a rule holds now, or does not any more."""
        (self.modes.add if sign == "+" else self.modes.discard)(letter)


class Roster:
    """The state that the server's lines add up to, for one connection."""

    def __init__(self, clock: Clock) -> None:
        self.nick = ""
        self.mask = ""  # own `nick!user@host` once it was seen
        self.modes: set[str] = set()  # letters of the own user modes (221)
        self.rooms: dict[str, Room] = {}  # folded name -> room
        self.support: dict[str, str] = {}  # ISUPPORT tokens (005)
        self._clock = clock

    def receive(self, line: wire.Message) -> list[Event]:
        """Take a live line and return what happened by it."""
        handler = _HANDLERS.get(line.command)
        return handler(self, line) if handler is not None else []

    def is_me(self, nick: str) -> bool:
        """Whether `nick` is the own one."""
        return fold(nick) == fold(self.nick)

    def room(self, name: str) -> Room | None:
        """Return the room of that name on the wire if the own user is in it."""
        return self.rooms.get(fold(name))

    def facts(self, name: str, *, account: bool) -> Facts:
        """Return what is known of the own user in the room of that name, if they are in it; `account`: has one."""
        own, room = fold(self.nick), self.room(name)
        led = (one for one in self.rooms.values() if not LEADING_SIGNS.isdisjoint(one.signs.get(own, "")))
        return Facts(
            account=account,
            modes=frozenset(self.modes),
            signs=room.signs.get(own, "") if room is not None else "",
            rules=frozenset(room.modes) if room is not None else frozenset(),
            leads_elsewhere=any(one is not room for one in led),
        )

    @property
    def page_limit(self) -> int:
        """The most messages that one CHATHISTORY may ask for (ISUPPORT CHATHISTORY; 0 there means no limit)."""
        value = self.support.get("CHATHISTORY", "")
        limit = int(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0
        return min(limit or _DEFAULT_PAGE, _DEFAULT_PAGE)

    def longest_text(self, command: str, target: str) -> int:
        """Return how many bytes of text fit in one line once it is relayed with the own prefix (512 with CR LF)."""
        if self.mask:
            prefix = len(self.mask.encode())
        else:
            prefix = len(self.nick.encode()) + _USER_LENGTH + _HOST_LENGTH + 2
        overhead = len(f": {command} {target} :\r\n".encode()) + prefix
        return MAX_LINE - overhead

    def message(self, line: wire.Message, *, old: bool = False) -> Message | None:
        """Return what a PRIVMSG or NOTICE line says; None when it is none, or of a kind that is not for people."""
        if line.command not in {"PRIVMSG", "NOTICE"} or len(line.params) < 2 or not line.source:
            return None
        target, text = line.params[0], line.params[1]
        sender = wire.nick_of(line.source)
        kind = Kind.MESSAGE if line.command == "PRIVMSG" else Kind.NOTICE
        if text.startswith("\x01"):
            if not text.startswith(_ACTION):
                return None  # other CTCP: a question from program to program
            kind, text = Kind.ACTION, text[len(_ACTION) :].removesuffix("\x01")
        own = self.is_me(sender)
        if target.startswith("#"):
            room = self.room(target)
            name = room.name if room is not None else target
        else:
            name = target if own else sender
        return Message(
            room=name,
            sender=sender,
            text=text,
            kind=kind,
            id=line.tags.get("msgid", ""),
            time=self._time(line),
            account=line.tags.get("account", ""),
            own=own,
            old=old,
            token=line.tags.get(TOKEN_TAG, ""),
        )

    def _time(self, line: wire.Message) -> datetime:
        """Return the server's time of a line, or our own when it gives none or nonsense."""
        try:
            return moment_of(parse_time(line.tags["time"]))
        except (KeyError, ValueError):
            return datetime.fromtimestamp(self._clock() / 1000, UTC)

    # --- lines about the own session ---

    def _on_welcome(self, line: wire.Message) -> list[Event]:
        if line.params:
            self.nick = line.params[0]
        return []

    def _on_support(self, line: wire.Message) -> list[Event]:
        for token in line.params[1:-1]:
            name, _, value = token.partition("=")
            self.support[name] = value
        return []

    def _on_error(self, line: wire.Message) -> list[Event]:
        return [ServerText(line.params[-1])] if line.params else []

    # --- rooms ---

    def _on_join(self, line: wire.Message) -> list[Event]:
        if not line.params:
            return []
        name, nick = line.params[0], wire.nick_of(line.source)
        own = self.is_me(nick)
        room = self.room(name)
        if own:
            self.mask = line.source or self.mask
            if room is not None:
                return []  # another session of the account came: nothing is new
            room = self.rooms[fold(name)] = Room(name, line.tags.get("time", ""))
        if room is None:
            return []
        known = fold(nick) in room.members
        room.members[fold(nick)] = nick
        if known:
            return []
        return [Joined(room.name, nick, self._time(line), line.tags.get("account", ""), own=own)]

    def _on_part(self, line: wire.Message) -> list[Event]:
        reason = line.params[1] if len(line.params) > 1 else ""
        return self._leave(line, wire.nick_of(line.source), line.params[:1], reason)

    def _on_kick(self, line: wire.Message) -> list[Event]:
        if len(line.params) < 2:
            return []
        reason = line.params[2] if len(line.params) > 2 else ""
        return self._leave(line, line.params[1], line.params[:1], reason, by=wire.nick_of(line.source))

    def _on_invite(self, line: wire.Message) -> list[Event]:
        if len(line.params) < 2 or not self.is_me(line.params[0]):
            return []
        return [Invited(line.params[1], wire.nick_of(line.source))]

    def _on_knock(self, line: wire.Message) -> list[Event]:
        """Somebody asks to be let in: the room, who it is, and why behind a colon."""
        if len(line.params) < 4:
            return []
        return [Knocked(line.params[1], wire.nick_of(line.params[2]), line.params[3].partition(": ")[2])]

    def _on_quit(self, line: wire.Message) -> list[Event]:
        nick = wire.nick_of(line.source)
        names = [room.name for room in self.rooms.values() if fold(nick) in room.members]
        return self._leave(line, nick, names, line.params[-1] if line.params else "", gone=True)

    def _leave(
        self, line: wire.Message, nick: str, names: list[str], reason: str, *, gone: bool = False, by: str = ""
    ) -> list[Event]:
        events: list[Event] = []
        own = self.is_me(nick)
        for name in names:
            room = self.room(name)
            if room is None or room.members.pop(fold(nick), None) is None:
                continue
            room.signs.pop(fold(nick), None)
            if own:
                del self.rooms[fold(name)]
            account = line.tags.get("account", "")
            events.append(Left(room.name, nick, self._time(line), account, reason, own=own, quit=gone, by=by))
        return events

    def _on_nick(self, line: wire.Message) -> list[Event]:
        if not line.params:
            return []
        old, new = wire.nick_of(line.source), line.params[0]
        if self.is_me(old):
            self.nick = new
            self.mask = new + self.mask[len(old) :] if self.mask else ""
        events: list[Event] = []
        for room in self.rooms.values():
            if room.members.pop(fold(old), None) is not None:
                room.members[fold(new)] = new
                room.set_signs(new, room.signs.pop(fold(old), ""))
                events.append(Renamed(room.name, old, new, self._time(line)))
        return events

    def _on_rename(self, line: wire.Message) -> list[Event]:
        """A room has another name (draft/channel-rename)."""
        if len(line.params) < 2 or (room := self.room(line.params[0])) is None:
            return []
        old, new = room.name, line.params[1]
        del self.rooms[fold(old)]
        room.name = new
        self.rooms[fold(new)] = room
        reason = line.params[2] if len(line.params) > 2 else ""
        return [RoomRenamed(new, old, self._time(line), wire.nick_of(line.source), reason)]

    def _on_names(self, line: wire.Message) -> list[Event]:
        if len(line.params) < 4 or (room := self.room(line.params[2])) is None:
            return []
        if room.listed:  # a new list begins
            room.members.clear()
            room.signs.clear()
            room.listed = False
        for entry in line.params[3].split():
            nick = entry.lstrip(_SIGNS)
            if nick:
                room.members[fold(nick)] = nick
                room.set_signs(nick, entry[: -len(nick)])
        return []

    def _on_end_of_names(self, line: wire.Message) -> list[Event]:
        if len(line.params) > 1 and (room := self.room(line.params[1])) is not None:
            room.listed = True
            room.members.setdefault(fold(self.nick), self.nick)
        return []

    def _on_topic_reply(self, line: wire.Message) -> list[Event]:
        if len(line.params) > 1 and (room := self.room(line.params[1])) is not None:
            room.topic = line.params[2] if line.command == "332" and len(line.params) > 2 else ""
        return []

    def _on_topic(self, line: wire.Message) -> list[Event]:
        if len(line.params) < 2 or (room := self.room(line.params[0])) is None:
            return []
        room.topic = line.params[1]
        nick = wire.nick_of(line.source)
        return [TopicChanged(room.name, nick, room.topic, self._time(line), line.tags.get("account", ""))]

    def _on_mode(self, line: wire.Message) -> list[Event]:
        """Keep up who is what in a room (modern-irc, "MODE message"); the room's rules are asked for when wanted."""
        if len(line.params) > 1 and self.is_me(line.params[0]):
            self._note_own_modes(line.params[1])
            return []
        if len(line.params) < 2 or (room := self.room(line.params[0])) is None:
            return []
        roles, _bracket, signs = self._roles()
        events: list[Event] = []
        by, moment = wire.nick_of(line.source), self._time(line)
        for sign, letter, value in self._mode_changes(line.params[1], line.params[2:]):
            if letter in roles:
                what = signs[roles.index(letter) : roles.index(letter) + 1]
                has = set(room.signs.get(fold(value), ""))
                has = has | {what} if sign == "+" else has - {what}
                room.set_signs(value, "".join(one for one in _SIGNS if one in has))
            elif letter not in self.support.get("CHANMODES", "b").partition(",")[0]:  # a list is no rule
                room.note_mode(sign, letter)
            events.append(ModeChanged(room.name, by, sign + letter, value, moment))
        return events

    def _on_own_modes(self, line: wire.Message) -> list[Event]:
        """The own modes as a whole (221)."""
        if len(line.params) > 1:
            self.modes.clear()
            self._note_own_modes(line.params[1])
        return []

    def _note_own_modes(self, letters: str) -> None:
        """Note which own modes hold now: none of them has a parameter (ISUPPORT USERMODES)."""
        note = self.modes.add
        for letter in letters:
            if letter in "+-":
                note = self.modes.add if letter == "+" else self.modes.discard
            else:
                note(letter)

    def _on_modes(self, line: wire.Message) -> list[Event]:
        """The rules of a room as a whole (324)."""
        if len(line.params) > 2 and (room := self.room(line.params[1])) is not None:
            room.modes = {letter for _sign, letter, _value in self._mode_changes(line.params[2], line.params[3:])}
        return []

    def _roles(self) -> tuple[str, str, str]:
        """Return the letters of roles and the signs that stand for them (ISUPPORT PREFIX)."""
        return self.support.get("PREFIX", "(ov)@+").removeprefix("(").partition(")")

    def _mode_changes(self, letters: str, values: list[str]) -> Iterator[tuple[str, str, str]]:
        """Give (`+` or `-`, letter, value) of each change (ISUPPORT PREFIX and CHANMODES)."""
        kinds = [*self.support.get("CHANMODES", "b,k,l,").split(","), "", "", ""]
        always = self._roles()[0] + kinds[0] + kinds[1]
        rest, sign = iter(values), "+"
        for letter in letters:
            if letter in "+-":
                sign = letter
            else:
                has_value = letter in always or (letter in kinds[2] and sign == "+")
                yield sign, letter, next(rest, "") if has_value else ""

    def _on_marker(self, line: wire.Message) -> list[Event]:
        """What was read, here or elsewhere (extensions/read-marker)."""
        if len(line.params) < 2 or not line.params[1].startswith("timestamp="):
            return []
        try:
            moment = moment_of(parse_time(line.params[1].removeprefix("timestamp=")))
        except ValueError:
            return []  # `*`: nothing was read yet
        return [ReadUpTo(line.params[0], moment)]

    # --- what is said ---

    def _on_redact(self, line: wire.Message) -> list[Event]:
        """Something was taken away (extensions/message-redaction)."""
        if len(line.params) < 2:
            return []
        target, nick = line.params[0], wire.nick_of(line.source)
        name = target if target.startswith("#") or self.is_me(nick) else nick
        return [Redacted(name, nick, line.params[1])]

    def _on_said(self, line: wire.Message) -> list[Event]:
        if line.source and "!" not in line.source and len(line.params) > 1 and not line.params[0].startswith("#"):
            return [ServerText(line.params[-1])]
        message = self.message(line)
        return [] if message is None else [message]


_HANDLERS: dict[str, Callable[[Roster, wire.Message], list[Event]]] = {
    "001": Roster._on_welcome,  # noqa: SLF001 - the table of this class
    "005": Roster._on_support,  # noqa: SLF001
    "221": Roster._on_own_modes,  # noqa: SLF001
    "324": Roster._on_modes,  # noqa: SLF001
    "331": Roster._on_topic_reply,  # noqa: SLF001
    "332": Roster._on_topic_reply,  # noqa: SLF001
    "353": Roster._on_names,  # noqa: SLF001
    "366": Roster._on_end_of_names,  # noqa: SLF001
    "710": Roster._on_knock,  # noqa: SLF001
    "ERROR": Roster._on_error,  # noqa: SLF001
    "INVITE": Roster._on_invite,  # noqa: SLF001
    "JOIN": Roster._on_join,  # noqa: SLF001
    "KICK": Roster._on_kick,  # noqa: SLF001
    "MARKREAD": Roster._on_marker,  # noqa: SLF001
    "MODE": Roster._on_mode,  # noqa: SLF001
    "NICK": Roster._on_nick,  # noqa: SLF001
    "NOTICE": Roster._on_said,  # noqa: SLF001
    "PART": Roster._on_part,  # noqa: SLF001
    "PRIVMSG": Roster._on_said,  # noqa: SLF001
    "QUIT": Roster._on_quit,  # noqa: SLF001
    "REDACT": Roster._on_redact,  # noqa: SLF001
    "RENAME": Roster._on_rename,  # noqa: SLF001
    "TOPIC": Roster._on_topic,  # noqa: SLF001
}
