"""FAIL, WARN and NOTE, and the table of their codes."""

import re

import pytest

from securechat.protocol import standard_replies
from securechat.protocol.message import parse
from securechat.protocol.standard_replies import (
    INVALID_PARAMS,
    INVALID_UTF8,
    MESSAGE_NOT_STORED,
    STANDARD_REPLIES,
    StandardReply,
    fail,
    note,
    warn,
)

ROWS = {name: value for name, value in vars(standard_replies).items() if isinstance(value, StandardReply)}
# Codes of the specifications, and those that our own client explains.
NEEDED = {
    "ACCOUNT_EXISTS", "BAD_ACCOUNT_NAME", "WEAK_PASSWORD", "INVITE_REQUIRED", "INVITE_USED", "INVITE_EXPIRED",
    "INVITE_UNKNOWN", "REGISTRATION_CLOSED", "TEMPORARILY_UNAVAILABLE", "NEED_MORE_PARAMS", "ACCOUNT_REQUIRED",
    "MESSAGE_NOT_STORED", "INVALID_UTF8", "INVALID_PARAMS", "INVALID_TARGET", "MESSAGE_ERROR", "INVALID_MSGREFTYPE",
    "NEED_NICK", "ALREADY_AUTHENTICATED",
}  # fmt: skip


def test_the_table_holds_every_row_once() -> None:
    assert ROWS == STANDARD_REPLIES
    assert set(ROWS) >= NEEDED


@pytest.mark.parametrize("name", ROWS)
def test_every_row(name: str) -> None:
    reply = ROWS[name]
    assert reply.code == name
    assert re.fullmatch("[A-Z][A-Z0-9_]*", reply.code)
    message = parse(fail("irc.lan", "JOIN", reply, ("#a",))[:-2])
    assert message.source == "irc.lan"
    assert message.command == "FAIL"
    assert message.params == ["JOIN", name, "#a", reply.text]
    assert reply.text[0].isupper()
    assert len(reply.text) < 120


def test_the_three_kinds() -> None:
    assert fail("irc", "*", INVALID_UTF8, text="No") == b":irc FAIL * INVALID_UTF8 :No\r\n"
    assert warn("irc", "JOIN", INVALID_UTF8, text="No") == b":irc WARN JOIN INVALID_UTF8 :No\r\n"
    assert note("irc", "JOIN", INVALID_UTF8, ["a", "b"], "No") == b":irc NOTE JOIN INVALID_UTF8 a b :No\r\n"


def test_echoed_context_never_shifts_a_field() -> None:
    line = fail("irc", "CHATHISTORY", INVALID_PARAMS, ("", "a b", ":c", "latest"))
    assert line == f":irc FAIL CHATHISTORY INVALID_PARAMS * * * latest :{INVALID_PARAMS.text}\r\n".encode()


def test_a_command_that_cannot_be_named_is_a_star() -> None:
    assert fail("irc", "", INVALID_UTF8, text="No") == b":irc FAIL * INVALID_UTF8 :No\r\n"


def test_a_long_context_fits_and_the_code_stays() -> None:
    line = fail("irc", "PRIVMSG", MESSAGE_NOT_STORED, ("#" + "я" * 400,))
    assert len(line) <= 512
    assert parse(line[:-2]).params[:2] == ["PRIVMSG", "MESSAGE_NOT_STORED"]
