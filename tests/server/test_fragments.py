"""Each section of the IRC surface whose commands carry more than words: the same whatever pieces its bytes come in.

A script is run by anna, who owns the room, while bob listens; once line by line, once byte by byte. What both are sent
must be the same, and must hold what the section is about.
"""

import re
from pathlib import Path

import pytest

from tests.server.harness import MODERN, Person, running

SECTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "PRIVMSG and NOTICE": (("PRIVMSG #tea :привет, 𝐀!", "NOTICE bob,#tea :: two  spaces "), "PRIVMSG #tea :привет"),
    "JOIN": (("JOIN #чай,#tea,#cake key", "JOIN 0x"), "JOIN #чай"),
    "NICK changes": (("NICK Anna", "NICK анна", "NICK bob", "NICK :"), " 433 "),
    "Line reassembly and length limits": (("PRIVMSG #tea :" + "ы" * 200, "PRIVMSG #tea :" + "ы" * 300), " 417 "),
    "echo-message": (("CAP REQ :echo-message", "@label=é PRIVMSG #tea :эхо"), "PRIVMSG #tea :эхо"),
    "NAMES": (("NAMES #tea,#none,tea", "NAMES"), " 366 "),
    "PART": (("PART #tea :до свидания", "PART #tea", "PART #none"), "PART #tea :до свидания"),
    "message-tags, server-time, msgid, TAGMSG": (
        (r"@+x=\s\:é;+y;z=1 PRIVMSG #tea :x", "@+typing=active TAGMSG #tea", "@+draft/react=👍 TAGMSG #tea"),
        "+draft/react=👍",
    ),
    "PING/PONG": (("PING :a б в", "PING", "PING :"), "PONG "),
    "QUIT seen by others": (("QUIT :пока",), "QUIT :"),
    "WHO and WHOX": (("WHO #tea", "WHO b* %tcuhnfar,42", "WHO nobody"), " 354 "),
    "chathistory and event-playback": (
        ("PRIVMSG #tea :раз", "CHATHISTORY LATEST #tea * 10", "CHATHISTORY LATEST #none * 10"),
        "FAIL CHATHISTORY INVALID_TARGET",
    ),
    "channel mode +l": (("MODE #tea +l 2", "MODE #tea +l x", "MODE #tea +l -1", "MODE #tea -l"), " 696 "),
    "WHOIS": (("WHOIS bob", "WHOIS chat.test bob", "WHOIS никто"), " 401 "),
    "WHOWAS": (("WHOWAS bob", "WHOWAS", "WHOWAS никто -1"), " 406 "),
    "channel mode +o": (("MODE #tea +o bob", "MODE #tea +o никто", "MODE #tea -o bob"), "MODE #tea +o bob"),
    "INVITE": (("INVITE bob #tea", "INVITE никто #tea", "INVITE bob"), " 443 "),
    "KICK": (("KICK #tea никто :вон", "KICK #tea bob :вон, 𝐀", "KICK #none bob"), "KICK #tea bob :вон, 𝐀"),
    "AWAY": (("AWAY :на обеде", "USERHOST anna bob", "AWAY :"), " 305 "),
    "HELP / HELPOP": (("HELP", "HELPOP KICK", "HELP ничего"), " 705 "),
    "LUSERS": (("LUSERS",), " 251 "),
    "TOPIC": (("TOPIC #tea :чай и торт", "TOPIC #tea", "TOPIC #tea :", "TOPIC #tea", "TOPIC #none"), " 331 "),
    "channel mode +I": (("MODE #tea +I *!*@хост", "MODE #tea I", "MODE #tea -I *!*@хост"), " 346 "),
    "channel mode +k": (("MODE #tea +k ключ", "MODE #tea +k :a b", "MODE #tea -k x"), "MODE #tea +k ключ"),
    "LIST": (("LIST", "LIST #none", "LIST >0,*te*"), " 322 "),
    "channel modes +b and +e": (
        ("MODE #tea +be é!*@* b!*@*", "MODE #tea b", "MODE #tea e", "MODE #tea -b é!*@*"),
        " 367 ",
    ),
    "setname": (("CAP REQ :setname", "SETNAME :Анна Б.", "SETNAME :"), "SETNAME :Анна Б."),
    "STATUSMSG": (("MODE #tea +o bob", "PRIVMSG @#tea :между нами"), "PRIVMSG @#tea :между нами"),
    "MODE query": (("MODE #tea", "MODE anna", "MODE #none"), " 329 "),
    "channel mode +m": (("MODE #tea +m", "PRIVMSG #tea :x"), "MODE #tea +m"),
    "channel mode +C": (
        ("MODE #tea +C", "PRIVMSG #tea :\x01VERSION\x01", "PRIVMSG #tea :\x01ACTION nods\x01"),
        " 404 ",
    ),
    "INFO": (("INFO",), " 371 "),
    "TIME": (("TIME", "TIME elsewhere"), " 391 "),
    "mute extban": (("MODE #tea +b m:bob!*@*", "MODE #tea +e m:é!*@*", "MODE #tea b"), "m:bob!*@*"),
    "metadata": (
        ("METADATA * SET url :Анна 💜 б", "METADATA #tea SET url :", "METADATA anna GET url $ нет", "METADATA * CLEAR"),
        " 766 ",
    ),
    "channel-rename": (("RENAME #tea #чай :потому 💜", "RENAME #чай #none,x"), "FAIL RENAME CANNOT_RENAME #чай"),
    "account extban": (("MODE #tea +b a:bob", "MODE #tea b"), "a:bob"),
}  # fmt: skip


def run(folder: Path, lines: tuple[str, ...], piece: int) -> list[str]:
    """Run a script, its bytes in pieces of so many (0: line by line); return what anna and bob were sent."""
    folder.mkdir()
    with running(folder) as harness:
        anna, bob = harness.members_of("#tea", "anna", "bob", capabilities=MODERN)
        for line in lines:
            send(anna, f"{line}\r\n".encode(), piece)
        text = "\n".join([*anna.received(), "bob:", *bob.received()])
        return re.sub(r"(?<=msgid=)\w+-", "EPOCH-", text).splitlines()


def send(one: Person, data: bytes, piece: int) -> None:
    """Send bytes in pieces; 0: at once."""
    for start in range(0, len(data), piece or len(data)):
        one.sends_unsettled(data[start : start + (piece or len(data))])
    one.harness.settle()


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_whole_and_byte_by_byte(tmp_path: Path, section: str) -> None:
    lines, expected = SECTIONS[section]
    whole = run(tmp_path / "whole", lines, 0)
    assert any(expected in line for line in whole), whole
    assert run(tmp_path / "bytes", lines, 1) == whole
    assert all(re.match(r"@|:|bob:$|ERROR ", line) for line in whole), whole
