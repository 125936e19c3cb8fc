"""The chain of the record of acts: whatever is altered, swapped, taken out or put in, the first such row is named."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.domain.audit import (
    LONGEST_TEXT,
    Act,
    AuditRecord,
    Deed,
    Flaw,
    Head,
    Origin,
    Verification,
    chained,
    digest,
    name_of,
    parse_head,
    start,
)

ORIGIN = "k3f9a"
texts = st.text(max_size=20)
deeds = st.builds(
    Deed, st.sampled_from(Act), st.integers(0, 2**40), st.sampled_from(Origin), texts, texts, texts, texts, texts
)
records = st.lists(deeds, min_size=1, max_size=8).map(lambda some: chain(*some))


def chain(*some: Deed, origin: str = ORIGIN) -> list[AuditRecord]:
    head, made = start(origin), []
    for deed in some:
        made.append(chained(deed, head, head.number + 1))
        head = head_of(made)
    return made


def head_of(made: list[AuditRecord]) -> Head:
    return Head(made[-1].number, made[-1].hash) if made else start(ORIGIN)


def flaw_of(found: list[AuditRecord], stored: Head | None, kept: Head | None = None) -> Flaw | None:
    verification = Verification(ORIGIN, kept)
    for record in found:
        verification.follow([record])
    return verification.finish(stored)


def number_of(flaw: Flaw | None) -> int | None:
    return None if flaw is None else flaw.number


def kick(target: str) -> Deed:
    return Deed(Act.ROOM_KICK, 1, Origin.IRC, "anna", target, "#tea")


@given(records)
def test_what_nobody_touched_is_in_order(made: list[AuditRecord]) -> None:
    assert flaw_of(made, head_of(made)) is None
    for one in made:
        assert flaw_of(made, head_of(made), Head(one.number, one.hash)) is None
    assert flaw_of([], start(ORIGIN)) is None


@given(records, st.data())
def test_a_row_that_was_altered_is_named(made: list[AuditRecord], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(made) - 1))
    name = data.draw(st.sampled_from([one.name for one in fields(AuditRecord) if one.name != "number"]))
    before = getattr(made[index], name)
    value: Any = data.draw(st.integers() if name == "time" else texts)
    changed = [*made]
    changed[index] = replace(made[index], **{name: value})
    assert number_of(flaw_of(changed, head_of(made))) == (None if value == before else index + 1)


@given(records, st.data())
def test_a_row_that_was_altered_and_hashed_again_is_named_by_the_next_one_or_the_head(
    made: list[AuditRecord], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(made) - 1))
    altered = replace(made[index], actor=made[index].actor + "x")
    changed = [*made]
    changed[index] = replace(altered, hash=digest(altered))
    assert number_of(flaw_of(changed, head_of(made))) == index + 1


@given(records, st.data())
def test_rows_that_are_missing_are_named(made: list[AuditRecord], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(made) - 1))
    count = data.draw(st.integers(1, len(made) - first))
    flaw = flaw_of(made[:first] + made[first + count :], head_of(made))
    assert flaw == Flaw(first + 1, "is missing")


@given(st.lists(deeds, min_size=2, max_size=8, unique=True), st.data())
def test_rows_that_changed_places_are_named(some: list[Deed], data: st.DataObject) -> None:
    made = chain(*some)
    first = data.draw(st.integers(0, len(made) - 2))
    second = data.draw(st.integers(first + 1, len(made) - 1))
    changed = [*made]
    changed[first] = replace(made[second], number=made[first].number)
    changed[second] = replace(made[first], number=made[second].number)
    assert number_of(flaw_of(changed, head_of(made))) == first + 1


@given(records, deeds, st.data())
def test_a_row_that_was_put_in_is_named(made: list[AuditRecord], deed: Deed, data: st.DataObject) -> None:
    """With a hash that fits to the row before: then the row after it gives it away, or the head, if it is the last."""
    index = data.draw(st.integers(0, len(made)))
    forged = chained(deed, head_of(made[:index]), index + 1)
    moved = [replace(one, number=one.number + 1) for one in made[index:]]
    flaw = flaw_of([*made[:index], forged, *moved], head_of(made))
    assert number_of(flaw) in ({index + 1, index + 2} if moved else {index + 1})


@given(records, records)
def test_a_record_that_was_written_anew_is_told_by_a_head_that_was_kept(
    made: list[AuditRecord], other: list[AuditRecord]
) -> None:
    """The database alone cannot tell: that is what a head is kept elsewhere for."""
    assert flaw_of(other, head_of(other)) is None
    kept = head_of(made)
    flaw = flaw_of(other, head_of(other), kept)
    if len(other) < len(made):
        assert flaw == Flaw(len(other) + 1, "is missing: the hash that was kept is of a later one")
    elif other[: len(made)] != made:
        assert number_of(flaw) == kept.number


def test_what_is_wrong_is_said() -> None:
    made = chain(kick("bob"), kick("carol"), kick("dave"))
    assert flaw_of(made[:2], head_of(made)) == Flaw(3, "is missing")
    assert flaw_of(made, head_of(made[:2])) == Flaw(3, "was added by somebody else than the server")
    assert flaw_of(made, Head(3, "0" * 64)) == Flaw(3, "was altered")
    beyond = flaw_of(made, None)
    assert beyond is not None
    assert beyond.problem.startswith("cannot be checked to be the last one")
    elsewhere = chain(kick("bob"), origin="other")
    assert flaw_of(elsewhere, head_of(elsewhere)) == Flaw(1, "does not follow the beginning of this record")
    assert flaw_of([], Head(0, "0" * 64)) == Flaw(1, "does not follow the beginning of this record")
    assert flaw_of(made, head_of(made), Head(0, "0" * 64)) is not None


def test_fields_cannot_flow_into_each_other() -> None:
    first = chained(kick("bob"), start(ORIGIN), 1)
    assert digest(replace(first, target="bo", room="b#tea")) != first.hash
    assert digest(replace(first, target="3:bob,", room="")) != digest(replace(first, target="", room="3:bob,"))


def test_a_known_hash() -> None:
    """It never changes: every database there is holds such hashes."""
    first = chained(kick("bob"), start(ORIGIN), 1)
    assert first.previous == "f795a15ca2a1df6d9819fa1a4ce685cf14b94209c875d12e823c70e00aa0e66a"
    assert first.hash == "d94f70deb0e778c0a9bd67edec11c9bcfc0bd423a109553ecda8722a1f4065a1"


def test_heads_are_read_as_they_are_written() -> None:
    head = Head(17, "ab" * 32)
    assert parse_head(str(head)) == head
    for wrong in ("", "17", "17:", f"x:{'ab' * 32}", f"17:{'AB' * 32}", f"17:{'ab' * 32}\n", f"-1:{'ab' * 32}"):
        with pytest.raises(ValueError, match="not the head of a record"):
            parse_head(wrong)


def test_texts_are_bounded() -> None:
    deed = Deed(Act.ROOM_KICK, 1, Origin.IRC, "anna", reason="x" * (LONGEST_TEXT + 1))
    assert len(deed.reason) == LONGEST_TEXT
    assert deed.reason.endswith("x…")
    assert Deed(Act.ROOM_KICK, 1, Origin.IRC, "anna", reason="x" * LONGEST_TEXT).reason == "x" * LONGEST_TEXT


def test_a_guest_is_not_taken_for_an_account() -> None:
    assert (name_of("anna", "annie"), name_of("", "annie")) == ("anna", "annie (guest)")


def test_the_words_that_are_stored_are_all_different() -> None:
    assert len({act.word for act in Act}) == len(Act)
    assert all(act.meaning.endswith(".") for act in Act)
