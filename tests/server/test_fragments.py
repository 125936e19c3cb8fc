"""Each section of the IRC surface whose commands carry more than words: the same whatever pieces its bytes come in.

A script is run by anna, who owns the room, or by somebody who has just connected, while bob, who is in it, listens;
once line by line, once byte by byte. What both are sent must be the same, and must hold what the section is about.
"""

import base64
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
    "channel-rename": (("RENAME #tea #чай :потому 💜", "RENAME #чай #none,x"), "FAIL RENAME CANNOT_RENAME #чай"),
    "account extban": (("MODE #tea +b a:bob", "MODE #tea b"), "a:bob"),
    "MONITOR and extended-monitor": (
        ("MONITOR + bob,никто", "MONITOR L", "MONITOR S", "MONITOR - BOB", "MONITOR C", "MONITOR X"),
        " 731 ",
    ),
    "RPL_ISUPPORT": (("CAP REQ :draft/extended-isupport", "ISUPPORT", "VERSION"), " 005 "),
    "UTF8ONLY": (
        ("PRIVMSG #tea :a\udcffb", "PRIVMSG #tea :\udcd0", "NO\udcffTICE #tea :x", "TOPIC #tea :\udcf0\udc9f"),
        "FAIL PRIVMSG INVALID_UTF8",
    ),
    "read-marker": (
        (
            "CAP REQ :draft/read-marker",
            "MARKREAD #tea",
            "MARKREAD #tea timestamp=2019-01-04T14:33:26.123Z",
            "MARKREAD #tea timestamp=вчера",
            "MARKREAD",
        ),
        "MARKREAD #tea timestamp=2019-01-04T14:33:26.123Z",
    ),
    "message-redaction": (
        (
            "CAP REQ :draft/message-redaction",
            "PRIVMSG #tea :опечатка",
            "REDACT #tea NEWEST :прошу прощения",
            "REDACT #tea NEWEST",
            "REDACT #none x",
        ),
        ":прошу прощения",
    ),
    "metadata": (
        (
            "CAP REQ :draft/metadata-3",
            "METADATA * SUB имя url $",
            "METADATA * SET url :https://пример/ 𝐀",
            "METADATA #tea SET url :чай",
            "METADATA * GET url none",
            "METADATA #tea LIST",
            "METADATA * SET url",
        ),
        " 761 anna #tea url * :чай",
    ),
    "bot mode": (("MODE anna +B", "PRIVMSG #tea :бип", "WHO anna", "WHOIS anna", "MODE anna -B"), " 335 "),
    "OPER": (("OPER root :неверно", "OPER root", "OPER root :correct horse"), " 381 "),
    "KILL": (("KILL bob :рано", "OPER root :correct horse", "KILL никто :x", "KILL bob :вон, 𝐀"), "KILL bob :вон, 𝐀"),
    "WALLOPS": (
        ("WALLOPS :рано", "OPER root :correct horse", "MODE anna +w", "WALLOPS :всем, 𝐀", "WALLOPS"),
        "WALLOPS :всем, 𝐀",
    ),
    "LINKS": (("LINKS", "LINKS *", "LINKS нигде"), " 364 "),
    "channel mode +s": (("MODE #tea +s", "NAMES #tea", "LIST #tea", "MODE #tea -s"), " 353 anna @ #tea "),
    "multiline": (
        (
            "CAP REQ :draft/multiline",
            "BATCH +1 draft/multiline #tea",
            "@batch=1 PRIVMSG #tea :раз ",
            "@batch=1;draft/multiline-concat PRIVMSG #tea :два",
            "@batch=1 PRIVMSG #tea :три",
            "BATCH -1",
        ),
        "PRIVMSG #tea :раз ",
    ),
}  # fmt: skip
COMES = ("CAP END", "NICK новая", "USER new 0 * :Новая 𝐀")
LOGIN = base64.b64encode(b"root\0root\0correct horse").decode()
OF_NEWCOMERS: dict[str, tuple[tuple[str, ...], str]] = {
    "Connection registration, PASS, QUIT": (
        ("PASS :а б", "USER", "USER \udcff 0 * :x", "NICK :", "NICK bob", *COMES, "USER a b c :d", "PASS x", "QUIT"),
        " 462 ",
    ),
    "Capability negotiation (3.1 and 3.2)": (
        (
            "CAP LS 302",
            "CAP REQ :echo-message -batch",
            "CAP REQ :server-time несуществующая",
            "CAP LIST",
            "CAP НЕТ",
            "CAP",
            "NICK новая",
            "USER new 0 * :x",
            "CAP END",
            "CAP REQ :-echo-message",
        ),
        " NAK :server-time несуществующая",
    ),
    "RPL_ISUPPORT": (COMES, " UTF8ONLY"),
    "channel mode +n": ((*COMES, "PRIVMSG #tea :впустите", "NOTICE #tea :впустите"), " 404 "),
    "account-tag, away-notify, extended-join, invite-notify, setname": (
        (
            "CAP REQ :sasl",
            "AUTHENTICATE PLAIN",
            f"AUTHENTICATE {LOGIN}",
            *COMES,
            "AWAY :вышла",
            "JOIN #tea",
            "SETNAME :Старая 𝐀",
            "PRIVMSG #tea :ага",
            "INVITE bob #tea",
            "AWAY",
        ),
        "JOIN #tea root :Новая 𝐀",
    ),
    "SASL 3.1/3.2": (
        (
            "CAP REQ :sasl",
            "AUTHENTICATE НЕТ",
            "AUTHENTICATE PLAIN",
            "AUTHENTICATE *",
            "AUTHENTICATE PLAIN",
            "AUTHENTICATE я",
            "AUTHENTICATE PLAIN",
            f"AUTHENTICATE {LOGIN}",
            "AUTHENTICATE PLAIN",
            *COMES,
        ),
        " 900 ",
    ),
    "account-registration": (
        ("CAP REQ :draft/account-registration", "NICK новая", "REGISTER * * :па роль, 𝐀", *COMES),
        "REGISTER ",
    ),
}  # fmt: skip
NOTIFIED = f"{MODERN} away-notify account-notify extended-join invite-notify setname extended-monitor"


