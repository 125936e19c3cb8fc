"""The one place that turns events into lines, for a given set of capabilities."""

from dataclasses import replace

from securechat.clock import format_time
from securechat.domain.events import BOT_TAG, RECORDED, Event, Kind
from securechat.domain.history import StoredEvent
from securechat.protocol.capabilities import ACCOUNT_TAG, EXTENDED_JOIN, MESSAGE_TAGS, MULTILINE, SERVER_TIME
from securechat.protocol.message import cut, escape_tag_value
from securechat.protocol.modes import without_key
from securechat.protocol.numerics import RPL_KEYNOTSET, RPL_KEYVALUE
from securechat.server.multiline import CONCAT_TAG, TYPE, shown_alone, split

LINE_BYTES = 512
"""A relayed line without its tags, CR LF included (RFC 1459 section 2.3)."""

_MESSAGE_TAGS = MESSAGE_TAGS.bit
_SERVER_TIME = SERVER_TIME.bit
_ACCOUNT_TAG = ACCOUNT_TAG.bit
_MULTILINE = MULTILINE.bit
_EXTENDED_JOIN = EXTENDED_JOIN.bit

REPEATED_TAG_BYTES = 64
"""So many bytes of client-only tags stand on each line of a message of several lines, where it is shown as several."""

JOINS = frozenset({Kind.JOIN, Kind.ARRIVE})
"""The kinds that look different with extended-join."""

_WITH_TEXT = {Kind.MESSAGE: "PRIVMSG", Kind.NOTICE: "NOTICE", Kind.ASIDE: "PRIVMSG", Kind.ASIDE_NOTICE: "NOTICE"}
_TAGS_ONLY = frozenset({Kind.TAGS, Kind.TYPING})
_HAS_MESSAGE_ID = RECORDED
"""Whatever history may show again has its id from the start, so that a client knows it again (draft/chathistory)."""


