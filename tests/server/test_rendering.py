"""How events look on the wire: tags for each set of capabilities, and the text of every kind."""

import itertools
from dataclasses import replace

import pytest

from securechat.domain.events import RECORDED, Event, Kind, Source
from securechat.domain.history import StoredEvent
from securechat.protocol.capabilities import ACCOUNT_TAG, EXTENDED_JOIN, MESSAGE_TAGS, SERVER_TIME
from securechat.protocol.message import parse
from securechat.server.rendering import LINE_BYTES, Renderer, text_bytes

ALICE = Source("alice", "al", "host", account="Alice", account_id=1)
TIME = 1_764_000_000_123
BODIES = {
    Kind.MESSAGE: ":alice!al@host PRIVMSG #tea :a text",
    Kind.NOTICE: ":alice!al@host NOTICE #tea :a text",
    Kind.ASIDE: ":alice!al@host PRIVMSG #tea :a text",
    Kind.ASIDE_NOTICE: ":alice!al@host NOTICE #tea :a text",
    Kind.TAGS: ":alice!al@host TAGMSG #tea",
    Kind.TYPING: ":alice!al@host TAGMSG #tea",
    Kind.JOIN: ":alice!al@host JOIN #tea",
    Kind.ARRIVE: ":alice!al@host JOIN #tea",
    Kind.PART: ":alice!al@host PART #tea :a text",
    Kind.EVICT: ":alice!al@host PART #tea :a text",
    Kind.TOPIC: ":alice!al@host TOPIC #tea :a text",
    Kind.MODE: ":alice!al@host MODE #tea a text",
    Kind.INVITE: ":alice!al@host INVITE a text #tea",
    Kind.LET_IN: ":alice!al@host INVITE a text #tea",
    Kind.KICK: ":alice!al@host KICK #tea a :text",
    Kind.QUIT: ":alice!al@host QUIT :a text",
    Kind.NICK: ":alice!al@host NICK :a text",
    Kind.AWAY: ":alice!al@host AWAY :a text",
    Kind.ACCOUNT: ":alice!al@host ACCOUNT a text",
    Kind.SETNAME: ":alice!al@host SETNAME :a text",
    Kind.USER_MODE: ":alice!al@host MODE #tea a text",
    Kind.WALLOPS: ":alice!al@host WALLOPS :a text",
    Kind.KILL: ":alice!al@host KILL #tea :a text",
    Kind.MARK: ":alice!al@host MARKREAD #tea a text",
    Kind.REPORT: "",
    Kind.INSPECT: "",
    Kind.BLOCK: ":alice!al@host SILENCE a text",
    Kind.REDACT: ":alice!al@host REDACT #tea a text",
    Kind.REDACTED: "",
    Kind.ANNOUNCE: ":alice!al@host NOTICE #tea :a text",
    Kind.RENAME: ":alice!al@host RENAME #tea a :text",
    Kind.METADATA: ":alice!al@host 761 * #tea a * :text",
    Kind.CARRIED: ":alice!al@host 761 * #tea a * :text",
    Kind.ROOM: "",
    Kind.DIRECT: "",
    Kind.SETTLED: "",
    Kind.DELETE: "",
}
MASKS = [
    sum(chosen)
    for count in range(4)
    for chosen in itertools.combinations((MESSAGE_TAGS.bit, SERVER_TIME.bit, ACCOUNT_TAG.bit), count)
]


def event(kind: Kind = Kind.MESSAGE, source: Source = ALICE, text: str = "a text", tags: str = "") -> Event:
    return Event(kind, TIME, source, 1, "#tea", text, tags, sequence=7 if kind in RECORDED else 0)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind(kind: Kind) -> None:
    renderer = Renderer("e")
    assert renderer.body(event(kind)) == BODIES[kind]
    shown = BODIES[kind] and kind not in (Kind.TAGS, Kind.TYPING)
    assert renderer.line(event(kind), 0) == (f"{BODIES[kind]}\r\n".encode() if shown else b"")


@pytest.mark.parametrize("mask", MASKS)
def test_tags_follow_the_capabilities(mask: int) -> None:
    tags = parse(Renderer("e").line(event(tags="+a=b;+c"), mask).rstrip(b"\r\n")).tags
    expected = {}
    if mask & SERVER_TIME.bit:
        expected["time"] = "2025-11-24T16:00:00.123Z"
    if mask & MESSAGE_TAGS.bit:
        expected |= {"msgid": "e-7", "+a": "b", "+c": ""}
    if mask & ACCOUNT_TAG.bit:
        expected["account"] = "Alice"
    assert dict(tags) == expected