def run(folder: Path, lines: tuple[str, ...], piece: int, *, newcomer: bool) -> list[str]:
    """Run a script, its bytes in pieces of so many (0: line by line); return what its author and bob were sent."""
    folder.mkdir()
    with running(folder, accounts__register_before_connect=True) as harness:
        harness.account("root", administrator=True)
        anna, bob = harness.members_of("#tea", "anna", "bob", capabilities=NOTIFIED if newcomer else MODERN)
        one = harness.connection() if newcomer else anna
        said = ""
        for line in lines:
            send(one, f"{line}\r\n".replace("NEWEST", said).encode(errors="surrogateescape"), piece)
            said = harness.hub.message_ids.format(harness.delivery.delivered_sequence)
        text = "\n".join([*one.received(), "bob:", *bob.received()])
        return text.replace(f"{harness.journal.epoch}-", "EPOCH-").splitlines()


def send(one: Person, data: bytes, piece: int) -> None:
    """Send bytes in pieces; 0: at once."""
    for start in range(0, len(data), piece or len(data)):
        one.sends_unsettled(data[start : start + (piece or len(data))])
    one.harness.settle()


def compare(folder: Path, lines: tuple[str, ...], expected: str, *, newcomer: bool) -> None:
    """Run a script both ways."""
    whole = run(folder / "whole", lines, 0, newcomer=newcomer)
    assert any(expected in line for line in whole), whole
    assert run(folder / "bytes", lines, 1, newcomer=newcomer) == whole
    assert all(re.match(r"@|:|bob:$|ERROR ", line) for line in whole), whole


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_whole_and_byte_by_byte(tmp_path: Path, section: str) -> None:
    compare(tmp_path, *SECTIONS[section], newcomer=False)


@pytest.mark.parametrize("section", OF_NEWCOMERS)
def test_a_section_of_newcomers_whole_and_byte_by_byte(tmp_path: Path, section: str) -> None:
    compare(tmp_path, *OF_NEWCOMERS[section], newcomer=True)
