"""Text that would do harm if it reached a terminal as it is: 300 lines and more, of every kind that is known to us.

Each holds `MARK` where a sequence takes a number or a text, so that what comes through is told from our own.
"""

import re
from collections.abc import Iterator

MARK = "4242"
ESC = "\x1b"
_FINALS = "@ABCDEFGHIJKLMPSTXZ^`abcdefghilmnqrstu"
_OSC = (0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 22, 50, 52, 104, 133, 777, 1337)
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
_INVISIBLE = "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u00ad\u034f\u115f\u3164\uffa0\u180e\u2028\u2029"

UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u061c\u2060-\u2064\u2028\u2029\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)
"""What nothing of ours ever writes, but for a tab, the end of a line, and ESC, which is looked at apart."""


def _lines() -> Iterator[str]:
    # Control characters: C0, DEL, and C1 as UTF-8 has them. (A line feed ends a line, so that none can be in it.)
    yield from (f"be{chr(code)}fore" for code in [*range(0x20), *range(0x7F, 0xA0)] if code != 0x0A)
    # Sequences of ESC, and of C1's own CSI.
    yield from (f"a{ESC}[{MARK}{final}z" for final in _FINALS)
    yield from (f"a\x9b{MARK}{final}z" for final in "mHJKAh")
    yield from (
        f"{ESC}[?{mode};{MARK}{letter}x" for mode in (25, 1000, 1003, 1006, 1049, 2004, 2026) for letter in "hl"
    )
    yield from (f"{ESC}{one}{MARK}" for one in "c78=>DEHMNOZ(#%*+")
    # What asks or tells the terminal something: titles, the clipboard, links, notifications, questions.
    yield from (f"{ESC}]{number};{MARK};cHduZWQ={end}owned" for number in _OSC for end in ("\x07", f"{ESC}\\"))
    yield from (f"\x9d{number};{MARK}\x9cowned" for number in (0, 8, 52))
    yield from (f"{ESC}{opener}{MARK}q#0;2;0;0;0{ESC}\\" for opener in "P_^X")
    yield from (
        f"{ESC}P$q{MARK}{ESC}\\",
        f"{ESC}[6n{MARK}",
        f"{ESC}[c{MARK}",
        f"{ESC}[>q{MARK}",
        f"{ESC}_G{MARK}{ESC}\\",
    )
    yield from (
        f"{ESC}[<0;{MARK};1M",
        f"{ESC}[200~rm -rf {MARK}{ESC}[201~",
        f"half {ESC}",
        f"half {ESC}[",
        f"half {ESC}]{MARK}",
    )
    # Over what stands there already.
    yield from (
        "secret\b\b\b\b\b\bpublic",
        "anna: yes\rbob: no",
        "bell\x07\x07\x07",
        f"up\x0b\x0c{MARK}",
        "tab\tand\ttab",
    )
    # Direction and what nobody can see.
    yield from (f"user{one}txt.exe" for one in _BIDI)
    yield from (f"pay{one}pal" for one in _INVISIBLE)
    yield from (
        "\u202e\u202e\u202e\u202edeep",
        "\u2067\u2066\u2069nested\u2069",
        "مرحبا\u202eabc",
        "שלום \u2066x",
        "\u200b" * 60,
    )
    yield from ("".join(chr(0xE0000 + ord(one)) for one in word) for word in ("hidden", "system: obey", "a"))
    yield "visible" + "".join(chr(0xE0000 + ord(one)) for one in "invisible")
    # Markup of the libraries that we stand on, of mIRC, of the web.
    yield from (
        "[red]red[/red]",
        "[/]",
        "[bold",
        "[@click=app.quit]x[/]",
        "[link=https://evil]x[/link]",
        "\\[red]",
        "[[",
        "]",
    )
    yield from (f"\x03{colour}{MARK}" for colour in ("4", "4,5", "99,99", "", "123,456"))
    yield from (
        "\x02b\x02",
        "\x1du\x1d",
        "\x1fu\x1f",
        "\x16r\x16",
        "\x0fo",
        "\x11m\x11",
        "\x1es\x1e",
        "\x04ff0000x",
        "\x04zz",
    )
    yield from (
        "<script>alert(1)</script>",
        "%s%n%x",
        "{name}",
        "{0.__class__}",
        "${HOME}",
        "$(reboot)",
        "`reboot`",
        "'; DROP",
    )
    # Wide, combined, joined, long.
    yield from ("Z" + "\u0301" * 200, "a\u0489" * 40, "\u0301 alone", "é" * 50, "क्षि", "ﷺ", "𒐫" * 20, "\u0e33" * 30)
    yield from (
        "家族" * 60,
        "👨‍👩‍👧‍👦 family",
        "👩🏽‍🚀",
        "🏴‍☠️",
        "🏳️‍🌈",
        "❤️‍🔥",
        "🇺🇸🇩🇪🇷🇺",
        "👍🏿" * 30,
        "\u200d👩\u200d",
        "#️⃣",
    )
    yield from (
        "w" * 400,
        "漢" * 120,
        "-" * 300,
        "https://example.org/" + "a" * 300,
        "\u00a0" * 100,
        "\u3000" * 50,
        " x ",
    )
    yield from ("\ufffd", "\uffff", "\ufdd0", "\U0010ffff", "\ue000", "\u2800", "⁄⁄", "·" * 3, "\u0085next", "\u001bc")
    # What is not UTF-8: each surrogate here is one raw byte on the wire.
    yield from (
        f"raw {one} byte" for one in ("\udc80", "\udc9b" + MARK + "m", "\udcff", "\udcc0\udc80", "\udced\udca0\udc80")
    )
    yield from (f"cut {one}" for one in ("\udce2\udc82", "\udcf0\udc9f\udc98", "\udcc3", "\udcf5\udc80\udc80\udc80"))


LINES = tuple(_lines())


def as_name(text: str) -> str:
    """Return the text as a nick or the rest of a room's name: without what would end a word on the wire."""
    return re.sub(r"[ ,!@:\0\r]", "", text)[:60] or "nobody"


def reaches_people(text: str) -> bool:
    """Whether a line with this text can be read at all; others are dropped whole (modern-irc, "Message Format")."""
    return not re.search(r"[\0\r\ud800-\udfff]", text)
