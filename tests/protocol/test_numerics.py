"""The table of numerics: every row formats, under its right name and code."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.protocol import numerics
from securechat.protocol.message import parse
from securechat.protocol.numerics import (
    ERR_NICKNAMEINUSE,
    ERR_NOSUCHCHANNEL,
    ERR_UNKNOWNCOMMAND,
    NUMERICS,
    RPL_CHANNELMODEIS,
    RPL_ISUPPORT,
    RPL_MYINFO,
    RPL_NAMREPLY,
    RPL_TOPIC,
    RPL_WELCOME,
    Numeric,
    format_numeric,
)

ROWS = [value for value in vars(numerics).values() if isinstance(value, Numeric)]
NEEDED = [
    *range(1, 6), 221, *range(251, 256), 265, 266, 301, 302, 305, 306, 315, *range(321, 325), 329, *range(331, 334),
    352, 353, 366, 368, 372, 375, 376, 401, 403, 404, *range(409, 413), 416, 417, 421, 422, *range(431, 434), 441,
    442, 451, 461, 462, 464, 472, 476, 482, 501, 502, 900, *range(903, 909),
]  # fmt: skip


def values_of(numeric: Numeric, value: object = "x") -> dict[str, object]:
    """A value for every placeholder of the row."""
    return {
        name: [value, value] if star else value
        for star, name in re.findall(r"\{(\*?)(\w+)\}", f"{numeric.params} {numeric.text or ''}")
    }


def test_every_code_that_the_server_needs_is_there_once() -> None:
    assert len({row.code for row in ROWS}) == len(ROWS) == len(NUMERICS)
    assert {row.code for row in ROWS} >= set(NEEDED)


@pytest.mark.parametrize("numeric", ROWS, ids=repr)
def test_every_row(numeric: Numeric) -> None:
    assert getattr(numerics, numeric.name) is numeric
    assert NUMERICS[numeric.command] is numeric
    assert int(numeric.command) == numeric.code
    # Errors are the 400s and 500s; SASL, from 900 on, has both.
    late_errors = (696, 712, 713, 714, 734, 902, 904, 905, 906, 907)
    assert numeric.name.startswith("ERR_") == (400 <= numeric.code < 600 or numeric.code in late_errors)
    line = format_numeric(numeric, "irc.lan", "alice", **values_of(numeric))
    message = parse(line[:-2])
    assert message.source == "irc.lan"
    assert message.command == numeric.command
    many = numeric.params.count("{*")  # stands for two values here
    assert len(message.params) == 1 + len(numeric.params.split()) + many + (numeric.text is not None)
    assert message.params[0] == "alice"
    assert not re.search("[{}]", " ".join(message.params))
    assert " " not in "".join(message.params[: len(numeric.params.split())])


@pytest.mark.parametrize("numeric", ROWS, ids=repr)
@pytest.mark.parametrize("bad", ["", "a b", ":x", "x\0", "я" * 900])
def test_a_bad_value_never_shifts_a_field(numeric: Numeric, bad: str) -> None:
    in_text = re.findall(r"\{(\w+)\}", numeric.text or "")
    values = values_of(numeric, bad)
    values.update({name: "x" for name in in_text if "\0" in bad})
    line = format_numeric(numeric, "irc.lan", "alice", **values)
    assert len(line) <= 512
    plain = format_numeric(numeric, "irc.lan", "alice", **values_of(numeric))
    assert len(parse(line[:-2]).params) == len(parse(plain[:-2]).params)


@pytest.mark.parametrize("numeric", [row for row in ROWS if values_of(row)], ids=repr)
def test_a_missing_value_is_an_error_of_ours(numeric: Numeric) -> None:
    with pytest.raises(KeyError):
        format_numeric(numeric, "irc.lan", "alice")


@pytest.mark.parametrize(
    ("numeric", "values", "line"),
    [
        (RPL_WELCOME, {"network": "home", "nick": "alice!a@h"},
         ":irc.lan 001 alice :Welcome to the home Network, alice!a@h"),
        (RPL_MYINFO, {"server": "irc.lan", "version": "securechat-1", "user_modes": "", "room_modes": "n"},
         ":irc.lan 004 alice irc.lan securechat-1 * n"),
        (RPL_ISUPPORT, {"tokens": ["A=1", "B"]}, ":irc.lan 005 alice A=1 B :are supported by this server"),
        (RPL_CHANNELMODEIS, {"room": "#a", "modes": ("+nt",)}, ":irc.lan 324 alice #a +nt"),
        (RPL_TOPIC, {"room": "#a", "topic": "tea {and} cakes"}, ":irc.lan 332 alice #a :tea {and} cakes"),
        (RPL_NAMREPLY, {"symbol": "=", "room": "#a", "names": "alice bob"}, ":irc.lan 353 alice = #a :alice bob"),
        (ERR_NOSUCHCHANNEL, {"room": "a b"}, ":irc.lan 403 alice * :No such channel"),
        (ERR_UNKNOWNCOMMAND, {"command": ":x"}, ":irc.lan 421 alice * :Unknown command"),
        (ERR_NICKNAMEINUSE, {"nick": "anna", "problem": "is taken"}, ":irc.lan 433 alice anna :Nickname is taken"),
    ],
)  # fmt: skip
def test_lines(numeric: Numeric, values: dict[str, object], line: str) -> None:
    assert format_numeric(numeric, "irc.lan", "alice", **values) == f"{line}\r\n".encode()


def test_before_there_is_a_nick_the_recipient_is_a_star() -> None:
    assert format_numeric(ERR_NICKNAMEINUSE, "irc.lan", "*", nick="a", problem="").startswith(b":irc.lan 433 * a :")
    assert format_numeric(ERR_NICKNAMEINUSE, "irc.lan", "", nick="a", problem="").startswith(b":irc.lan 433 * a :")


@pytest.mark.parametrize("end", ["\r", "\n", "\0"])
def test_a_text_cannot_forge_a_line(end: str) -> None:
    with pytest.raises(ValueError, match=r"^the text of 332 "):
        format_numeric(RPL_TOPIC, "irc.lan", "alice", room="#a", topic=f"tea{end}QUIT")


@given(st.text())
def test_any_echoed_name_keeps_its_place(name: str) -> None:
    message = parse(format_numeric(ERR_NOSUCHCHANNEL, "irc.lan", "alice", room=name)[:-2])
    assert message.params[0] == "alice"
    assert message.params[1] == "*" or name.startswith(message.params[1])
    assert "No such channel".startswith(message.params[2])
