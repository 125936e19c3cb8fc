"""The tokens of 005."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.protocol.isupport import MAX_TOKENS, Isupport
from securechat.protocol.numerics import RPL_ISUPPORT, format_numeric


def make(
    network: str = "securechat",
    *,
    limit: int = 64,
    targets: dict[str, int] | None = None,
    account_required: bool = False,
) -> Isupport:
    return Isupport(
        network=network,
        nick_length=limit and 32,
        room_name_length=limit,
        topic_length=limit and 390,
        history_page=limit and 100,
        targets=targets or {},
        account_required=account_required,
    )


def test_the_tokens() -> None:
    assert make(targets={"PRIVMSG": 4, "NAMES": 1, "JOIN": 0}).tokens() == [
        "NETWORK=securechat",
        "CASEMAPPING=ascii",
        "CHANTYPES=#",
        "NICKLEN=32",
        "CHANNELLEN=64",
        "TOPICLEN=390",
        "PREFIX=(ov)@+",
        "STATUSMSG=@+",
        "CHANMODES=beI,k,lfH,CLimnst",
        "USERMODES=,,,Biow",
        "BOT=B",
        "EXCEPTS=e",
        "INVEX=I",
        "EXTBAN=,am",
        "ACCOUNTEXTBAN=a",
        "CHATHISTORY=100",
        "ELIST=CMNTU",
        "MSGREFTYPES=msgid,timestamp",
        "TARGMAX=PRIVMSG:4,NAMES:1,JOIN:",
        "CLIENTTAGDENY=",
        "KNOCK",
        "SAFELIST",
        "UTF8ONLY",
        "WHOX",
    ]


def test_an_unlimited_length_is_not_announced_but_an_unlimited_page_is() -> None:
    names = [token.partition("=")[0] for token in make(limit=0).tokens()]
    assert not {"NICKLEN", "CHANNELLEN", "TOPICLEN", "TARGMAX"} & set(names)
    assert "CHATHISTORY=0" in make(limit=0).tokens()


def test_a_server_without_guests_says_so() -> None:
    assert "draft/ACCOUNTREQUIRED" not in make().tokens()
    assert make(account_required=True).tokens()[-1] == "draft/ACCOUNTREQUIRED"


def test_lines_hold_at_most_thirteen_tokens() -> None:
    isupport = make(targets={"PRIVMSG": 4}, account_required=True)
    lines = isupport.lines()
    assert all(len(line) == MAX_TOKENS for line in lines[:-1])
    assert 0 < len(lines[-1]) <= MAX_TOKENS
    assert [token for line in lines for token in line] == isupport.tokens()


@pytest.mark.parametrize(
    ("network", "token"),
    [
        ("The Lab", r"NETWORK=The\x20Lab"),
        ("a=b\\c", r"NETWORK=a\x3Db\x5Cc"),
        ("чай", r"NETWORK=\xD1\x87\xD0\xB0\xD0\xB9"),
        ("a\r\nQUIT", r"NETWORK=a\x0D\x0AQUIT"),
    ],
)
def test_a_network_name_is_escaped(network: str, token: str) -> None:
    assert make(network).tokens()[0] == token


@given(st.text(max_size=100), st.dictionaries(st.from_regex("[A-Z]{1,12}", fullmatch=True), st.integers(0, 99)))
def test_every_token_is_sound_and_every_line_fits(network: str, targets: dict[str, int]) -> None:
    isupport = make(network, targets=targets)
    for line in isupport.lines():
        assert 0 < len(line) <= MAX_TOKENS
        for token in line:
            assert re.fullmatch("[A-Za-z0-9/]+(=[!-<>-~]*)?", token)
        if len(line) > 1:
            formatted = format_numeric(RPL_ISUPPORT, "s" * 63, "n" * 32, tokens=line)
            assert formatted.endswith(b" :are supported by this server\r\n")
