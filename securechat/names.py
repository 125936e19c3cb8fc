"""The rules for names: nicks, accounts and rooms, and when two of them are the same."""

import unicodedata

from securechat.errors import InvalidName, InvalidRoomName

NICK_LENGTH = 32
"""Default longest nick and account name, in characters."""
ROOM_NAME_LENGTH = 64
"""Default longest room name, in characters, the leading `#` included."""
NICK_BYTES = 96
"""The longest nick and account name in bytes of UTF-8, whatever the limit in characters: see ROOM_NAME_BYTES."""
USERNAME_BYTES = 32
"""The longest user name (that of USER) in bytes of UTF-8."""
ROOM_NAME_BYTES = 192
"""The longest room name in bytes of UTF-8, the leading `#` included.

A line has 512 bytes. Those that hold most names (KICK, INVITE, MODE of a role, NAMES with user and host) hold a room,
two nicks and a user name, which are 416, and never more than 90 beside them.
"""

# RFC 2812 section 2.3.1 "special" characters, and the hyphen; letters and digits of any script are allowed beside them.
_NICK_PUNCTUATION = frozenset("[]\\`_^{|}-")
_MARKS = ("Mn", "Mc")
_VOWEL_SIGNS = ("\u0900", "\u17ff")  # from Devanagari to Khmer
_NO_VOWEL_SIGNS = frozenset("\u0951\u0952\u0953\u0954\u135d\u135e\u135f\u17b4\u17b5")  # of any script, or unseen
# Characters that mean something in a list of targets, a mask or a prefix (modern-irc, section "Channels").
_ROOM_FORBIDDEN = frozenset(" ,:*?!@\x07")


def fold(name: str) -> str:
    """Return the form in which two names are compared: equal folds mean the same name.

    For ASCII names this is CASEMAPPING=ascii; other scripts are folded as well, so that nobody can be
    `Анна` beside `анна`.
    """
    return name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()


def check_nick(name: str, longest: int = NICK_LENGTH) -> str:
    """Return `name` if it can be a nick or an account name of at most `longest` characters (0: any number).

    Raises InvalidName with the rule that it breaks.
    """
    if not name:
        raise InvalidName(name, "it is empty")
    if longest and len(name) > longest:
        raise InvalidName(name, f"it is longer than {longest} characters")
    if len(name.encode(errors="replace")) > NICK_BYTES:
        raise InvalidName(name, f"it is longer than {NICK_BYTES} bytes")
    if name[0].isdigit() or name[0] == "-":
        raise InvalidName(name, "it starts with a digit or a hyphen")
    if unicodedata.normalize("NFC", name) != name:
        raise InvalidName(name, "it is not in Unicode normal form C")
    for place, character in enumerate(name):
        if not (character.isalnum() or character in _NICK_PUNCTUATION or _is_written_with(name, place)):
            raise InvalidName(name, "only letters, digits and []\\`_^{|}- are allowed")
    return name


def _is_written_with(name: str, place: int) -> bool:
    """Whether a mark that a script of India or its neighbours writes with its letters stands there, after a letter.

    At most two follow a letter. Marks that can be put on letters of any script (accents) are not meant.
    """
    if not _VOWEL_SIGNS[0] <= name[place] <= _VOWEL_SIGNS[1] or name[place] in _NO_VOWEL_SIGNS:
        return False
    base = name[place - 1 : place] if place else ""
    if base and unicodedata.category(base) in _MARKS:
        base = name[place - 2 : place - 1] if place > 1 else ""
    return unicodedata.category(name[place]) in _MARKS and base.isalpha()


def check_room_name(name: str, longest: int = ROOM_NAME_LENGTH) -> str:
    """Return `name` if it can be a room's name on the wire: `#` and 1 to `longest` - 1 printable characters.

    A `longest` of 0 is no limit. Raises InvalidRoomName with the rule that it breaks.
    """
    if not name.startswith("#"):
        raise InvalidRoomName(name, "a room's name starts with #")
    if len(name) < 2:
        raise InvalidRoomName(name, "nothing follows the #")
    if longest and len(name) > longest:
        raise InvalidRoomName(name, f"it is longer than {longest} characters")
    if len(name.encode(errors="replace")) > ROOM_NAME_BYTES:
        raise InvalidRoomName(name, f"it is longer than {ROOM_NAME_BYTES} bytes")
    if not name.isprintable() or not _ROOM_FORBIDDEN.isdisjoint(name):
        raise InvalidRoomName(name, "spaces, control characters and , : * ? ! @ are not allowed")
    if unicodedata.normalize("NFC", name) != name:
        raise InvalidRoomName(name, "it is not in Unicode normal form C")
    return name


def room_to_wire(name: str) -> str:
    """Return `#general` for `general`; a name that starts with `#` stays as it is."""
    return name if name.startswith("#") else f"#{name}"


def room_to_people(name: str) -> str:
    """Return `general` for `#general`; the inverse of `room_to_wire` except for names such as `##x`."""
    return name[1:] if name.startswith("#") and not name.startswith("##") else name
