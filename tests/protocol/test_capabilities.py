"""The table of capabilities, and what CAP says of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.protocol import capabilities
from securechat.protocol.capabilities import (
    ACCOUNT_REGISTRATION,
    ACCOUNT_TAG,
    ALL_MASK,
    BATCH,
    CAP_NOTIFY,
    CAPABILITIES,
    LABELED_RESPONSE,
    MESSAGE_TAGS,
    RENDER_MASK,
    SASL,
    SERVER_TIME,
    STS,
    Capability,
    by_name,
    list_lines,
    ls_lines,
    names_of,
    parse_request,
)
from securechat.server.sessions import THREAD_SHIFT


def test_the_table_holds_every_constant_once_with_a_bit_of_its_own() -> None:
    constants = [value for value in vars(capabilities).values() if isinstance(value, Capability)]
    assert all(each.bit.bit_count() == 1 for each in constants)
    assert len({each.bit for each in constants}) == len(constants) == len(CAPABILITIES)
    assert 1 << THREAD_SHIFT > RENDER_MASK
    assert set(constants) == set(CAPABILITIES)
    assert len(by_name) == len(CAPABILITIES)
    assert sum(each.bit for each in CAPABILITIES) == ALL_MASK


def test_the_capabilities_of_the_first_release() -> None:
    assert set(by_name) >= {
        "sasl", "message-tags", "server-time", "account-tag", "echo-message", "batch", "labeled-response",
        "draft/chathistory", "draft/account-registration", "standard-replies", "cap-notify",
    }  # fmt: skip


@pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda capability: capability.name)
def test_every_row(capability: Capability) -> None:
    assert by_name[capability.name] is capability
    assert capability.spec.startswith("https://ircv3.net/specs/extensions/")
    assert capability.summary
    assert not capability.summary.endswith(".")
    assert capability not in capability.requires
    assert " " not in capability.name
    assert not capability.name.startswith("-")
    if capability is STS:
        assert parse_request("sts") is None  # clients must not request it
    else:
        assert parse_request(capability.name) == (capability.bit, 0)
        assert parse_request(f"-{capability.name}") == (0, capability.bit)


def test_labeled_response_needs_batch() -> None:
    assert LABELED_RESPONSE.requires == (BATCH,)


def test_the_render_mask_is_the_tags_of_a_relayed_line_and_how_joins_and_long_messages_look() -> None:
    assert names_of(RENDER_MASK) == ["message-tags", "server-time", "account-tag", "extended-join", "draft/multiline"]
    others = by_name["extended-join"].bit | by_name["draft/multiline"].bit
    assert MESSAGE_TAGS.bit | SERVER_TIME.bit | ACCOUNT_TAG.bit | others == RENDER_MASK


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("", (0, 0)),
        ("  ", (0, 0)),
        ("sasl", (SASL.bit, 0)),
        ("sasl  batch ", (SASL.bit | BATCH.bit, 0)),
        ("sasl -batch", (SASL.bit, BATCH.bit)),
        ("sasl -sasl", (0, SASL.bit)),
        ("-sasl sasl", (SASL.bit, 0)),
        ("labeled-response", (LABELED_RESPONSE.bit, 0)),  # without batch: the order must not matter
        ("sasl nonsense", None),
        ("-nonsense", None),
        ("sasl=PLAIN", None),
        ("--sasl", None),
        ("-", None),
        ("SASL", None),  # names are case-sensitive
        ("sasl\tbatch", None),
    ],
)
def test_request(request_text: str, expected: tuple[int, int] | None) -> None:
    assert parse_request(request_text) == expected


def test_what_is_not_offered_cannot_be_requested() -> None:
    offered = ALL_MASK & ~ACCOUNT_REGISTRATION.bit
    assert parse_request("batch draft/account-registration", offered) is None
    assert parse_request("-draft/account-registration", offered) is None
    assert parse_request("batch", offered) == (BATCH.bit, 0)


@given(st.text() | st.lists(st.sampled_from([*by_name, "-", "x", *(f"-{name}" for name in by_name)])).map(" ".join))
def test_any_request_is_whole_or_nothing(text: str) -> None:
    masks = parse_request(text)
    if masks is not None:
        add, remove = masks
        assert add & remove == 0
        assert (add | remove) & ~ALL_MASK == 0
        assert set(names_of(add | remove)) == {word.removeprefix("-") for word in text.split(" ") if word}


class TestLs:
    def test_version_302_gets_values(self) -> None:
        lines = ls_lines({"sasl": "PLAIN,SCRAM-SHA-256", "batch": None}, version_302=True)
        words = " ".join(lines).split()
        assert words[0] == "sasl=PLAIN,SCRAM-SHA-256"
        assert [word.partition("=")[0] for word in words] == names_of(ALL_MASK)
        assert " ".join(words).count("=") == 1

    def test_version_301_gets_names_in_one_line(self) -> None:
        (line,) = ls_lines({"sasl": "x" * 600}, version_302=False, most=2000)
        assert sorted(line.split(" ")) == sorted(names_of(ALL_MASK))

    def test_version_301_gets_no_more_than_fits_and_drafts_last(self) -> None:
        (line,) = ls_lines({}, version_302=False, most=300)
        assert 250 < len(line) <= 300
        assert [word for word in line.split(" ") if not word.startswith("draft/")] == [
            name for name in names_of(ALL_MASK) if not name.startswith("draft/")
        ]

    def test_only_what_is_offered(self) -> None:
        assert ls_lines({"sasl": "PLAIN"}, True, BATCH.bit | CAP_NOTIFY.bit) == ["batch cap-notify"]

    def test_nothing_offered_is_one_empty_list(self) -> None:
        assert ls_lines({}, True, 0) == [""]
        assert ls_lines({}, False, 0) == [""]

    def test_long_lists_are_split_between_words(self) -> None:
        values: dict[str, str | None] = dict.fromkeys(by_name, "v" * 90)
        lines = ls_lines(values, version_302=True)
        assert len(lines) > 2
        assert all(0 < len(line.encode()) <= 400 for line in lines)
        assert " ".join(lines).split() == [f"{name}={'v' * 90}" for name in names_of(ALL_MASK)]

    @given(st.dictionaries(st.sampled_from(sorted(by_name)), st.none() | st.text("abя,=", max_size=150)))
    def test_any_values_are_all_there_within_the_limit(self, values: dict[str, str | None]) -> None:
        lines = ls_lines(values, version_302=True)
        assert all(len(line.encode()) <= 400 for line in lines)
        expected = [f"{name}={value}" if (value := values.get(name)) else name for name in names_of(ALL_MASK)]
        assert " ".join(lines).split(" ") == expected


def test_list() -> None:
    assert list_lines(0, True) == [""]
    assert list_lines(SASL.bit | BATCH.bit, True) == ["sasl batch"]
    assert list_lines(SASL.bit | BATCH.bit, False) == ["sasl batch"]
