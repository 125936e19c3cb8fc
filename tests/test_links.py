"""Links: what is written is read back; what is no link is refused with a sentence that helps and betrays nothing."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.errors import InvalidName
from securechat.links import DEFAULT_PORT, Link, format_link, is_link, parse_link
from securechat.names import check_room_name, room_to_wire

CA = "0123456789abcdef" * 4
TOKEN = "Zx9_-token"

GOOD = [
    ("securechat://chat.lan", Link("chat.lan")),
    ("securechat://chat.lan/", Link("chat.lan")),
    ("securechat://chat.lan:7000", Link("chat.lan", 7000)),
    ("securechat://chat.lan:/general", Link("chat.lan", DEFAULT_PORT, "general")),
    ("SecureChat://chat.lan/general", Link("chat.lan", room="general")),
    ("  securechat://chat.lan/general\n", Link("chat.lan", room="general")),
    (f"securechat://192.0.2.7:6697/ops?invite={TOKEN}&ca={CA}", Link("192.0.2.7", 6697, "ops", TOKEN, CA)),
    (f"securechat://192.0.2.7:6697/ops?ca={CA}&invite={TOKEN}", Link("192.0.2.7", 6697, "ops", TOKEN, CA)),
    (f"securechat://chat.lan?ca={CA}", Link("chat.lan", ca=CA)),
    ("securechat://[2001:db8::7]:6698/ops", Link("2001:db8::7", 6698, "ops")),
    ("securechat://[::1]", Link("::1")),
    ("securechat://[fe80::1%25eth0]/ops", Link("fe80::1%eth0", room="ops")),
    ("securechat://[fe80::1%eth0]/ops", Link("fe80::1%eth0", room="ops")),
    ("securechat://chat.lan/%D1%87%D0%B0%D0%B9", Link("chat.lan", room="чай")),
    ("securechat://chat.lan/чай", Link("chat.lan", room="чай")),
    ("securechat://chat.lan/%23general", Link("chat.lan", room="#general")),
    (f"securechat://chat.lan/?ca={':'.join(re.findall('..', CA.upper()))}", Link("chat.lan", ca=CA)),
    (f"securechat://chat.lan/?ca={CA}&later=1", Link("chat.lan", ca=CA)),
]


@pytest.mark.parametrize(("text", "link"), GOOD)
def test_a_good_link_is_read(text: str, link: Link) -> None:
    assert is_link(text)
    assert parse_link(text) == link


def test_the_form_that_the_server_prints() -> None:
    link = Link("2001:db8::7", 6697, "general", TOKEN, CA)
    assert format_link(link) == f"securechat://[2001:db8::7]:6697/general?invite={TOKEN}&ca={CA}"
    assert format_link(Link("chat.lan", room="a b/c?d#e&f%")).endswith("/a%20b%2Fc%3Fd%23e%26f%25")
    assert format_link(Link("chat.lan", ca=CA)) == f"securechat://chat.lan:6697/?ca={CA}"
    assert format_link(Link("chat.lan")) == "securechat://chat.lan:6697"


BAD = [
    ("", "a link looks like"),
    ("chat.lan:6697", "a link looks like"),
    ("https://chat.lan/general", "a link looks like"),
    ("securechat:chat.lan", "a link looks like"),
    ("securechat:///general", "names no host"),
    ("securechat://:6697", "names no host"),
    ("securechat://::1/general", "names no host"),
    ("securechat://2001:db8::1/general", "brackets"),
    ("securechat://[::1", "IPv6"),
    ("securechat://[::1]6697", "IPv6"),
    ("securechat://[chat.lan]:6697", "not an IPv6 address"),
    ("securechat://[::1::2]", "not an IPv6 address"),
    ("securechat://[fe80::1%25]/x", "zone"),
    ("securechat://[fe80::1%25et$h]/x", "zone"),
    ("securechat://300.1.1.1", "neither a name nor an IPv4 address"),
    ("securechat://127.1", "neither a name nor an IPv4 address"),
    ("securechat://chat..lan", "not a host's name"),
    ("securechat://-oProxyCommand=x", "not a host's name"),
    ("securechat://--ca", "not a host's name"),
    ("securechat://chat.lan\\@evil.example", "@"),
    ("securechat://alice:secret@chat.lan", "@"),
    ("securechat://chat%2elan", "not a host's name"),
    (f"securechat://{'a' * 64}.lan", "not a host's name"),
    (f"securechat://{'a.' * 130}lan", "not a host's name"),
    ("securechat://chat.lan:0", "port"),
    ("securechat://chat.lan:65536", "port"),
    ("securechat://chat.lan:+66", "port"),
    ("securechat://chat.lan:６６９７", "port"),
    ("securechat://chat.lan:" + "9" * 1000, "port"),
    ("securechat://chat.lan/a%2Cb", "the room in the link"),
    ("securechat://chat.lan/a%20b", "the room in the link"),
    ("securechat://chat.lan/a%0D%0AQUIT", "the room in the link"),
    ("securechat://chat.lan/" + "a" * 500, "the room in the link"),
    ("securechat://chat.lan/%", "a % in the link"),
    ("securechat://chat.lan/%zz", "a % in the link"),
    ("securechat://chat.lan/%ff", "a % in the link"),
    ("securechat://chat.lan/x?ca=%ff", "a % in the link"),
    ("securechat://chat.lan/x?invite", "behind the ?"),
    (f"securechat://chat.lan/x?ca={CA}&", "behind the ?"),
    ("securechat://chat.lan/x?invite=", "invite"),
    ("securechat://chat.lan/x?invite=a+b", "invite"),
    ("securechat://chat.lan/x?invite=a%0D%0AJOIN%20%23x", "invite"),
    (f"securechat://chat.lan/x?invite={'a' * 129}", "invite"),
    ("securechat://chat.lan/x?ca=", "fingerprint"),
    (f"securechat://chat.lan/x?ca={CA[:-1]}", "fingerprint"),
    (f"securechat://chat.lan/x?ca={CA}0", "fingerprint"),
    (f"securechat://chat.lan/x?ca={CA[:-1]}g", "fingerprint"),
    (f"securechat://chat.lan/x?ca={CA}&ca={'f' * 64}", "twice"),
    ("securechat://chat.lan/x?invite=a&invite=b", "twice"),
    ("securechat://chat.lan/ge\tneral", "control character"),
    ("securechat://chat.lan/ge\nneral", "control character"),
    ("securechat://chat.lan\0/general", "control character"),
    ("securechat://chat.lan/\u202elareneg", "control character"),
    ("securechat://chat.lan/x" + "y" * 3000, "longer"),
]


@pytest.mark.parametrize(("text", "hint"), BAD)
def test_a_bad_link_is_refused_with_a_reason(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)) as caught:
        parse_link(text)
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert len(sentence) < 300


def test_an_empty_query_is_no_query() -> None:
    assert parse_link("securechat://chat.lan/x?") == Link("chat.lan", room="x")


@pytest.mark.parametrize(
    "text",
    [
        "securechat://chat.lan/x?invite=Secret-Token!&ca=" + CA,
        "securechat://chat.lan/x?invite=Secret-Token&ca=short",
        "securechat://chat.lan/x?invite=Secret-Token&invite=Secret-Token",
        "securechat://chat.lan/a%20b?invite=Secret-Token",
        "securechat://chat.lan:x/?invite=Secret-Token",
        "securechat://chat lan/?invite=Secret-Token",
    ],
)
def test_an_error_never_tells_the_token(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_link(text)
    assert "Secret" not in str(caught.value)


def test_the_repr_hides_the_token() -> None:
    link = Link("chat.lan", 6697, "general", TOKEN, CA)
    assert TOKEN not in repr(link)
    assert TOKEN not in f"{link}"


def test_what_is_meant_to_be_a_link() -> None:
    assert is_link("securechat://")
    assert is_link(" SECURECHAT:oops")
    assert not is_link("securechat.example:6697")
    assert not is_link("chat.lan")


def outcome(text: str) -> Link | ValueError:
    """What comes of reading a link; any other error than ValueError ends the test."""
    try:
        return parse_link(text)
    except ValueError as error:
        return error


def is_room(name: str) -> bool:
    try:
        check_room_name(room_to_wire(name), longest=400)  # the server has the last word, not the link
    except InvalidName:
        return False
    return True


label = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?", fullmatch=True)
names = st.lists(label, min_size=1, max_size=4).map(".".join).filter(lambda name: not name.split(".")[-1].isdigit())
hosts = st.one_of(names, st.ip_addresses().map(str), st.just("fe80::1%eth0"))
rooms = st.one_of(st.just(""), st.text(st.characters(codec="utf-8"), max_size=40).filter(is_room))
tokens = st.text(string.ascii_letters + string.digits + "-_", max_size=40)
fingerprints = st.one_of(st.just(""), st.binary(min_size=32, max_size=32).map(bytes.hex))


@given(st.builds(Link, hosts, st.integers(1, 65535), rooms, tokens, fingerprints))
def test_what_is_written_is_read_back(link: Link) -> None:
    text = format_link(link)
    assert parse_link(text) == link
    assert text.isascii()
    # It stands in single quotes on a command line, where only these would end it.
    assert "'" not in text
    assert text.isprintable()


pieces = st.sampled_from(
    ["securechat://", "chat.lan", "[", "]", ":", "/", "?", "&", "=", "%", "#", "@", "ca", "invite", CA]
)


@given(st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=12).map("".join))
def test_no_other_error_than_value_error_and_what_is_accepted_is_sound(text: str) -> None:
    link = outcome(f"securechat://{text}")
    if isinstance(link, ValueError):
        assert type(link) is ValueError  # a sentence, not the raw error of a codec
        assert str(link).isprintable()
        return
    assert 0 < link.port < 65536
    assert link.host
    assert link.host[0] != "-"
    assert link.ca == "" or re.fullmatch("[0-9a-f]{64}", link.ca)
    assert re.fullmatch("[A-Za-z0-9_-]*", link.invite)
    assert not link.room or is_room(link.room)
    assert parse_link(format_link(link)) == link


@given(st.binary(max_size=40))
def test_broken_utf8_behind_percent_signs_is_told_in_words(data: bytes) -> None:
    escaped = "".join(f"%{byte:02x}" for byte in data)
    link = outcome(f"securechat://chat.lan/{escaped}")
    if isinstance(link, ValueError):
        assert type(link) is ValueError
        return
    assert link.room.encode() == data