class Renderer:
    """Renders events; knows the epoch that message ids start with."""

    def __init__(self, epoch: str) -> None:
        self._id_prefix = f"{epoch}-"
        self._last_time = (-1, "")

    def body(self, event: Event) -> str:
        """Return the line without tags and line end; empty for an event that nobody is shown."""
        kind = event.kind
        command = _WITH_TEXT.get(kind)
        if command is not None:
            return f":{event.source.mask} {command} {event.target} :{event.text}"
        return body(kind, event.source.mask, event.target, event.text)

    def tags(self, event: Event, capabilities: int) -> str:
        """Return the tags, without `@`, that a recipient with `capabilities` gets."""
        if not capabilities:
            return ""
        parts = []
        if capabilities & _SERVER_TIME:
            moment = event.time
            known, text = self._last_time
            if known != moment:
                # Threads may overwrite each other's cache entry, but an entry itself is never half written.
                text = format_time(moment)
                self._last_time = (moment, text)
            parts.append(f"time={text}")
        if capabilities & _MESSAGE_TAGS:
            if event.kind in _HAS_MESSAGE_ID:
                parts.append(f"msgid={self._id_prefix}{event.sequence}")
            if event.source.bot:
                parts.append(BOT_TAG)
        if capabilities & _ACCOUNT_TAG and event.source.account:
            parts.append(f"account={escape_tag_value(event.source.account)}")
        if event.tags and capabilities & _MESSAGE_TAGS:
            parts.append(event.tags)  # behind the server's own tags (extensions/message-tags, "Size limit")
        return ";".join(parts)

    def line(self, event: Event, capabilities: int, author_tags: str = "") -> bytes:
        """Return the whole line for `capabilities`; empty when such a recipient is not shown the event."""
        if event.kind in _TAGS_ONLY and not capabilities & _MESSAGE_TAGS:
            return b""
        text = self.body(event)
        if capabilities & _EXTENDED_JOIN and event.kind in JOINS:
            text = _extended_join(text, event.source.account, event.source.realname)
        if not text:
            return b""
        tags = self.tags(event, capabilities) if capabilities else ""
        if "\n" in text:
            sequence = event.sequence
            return _lines(
                event.kind, event.source.mask, event.target, event.text, tags, capabilities, author_tags, sequence
            )
        if author_tags:
            tags = f"{author_tags};{tags}" if tags else author_tags
        return (f"@{tags} {text}\r\n" if tags else f"{text}\r\n").encode()

    def stored_line(self, stored: StoredEvent, capabilities: int, extra_tags: str = "") -> bytes:
        """Return the line of an event out of history, with `extra_tags` (such as `batch=1`) in front."""
        parts = []
        if capabilities & _SERVER_TIME:
            parts.append(f"time={format_time(stored.time)}")
        if capabilities & _MESSAGE_TAGS:
            parts.append(f"msgid={self._id_prefix}{stored.sequence}")
        if capabilities & _ACCOUNT_TAG and stored.account:
            parts.append(f"account={escape_tag_value(stored.account)}")
        if stored.tags and capabilities & _MESSAGE_TAGS:
            parts.append(stored.tags)
        if "\n" in stored.text:
            tags, sequence = ";".join(parts), stored.sequence
            return _lines(
                stored.kind, stored.source, stored.target, stored.text, tags, capabilities, extra_tags, sequence
            )
        if extra_tags:
            parts.insert(0, extra_tags)
        said = without_key(stored.text) if stored.kind is Kind.MODE else stored.text
        text = body(stored.kind, stored.source, stored.target, said)
        if capabilities & _EXTENDED_JOIN and stored.kind in JOINS:
            text = _extended_join(text, stored.account, "")  # nobody has kept the real name
        return (f"@{';'.join(parts)} {text}\r\n" if parts else f"{text}\r\n").encode()

    def dated_line(self, stored: StoredEvent) -> bytes:
        """Return the line for a client without server-time: the time (UTC) stands at the start of its text.

        Two lines when it does not fit into one any more.
        """
        if "\n" in stored.text:
            first, *others = shown_alone(stored.text)
            rest = (body(stored.kind, stored.source, stored.target, line) for line in others)
            return self.dated_line(replace(stored, text=first)) + "".join(f"{line}\r\n" for line in rest).encode()
        moment = f"[{format_time(stored.time)[:16].replace('T', ' ')}Z] "
        text, before, behind = stored.text, moment, ""
        if text.startswith("\x01ACTION "):
            text, before, behind = text[8:].removesuffix("\x01"), f"\x01ACTION {moment}", "\x01"
        room = text_bytes(stored.kind, stored.source, stored.target) - len(before) - len(behind)
        parts = [cut(text, room)]
        if len(parts[0]) < len(text):
            parts.append(text[len(parts[0]) :])
        lines = [body(stored.kind, stored.source, stored.target, f"{before}{part}{behind}") for part in parts]
        return "".join(f"{line}\r\n" for line in lines).encode()


def _extended_join(text: str, account: str, realname: str) -> str:
    """Return the line of a JOIN with the account and as much of the real name as it holds (extensions/extended-join).

    Where the names are so long that it cannot hold the account either, it stays a plain JOIN.
    """
    longer = f"{text} {account or '*'} :"
    rest = LINE_BYTES - len(f"{longer}\r\n".encode())
    return longer + cut(realname, rest) if rest >= 0 else text


