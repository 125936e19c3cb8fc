"""The record of acts of power: what goes into it, and the chain of hashes that shows when it was tampered with.

A row carries the hash of the row before and its own, SHA-256 over an encoding of everything else in it. Whoever keeps
the newest number and hash elsewhere (a `Head`) can prove later that no row up to there was altered or is missing.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

LONGEST_TEXT = 500
"""Characters of any text in a row; a longer one is cut, and ends with an ellipsis."""

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


class Origin(Enum):
    """From where somebody acted. Addresses are not kept: the record is for ever, the log that has them is not."""

    CONSOLE = "console"  # securechat-admin; the actor is a user of the machine
    IRC = "irc"  # a connection; the actor is an account, or the nick of a guest


class Act(Enum):
    """Every kind of act that is recorded: the word that is stored (it never changes) and what it means."""

    USER_ADD = (
        "user add",
        "An account was made from the console; the detail says `administrator` or `bot` if it is one.",
    )
    USER_REGISTER = (
        "user register",
        "Somebody made an account by an invite; the detail is its number and whose, and `administrator` for such one.",
    )
    USER_PASSWD = "user passwd", "An account was given another password; its sessions ended."
    USER_ROLE = "user role", "An account was made an administrator's, or one no more; the detail is what it is now."
    USER_SUSPEND = "user suspend", "An account was kept out."
    USER_UNSUSPEND = "user unsuspend", "A suspended account was let in again."
    USER_SECOND_FACTOR_RESET = (
        "user second-factor-reset",
        "The second factor of somebody else, who had lost it, was taken away.",
    )
    USER_APP_PASSWORD_REVOKE = (
        "user app-password-revoke",
        "An app password of somebody else was revoked, its sessions ended; the detail is its number and name.",
    )
    SESSION_REVOKE = (
        "session revoke",
        "Sessions of somebody else were ended; the detail is the number of one, or `all`.",
    )
    CERTIFICATE_REVOKE = (
        "certificate revoke",
        "Client certificates were revoked, their sessions ended; the detail is the serial numbers.",
    )
    INVITE_CREATE = (
        "invite create",
        "An invite to the server or into a room was made; the detail says for how many, until when.",
    )
    INVITE_REVOKE = "invite revoke", "An invite was made useless."
    BAN_ADD = (
        "ban add",
        "An address, a network or a mask of nicks was banned from the server; the detail says until when.",
    )
    BAN_REMOVE = "ban remove", "Such a ban was taken back."
    REGISTRATION_CLOSE = "registration close", "No new accounts are made for now, whatever the configuration says."
    REGISTRATION_OPEN = "registration open", "New accounts are made again as the configuration says."
    DATABASE_NEW_EPOCH = (
        "database new-epoch",
        "The database got another name for its message ids, as after a backup was restored; the detail is the name.",
    )
    OPER = "oper", "Somebody took the powers of an administrator, by the password of the account that is the target."
    KILL = "kill", "All connections of somebody were ended."
    ROOM_ENTER = (
        "room enter",
        "An administrator entered a room that would have kept out anybody else, or what was said before from them.",
    )
    ROOM_INSPECT = (
        "room inspect",
        "An administrator who was in a room already began to read what it keeps from others who are in it.",
    )
    ROOM_KICK = "room kick", "Somebody was put out of a room."
    ROOM_INVITE = "room invite", "Somebody was asked into a room, and may come in although it is closed."
    ROOM_CREATE = "room create", "A room was made by an administrator, who is not in it."
    ROOM_DELETE = (
        "room delete",
        "A room was taken away with all that was said in it; the detail says how many members and messages it had.",
    )
    ROOM_TOPIC = (
        "room topic",
        "An administrator changed the topic of a room from outside; the detail is the topic.",
    )
    ROOM_RENAME = "room rename", "A room was given another name; the detail is the new one."
    REPORT = "report", "A message was reported to those who look after the room; the detail is its id."
    REPORT_SHOW = (
        "report show",
        "Somebody read a reported message from outside the room; the detail is the number of the report.",
    )
    REPORT_CLOSE = "report close", "A report was closed; the detail is its number, the reason what was done."
    ROOM_REDACT = "room redact", "What somebody else had said was taken away; the detail is the id of the message."
    ROOM_ROLE = "room role", "Somebody was given a role in a room, or lost it; the detail is the mode."
    ROOM_RULE = "room rule", "A rule of a room was changed; the detail is the mode, without a key."
    ROOM_MASK = (
        "room mask",
        "A mask was put on a list of a room (bans, exceptions), or taken off; the detail is the mode.",
    )

    def __init__(self, word: str, meaning: str) -> None:
        self.word = word
        self.meaning = meaning


@dataclass(slots=True, frozen=True)
class Deed:
    """One act of power that is to be recorded. It must hold no secret: no password, token or key."""

    act: Act
    time: int  # milliseconds since the epoch
    origin: Origin
    actor: str
    target: str = ""  # on whom: an account, `nick (guest)`, a mask, `invite 7`
    room: str = ""  # on the wire: `#general`
    detail: str = ""  # what exactly
    reason: str = ""  # why, in the words of who did it

    def __post_init__(self) -> None:
        for name in ("actor", "target", "room", "detail", "reason"):
            text = getattr(self, name)
            if len(text) > LONGEST_TEXT:
                object.__setattr__(self, name, text[: LONGEST_TEXT - 1] + "…")


@dataclass(slots=True, frozen=True)
class AuditRecord:
    """A row of the record, as it is stored."""

    number: int  # 1, 2, 3 … without a gap
    time: int  # milliseconds since the epoch
    origin: str
    actor: str
    act: str
    target: str
    room: str
    detail: str
    reason: str
    previous: str  # the hash of the row before, in hex; of the first row: that of `start`
    hash: str = field(default="")  # of everything above, in hex


@dataclass(slots=True, frozen=True)
class Head:
    """The newest row of a record: all that has to be kept elsewhere to prove what stood in it."""

    number: int  # 0: there is no row yet
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(slots=True, frozen=True)
class Flaw:
    """The first thing that is wrong with a record."""

    number: int  # of the row
    problem: str  # what is wrong with it, as the rest of a sentence that begins with the row


def name_of(account: str, nick: str) -> str:
    """Return how somebody is called in the record: by their account; a guest, who has none, is not taken for one."""
    return account or f"{nick} (guest)"


def parse_head(text: str) -> Head:
    """Return the head that `str(head)` wrote as `17:9f86…`. Raises ValueError."""
    found = _HEAD.fullmatch(text)
    if found is None:
        raise ValueError(f"not the head of a record: {text!r}")
    return Head(int(found[1]), found[2])


def start(origin: str) -> Head:
    """Return what the first row follows: `origin` is the name that the database had when its record began."""
    return Head(0, hashlib.sha256(_encoded(("securechat record", origin))).hexdigest())


def chained(deed: Deed, after: Head, number: int) -> AuditRecord:
    """Return the row number `number` for `deed`, which follows `after`."""
    record = AuditRecord(
        number,
        deed.time,
        deed.origin.value,
        deed.actor,
        deed.act.word,
        deed.target,
        deed.room,
        deed.detail,
        deed.reason,
        after.hash,
    )
    return replace(record, hash=digest(record))


def digest(record: AuditRecord) -> str:
    """Return the hash that the row must have, whatever hash it says it has."""
    fields = (
        record.previous,
        str(record.number),
        str(record.time),
        record.origin,
        record.actor,
        record.act,
        record.target,
        record.room,
        record.detail,
        record.reason,
    )
    return hashlib.sha256(_encoded(fields)).hexdigest()


def _encoded(fields: Iterable[str]) -> bytes:
    """Return texts as netstrings (`5:hello,`): no two lists of texts have the same encoding."""
    encoded = (one.encode("utf-8", "surrogatepass") for one in fields)
    return b"".join(b"%d:%s," % (len(one), one) for one in encoded)


class Verification:
    """Follows a record from its first row on and finds the first row that was altered or is missing."""

    def __init__(self, origin: str, kept: Head | None = None) -> None:
        """`kept` is a head of this record that was kept elsewhere."""
        self.head = start(origin)
        """The newest row that was found in order."""
        self._kept = kept
        self._flaw: Flaw | None = None
        self._compare_kept()

    def follow(self, records: Iterable[AuditRecord]) -> Flaw | None:
        """Look at the next rows, oldest first; return what is wrong, if anything."""
        for record in records:
            if self._flaw is not None:
                break
            self._flaw = self._flaw_of(record)
            if self._flaw is None:
                self.head = Head(record.number, record.hash)
                self._compare_kept()
        return self._flaw

    def finish(self, stored: Head | None) -> Flaw | None:
        """Say what is wrong, if anything, when no row is left; `stored` is the head that the database itself keeps."""
        if self._flaw is None:
            self._flaw = self._flaw_at_the_end(stored)
        return self._flaw

    def _flaw_of(self, record: AuditRecord) -> Flaw | None:
        expected = self.head.number + 1
        if record.number > expected:
            return Flaw(expected, "is missing")
        if record.number < 1:
            return Flaw(record.number, "was added by somebody else than the server")
        if record.number < expected or digest(record) != record.hash:
            return Flaw(record.number, "was altered")
        if record.previous != self.head.hash:
            # What it carries is what was there when it was written: the row before has another hash now.
            return _altered(self.head.number)
        return None

    def _compare_kept(self) -> None:
        kept = self._kept
        if kept is not None and kept.number == self.head.number and kept.hash != self.head.hash:
            problem = "is not the one whose hash was kept: this row or one before it was altered"
            self._flaw = Flaw(kept.number, problem) if kept.number else _altered(0)

    def _flaw_at_the_end(self, stored: Head | None) -> Flaw | None:
        last = self.head.number
        if self._kept is not None and self._kept.number > last:
            return Flaw(last + 1, "is missing: the hash that was kept is of a later one")
        if stored is None:
            return Flaw(last, "cannot be checked to be the last one: the database does not say any more which is")
        if stored.number > last:
            return Flaw(last + 1, "is missing")
        if stored.number < last:
            return Flaw(stored.number + 1, "was added by somebody else than the server")
        return _altered(last) if stored.hash != self.head.hash else None


def _altered(number: int) -> Flaw:
    return Flaw(number, "was altered") if number else Flaw(1, "does not follow the beginning of this record")
