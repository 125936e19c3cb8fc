"""Who is kept out or silenced: the words for until when, by whom and why."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from securechat.client.commands import execute
from securechat.client.errors import UsageError
from securechat.client.events import Left, Message, ModeChanged
from securechat.client.mode_words import mode_words
from securechat.client.moments import local_time, moment_in, worded
from securechat.client.output import Formatter, sentence
from tests.client.harness import Harness
from tests.client.test_moderating import NOW, FakeDesk

UNTIL = datetime(2030, 11, 30, 3, 5, 30, tzinfo=UTC)
SAID = "2030-11-30 03:05:30 UTC"


def told(line: str, *answer: bytes) -> list[str]:
    desk = FakeDesk()
    desk.client.answer = list(answer)
    execute(desk, line)  # type: ignore[arg-type]
    return desk.notes


@pytest.mark.parametrize(
    ("line", "answer", "words"),
    [
        (
            "/ban carl 7d spam",
            b"NOTE BAN BANNED #tea a:carl :Until %s",
            f"carl is kept out until {local_time(UNTIL)}: spam",
        ),
        ("/ban carl", b"NOTE BAN BANNED #tea carl!*@* :Until it is taken back", "carl is kept out for good."),
        ("/mute carl 1h", b"NOTE MUTE MUTED #tea m:a:carl :Until %s", f"carl only reads, until {local_time(UNTIL)}."),
        ("/unban carl", b"NOTE UNBAN UNBANNED #tea a:carl :x", "carl may come back."),
        ("/unmute carl", b"NOTE UNMUTE UNMUTED #tea m:a:carl :x", "carl may speak again."),
        ("/unban carl", b"ACK", "carl may come back."),
    ],
)
def test_what_was_done_is_said_with_its_end(line: str, answer: bytes, words: str) -> None:
    assert told(line, b":s " + answer.replace(b"%s", SAID.encode())) == [words]


@pytest.mark.parametrize("time", ["1w", "3x", "10", "10м", "2hours", "15min"])
@pytest.mark.parametrize("command", ["ban", "mute"])
def test_a_time_that_is_none_does_not_become_the_reason_of_a_ban_for_good(command: str, time: str) -> None:
    desk = FakeDesk()
    with pytest.raises(UsageError, match=f"^{time} is no time: write it as 30s, 10m, 2h or 7d"):
        execute(desk, f"/{command} carl {time} spam")  # type: ignore[arg-type]
    assert desk.client.asked == []


def test_a_reason_may_begin_with_a_number() -> None:
    assert told("/ban carl 2nd warning", b":s NOTE BAN BANNED #tea a:carl :Until it is taken back") == [
        "carl is kept out for good: 2nd warning"
    ]


def test_that_some_are_still_there_is_said() -> None:
    left = b":s NOTE BAN NOT_ALL_PUT_OUT #tea 3 :3 of those who are banned are still in the room: put them out by KICK"
    notes = told("/ban 192.0.2.*", b":s NOTE BAN BANNED #tea *!*@192.0.2.* :Until it is taken back", left)
    assert notes[1].startswith("3 of those who are banned are still in the room")


def test_a_list_tells_until_when_by_whom_and_since_when() -> None:
    row = f":s NOTE BAN BANNED #tea a:carl :Until {SAID}".encode()
    silent = b":s NOTE MUTE MUTED #tea m:a:dora :Until it is taken back"
    listed = b":s 367 anna #tea a:carl bob\x1b!b@h 1700000000"
    since = local_time(datetime.fromtimestamp(1_700_000_000, UTC))
    notes = told("/ban", row, silent, listed)
    assert notes == [
        f"carl is kept out until {local_time(UNTIL)} (by bob, since {since}).",
        "/unban NAME lets somebody come back.",
    ]
    assert told("/mute", silent) == [
        "dora only reads, until that is taken back.",
        "/unmute NAME lets somebody speak again.",
    ]
    assert told("/ban") == ["Nobody is kept out of this room."]
    assert told("/mute") == ["Nobody is silenced here."]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (f"Banned until {SAID}: spam", f"carl was put out by anna and is kept out until {local_time(UNTIL)}: spam"),
        ("Banned: spam", "carl was put out by anna and is kept out for good: spam"),
        ("Banned", "carl was put out by anna and is kept out for good."),
        ("too loud", "carl was put out by anna: too loud"),
        ("Banned until tomorrow", "carl was put out by anna: Banned until tomorrow"),
        ("", "carl was put out by anna."),
    ],
)
def test_who_is_put_out_is_told_with_until_when_and_why(reason: str, words: str) -> None:
    assert sentence(Left("#tea", "carl", NOW, reason=reason, by="anna")) == words
    own = sentence(Left("#tea", "carl", NOW, reason=reason, by="anna", own=True))
    ending = words.removeprefix("carl was put out by anna").replace(" and is kept out", " and keeps you out")
    assert own == f"anna has put you out of #tea{ending}"


def test_a_mask_is_shown_as_a_name() -> None:
    for mask in ("a:carl", "carl!*@*"):
        assert mode_words(ModeChanged("#tea", "anna", "+b", mask, NOW)) == "anna keeps carl out of the room"
        assert mode_words(ModeChanged("#tea", "anna", "+b", f"m:{mask}", NOW)) == "anna lets carl only read"


def test_moments_are_found_and_nonsense_is_left_alone() -> None:
    assert moment_in(f"Until {SAID}") == UNTIL
    assert moment_in("Until 2030-02-31 03:05:30 UTC") is None
    assert worded(f"It ends {SAID}, they say", ()) == f"It ends {local_time(UNTIL)}, they say"
    assert worded("Until 2030-02-31 03:05:30 UTC", ()) == "Until 2030-02-31 03:05:30 UTC"


@pytest.fixture(params=["Asia/Vladivostok", "America/Vancouver"])
def _far_from_utc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
@pytest.mark.parametrize("moment", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
def test_a_moment_that_is_none_in_local_time_breaks_nothing(moment: str) -> None:
    """Whoever puts somebody out chooses the words; the year 10000 must end nobody's client."""
    event = Left("#tea", "carl", NOW, reason=f"Banned until {moment} UTC: spam", by="anna")
    assert sentence(event) == "carl was put out by anna and is kept out for good: spam"
    harness = Harness()
    harness.logs_in("#tea")
    harness.gets(f"@time={moment.replace(' ', 'T')}.000Z;msgid=e-1 :bob!b@h PRIVMSG #tea :hello")
    harness.gets(f":s MARKREAD #tea timestamp={moment.replace(' ', 'T')}.000Z")
    *_before, message = harness.heard()
    assert isinstance(message, Message)
    assert Formatter().message(message).endswith("#tea bob: hello")