def _lines(
    kind: Kind, source: str, target: str, text: str, tags: str, capabilities: int, outer_tags: str, sequence: int
) -> bytes:
    """Return a message of several lines: a batch for who knows them, else its lines one by one (draft/multiline).

    `outer_tags` are those of the answer that it is part of (`label=…` or `batch=…`). Who asked for multiline without
    batch is taken at their word: it is of no use otherwise.
    """
    if capabilities & _MULTILINE:
        head = ";".join(part for part in (outer_tags, tags) if part)
        reference = f"m{sequence}"
        lines = [f"{f'@{head} ' if head else ''}:{source} BATCH +{reference} {TYPE} {target}"]
        for line, goes_on in split(text):
            concat = f";{CONCAT_TAG}" if goes_on else ""
            lines.append(f"@batch={reference}{concat} {body(kind, source, target, line)}")
        lines.append(f":{source} BATCH -{reference}")
    else:
        label = outer_tags.startswith("label=")
        first = ";".join(part for part in (outer_tags, tags) if part)
        # The message id is that of the first line alone ("Message ids"), and so is a label. What the author has put
        # on the whole concerns each line, but many bytes of it are told once: a hundred times they are a flood.
        authors = [part for part in tags.split(";") if part.startswith("+")]
        once = ("msgid=", "+") if len(";".join(authors).encode()) > REPEATED_TAG_BYTES else "msgid="
        kept = [part for part in tags.split(";") if part and not part.startswith(once)]
        later = ";".join(kept if label or not outer_tags else [outer_tags, *kept])
        lines = []
        for line in shown_alone(text):
            front = later if lines else first
            lines.append(f"{f'@{front} ' if front else ''}{body(kind, source, target, line)}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def body(kind: Kind, source: str, target: str, text: str) -> str:
    """Return the line of an event without tags and line end; empty for a kind that nobody is shown."""
    match kind:
        case Kind.MESSAGE | Kind.NOTICE | Kind.ASIDE | Kind.ASIDE_NOTICE:
            return f":{source} {_WITH_TEXT[kind]} {target} :{text}"
        case Kind.TAGS | Kind.TYPING:
            return f":{source} TAGMSG {target}"
        case Kind.JOIN | Kind.ARRIVE:
            return f":{source} JOIN {target}"
        case Kind.PART | Kind.EVICT:
            return f":{source} PART {target} :{text}" if text else f":{source} PART {target}"
        case Kind.TOPIC:
            return f":{source} TOPIC {target} :{text}"
        case Kind.MODE | Kind.USER_MODE:
            return f":{source} MODE {target} {text}"
        case Kind.INVITE | Kind.LET_IN:
            return f":{source} INVITE {text} {target}"
        case Kind.KICK:
            nick, _, reason = text.partition(" ")
            return f":{source} KICK {target} {nick} :{reason}"
        case Kind.QUIT:
            return f":{source} QUIT :{text}"
        case Kind.NICK:
            return f":{source} NICK :{text}"
        case Kind.WALLOPS:
            return f":{source} WALLOPS :{text}"
        case Kind.KILL:
            return f":{source} KILL {target} :{text}"
        case Kind.MARK:
            return f":{source} MARKREAD {target} {text}"
        case Kind.BLOCK:
            return f":{source} SILENCE {text}"
        case Kind.REDACT:
            return f":{source} REDACT {target} {text}"
        case Kind.RENAME:
            name, _, reason = text.partition(" ")
            return f":{source} RENAME {target} {name} :{reason}"
        case Kind.METADATA | Kind.CARRIED:
            return _value(source, target, text)
        case Kind.ANNOUNCE:
            return f":{source} NOTICE {target} :{text}"
        case Kind.AWAY:
            return f":{source} AWAY :{text}" if text else f":{source} AWAY"
        case Kind.ACCOUNT:
            return f":{source} ACCOUNT {text}"
        case Kind.SETNAME:
            return f":{source} SETNAME :{text}"
        case _:
            return ""


def _value(source: str, target: str, text: str) -> str:
    """Return the news of a value (draft/metadata-3, "Notifications"): a numeric for nobody in particular.

    So it is the same for everybody, and made once; names of many bytes may leave less room than a value needs.
    """
    key, found, value = text.partition(" ")
    if not found:
        return f":{source} {RPL_KEYNOTSET.command} * {target} {key} :{RPL_KEYNOTSET.text}"
    head = f":{source} {RPL_KEYVALUE.command} * {target} {key} * :"
    return head + cut(value, max(0, LINE_BYTES - 2 - len(head.encode())))


def under_name(stored: StoredEvent, room: str) -> StoredEvent:
    """Return an event out of the history of a room as it looks under the name that the room has by now.

    Where that name is longer, a line may lose its end.
    """
    if stored.target == room:
        return stored
    most = text_bytes(stored.kind, stored.source, room)
    return replace(stored, target=room, text="\n".join(cut(line, most) for line in stored.text.split("\n")))


def text_bytes(kind: Kind, source: str, target: str) -> int:
    """Return how many bytes of UTF-8 the text of an event may have, so that its line stays within LINE_BYTES."""
    return max(0, LINE_BYTES - len(f"{body(kind, source, target, '+')}\r\n".encode()) + 1)