def test_a_guest_has_no_account_tag_and_a_backslash_is_escaped() -> None:
    renderer = Renderer("e")
    assert renderer.line(event(source=Source("bob", "b", "host")), ACCOUNT_TAG.bit).startswith(b":bob")
    odd = Source("x", "x", "host", account="a\\b", account_id=2)
    assert parse(renderer.line(event(source=odd), ACCOUNT_TAG.bit)[:-2]).tags == {"account": "a\\b"}


def test_bot_mode_what_a_program_does_is_tagged_for_those_who_know_tags() -> None:
    renderer = Renderer("e")
    program = Source("robot", "r", "host", bot=True)
    for kind, mask in itertools.product(Kind, MASKS):
        line = renderer.line(event(kind, program, tags="+a=b"), mask)
        tags = parse(line.rstrip(b"\r\n")).tags if line else {}
        assert tags.get("bot") == ("" if line and mask & MESSAGE_TAGS.bit else None)
    assert "bot" not in parse(renderer.line(event(), MESSAGE_TAGS.bit).rstrip(b"\r\n")).tags


@pytest.mark.parametrize("kind", [Kind.TAGS, Kind.TYPING])
def test_tags_alone_are_shown_to_those_who_know_tags(kind: Kind) -> None:
    renderer = Renderer("e")
    for mask in MASKS:
        assert bool(renderer.line(event(kind, text="", tags="+x"), mask)) == bool(mask & MESSAGE_TAGS.bit)


def test_only_what_is_recorded_has_a_message_id() -> None:
    with_id = {kind for kind in Kind if b"msgid=" in Renderer("e").line(event(kind), MESSAGE_TAGS.bit)}
    assert with_id == RECORDED


def test_the_authors_tags_come_first_even_where_there_are_no_others() -> None:
    renderer = Renderer("e")
    assert renderer.line(event(), 0, "label=x").startswith(b"@label=x :alice")
    assert renderer.line(event(), MESSAGE_TAGS.bit, "label=x").startswith(b"@label=x;msgid=e-7 :alice")


def test_the_time_is_rendered_anew_for_each_moment() -> None:
    renderer = Renderer("e")
    first, second = event(), event()
    second.time += 1
    for one, shown in ((first, b"123Z"), (second, b"124Z"), (first, b"123Z")):
        assert renderer.line(one, SERVER_TIME.bit).startswith(b"@time=2025-11-24T16:00:00." + shown)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", [Kind.MESSAGE, Kind.NOTICE])
def test_history_looks_like_the_live_line(kind: Kind, mask: int) -> None:
    renderer = Renderer("e")
    stored = StoredEvent(7, kind, TIME, 1, ALICE.mask, ALICE.account, "#tea", "a text", "+a=b")
    assert renderer.stored_line(stored, mask) == renderer.line(event(kind, tags="+a=b"), mask)
    assert renderer.stored_line(stored, mask, "batch=x") == renderer.line(event(kind, tags="+a=b"), mask, "batch=x")


@pytest.mark.parametrize("kind", [kind for kind in Kind if "a text" in BODIES[kind]])
def test_a_text_of_the_longest_size_fills_the_line(kind: Kind) -> None:
    one = event(kind)
    one.text = "x" * text_bytes(kind, ALICE.mask, "#tea")
    assert len(Renderer("e").line(one, 0)) == LINE_BYTES


def test_where_nothing_fits_there_is_room_for_nothing() -> None:
    assert text_bytes(Kind.TOPIC, "n" * 600, "#tea") == 0


def test_a_join_that_is_too_long_for_the_account_stays_a_plain_one() -> None:
    source = Source("n" * 120, "u" * 30, "host", account="a" * 120, account_id=1, realname="r" * 100)
    joined = Event(Kind.JOIN, TIME, source, 1, "#" + "t" * 200, sequence=7)
    plain = Renderer("e").line(joined, 0)
    line = Renderer("e").line(joined, EXTENDED_JOIN.bit)
    assert len(line) <= LINE_BYTES
    assert line.startswith(plain.removesuffix(b"\r\n") + b" " + b"a" * 120 + b" :r")
    longer = replace(joined, target="#" + "t" * 300)
    assert Renderer("e").line(longer, EXTENDED_JOIN.bit) == Renderer("e").line(longer, 0)
