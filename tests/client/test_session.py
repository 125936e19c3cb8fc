"""The session: login to ready, rooms, messages, requests, and what happens to each when the link is lost."""

import pytest

from securechat.client.conversations import latest
from securechat.client.errors import CannotConnect, ClientError, NotDelivered, RoomRefused
from securechat.client.events import Connected, Disconnected, Gap, Joined, Kind, Left, Message, ServerText, TopicChanged
from securechat.client.login import Identity
from securechat.client.outbox import MOST_PENDING, WINDOW, Delivery
from securechat.client.requests import Request
from securechat.links import NO_INVITE
from securechat.protocol.line_buffer import TOO_LONG
from tests.client.harness import Harness, label_of, said


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.logs_in("#tea")
    harness.heard()
    return harness


def test_ready_comes_behind_the_rooms_of_the_account() -> None:
    harness = Harness()
    harness.logs_in("#tea")
    joined, connected = harness.heard()
    assert isinstance(joined, Joined)
    assert (joined.room, joined.own) == ("#tea", True)
    assert connected == Connected("anna")
    assert harness.session.ready


def test_a_ping_is_answered_at_once_even_before_login() -> None:
    harness = Harness()
    harness.session.opened()
    harness.sent()
    harness.gets("PING :abc")
    assert harness.sent() == ["PONG abc"]


def test_who_comes_goes_and_speaks(harness: Harness) -> None:
    harness.gets(
        "@time=2026-11-22T08:00:01.500Z;account=bob :bob!b@h JOIN #tea",
        "@msgid=e-1;time=2026-11-22T08:00:02.000Z;account=bob :bob!b@h PRIVMSG #tea :привет",
        ":bob!b@h PRIVMSG #tea :\x01ACTION waves\x01",
        ":bob!b@h NOTICE anna :psst",
        ":bob!b@h TOPIC #tea :green",
        ":bob!b@h QUIT :bye",
        ":s NOTICE anna :going down",
    )
    joined, message, action, notice, topic, left, text = harness.heard()
    assert isinstance(joined, Joined)
    assert (joined.nick, joined.account, joined.own) == ("bob", "bob", False)
    assert isinstance(message, Message)
    assert (message.room, message.sender, message.text, message.id) == ("#tea", "bob", "привет", "e-1")
    assert message.time.isoformat() == "2026-11-22T08:00:02+00:00"
    assert isinstance(action, Message)
    assert (action.kind, action.text) == (Kind.ACTION, "waves")
    assert isinstance(notice, Message)
    assert (notice.kind, notice.room, notice.direct) == (Kind.NOTICE, "bob", True)
    assert isinstance(topic, TopicChanged)
    assert topic.topic == "green"
    assert isinstance(left, Left)
    assert (left.quit, left.reason) == (True, "bye")
    assert text == ServerText("going down")


def test_lines_that_cannot_be_read_change_nothing(harness: Harness) -> None:
    harness.session.receive(b":bob!b@h PRIVMSG #tea :\xff")
    harness.session.receive(TOO_LONG)
    harness.gets(":bob!b@h PRIVMSG", "JOIN", ":x!y@z JOIN", ":s 353 anna", ":bob!b@h PRIVMSG #tea :\x01VERSION\x01")
    assert harness.heard() == []


def test_a_message_is_confirmed_by_its_labeled_echo(harness: Harness) -> None:
    delivery = harness.says("#tea", "hello")
    (line,) = harness.sent()
    assert line.endswith("PRIVMSG #tea hello")
    assert not delivery.done
    harness.answers(line, said(1, "hello", sender="anna"))
    assert delivery.wait(0) == "e-1"
    (message,) = harness.heard()
    assert isinstance(message, Message)
    assert message.own


def test_an_echo_beside_an_away_reply_comes_in_a_batch_and_confirms_too(harness: Harness) -> None:
    delivery = harness.says("bob", "hello")
    (line,) = harness.sent()
    harness.answers(line, said(1, "hello", target="bob", sender="anna"), ":s 301 anna bob :out for tea")
    assert delivery.wait(0) == "e-1"
    assert harness.texts() == ["hello"]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (":s 404 anna #tea :Cannot send", RoomRefused, "404"),
        (":s 401 anna bob :No such nick", RoomRefused, "401"),
        (":s FAIL PRIVMSG MESSAGE_NOT_STORED #tea :The disk is full", NotDelivered, None),
        (":s FAIL PRIVMSG ODD #tea :Something \x1b[31modd", RoomRefused, "ODD"),
    ],
)
def test_a_refused_message_fails_with_the_reason(
    harness: Harness, answer: str, error: type[ClientError], code: str | None
) -> None:
    delivery = harness.says("#tea", "hello")
    harness.answers(harness.sent()[0], answer)
    with pytest.raises(error) as caught:
        delivery.wait(0)
    assert "\x1b" not in str(caught.value)
    assert getattr(caught.value, "code", None) == code


def test_only_a_window_of_messages_is_on_its_way(harness: Harness) -> None:
    deliveries = [harness.says("#tea", str(number)) for number in range(WINDOW + 2)]
    lines = harness.sent()
    assert len(lines) == WINDOW
    harness.answers(lines[0], said(1, "0", sender="anna"))
    (following,) = harness.sent()
    assert following.endswith(f" {WINDOW}")
    assert deliveries[0].done


def test_too_many_waiting_messages_are_refused() -> None:
    harness = Harness()
    for number in range(MOST_PENDING):
        harness.says("#tea", str(number))
    with pytest.raises(NotDelivered) as caught:
        harness.says("#tea", "one more")
    assert caught.value.certain


def test_an_abandoned_message_is_not_sent() -> None:
    harness = Harness()
    delivery = harness.says("#tea", "too late")
    harness.session.abandon(delivery)
    harness.logs_in("#tea")
    assert harness.sent() == []


def test_joining_is_answered_and_an_unknown_room_refused(harness: Harness) -> None:
    results: list[object] = []
    harness.session.join("#ops", None, lambda: results.append("in"), results.append)
    (line,) = harness.sent()
    harness.joins("#ops", "bob", label=label_of(line))
    harness.session.join("#ops", None, lambda: results.append("again"), results.append)
    harness.session.join("#no", None, lambda: results.append("in"), results.append)
    harness.answers(harness.sent()[0], ":s 403 anna #no :No such channel")
    assert results[:2] == ["in", "again"]
    assert isinstance(results[2], RoomRefused)
    assert sorted(harness.session.roster.rooms["#ops"].members) == ["anna", "bob"]


def test_a_room_that_has_another_name_by_now_is_entered_under_that(harness: Harness) -> None:
    """What was to be shown of it comes under that name, too."""
    results: list[object] = []
    harness.joins("#new", "bob")
    harness.sent()
    harness.session.join("#old", latest(5), lambda: results.append("in"), results.append)
    line = next(line for line in harness.sent() if " JOIN #old" in line)
    harness.answers(line, ":s 470 anna #old #new :The room has another name now")
    assert results == ["in"]
    assert harness.session.entered_as("#old") == "#new"
    assert [line.split()[1:4] for line in harness.sent()] == [["CHATHISTORY", "LATEST", "#new"]]


def test_requests_without_an_answer_are_sent_again_over_a_new_link(harness: Harness) -> None:
    answers: list[int] = []
    failures: list[ClientError] = []
    harness.session.ask(Request("LIST", [], lambda lines: answers.append(len(lines)), failures.append))
    harness.session.ask(Request("RAW", [], lambda lines: None, failures.append, again=False))
    harness.sent()
    harness.session.lost("cut")
    assert harness.heard() == [Disconnected("cut")]
    assert [type(failure) for failure in failures] == [CannotConnect]
    harness.logs_in("#tea")
    line = next(line for line in harness.sent() if line.endswith(" LIST"))
    harness.answers(line, ":s 322 anna #tea 2 :x", ":s 323 anna :End")
    assert answers == [2]


def test_the_end_is_told_to_everybody_who_waits(harness: Harness) -> None:
    failures: list[ClientError] = []
    harness.session.ask(Request("LIST", [], lambda lines: None, failures.append))
    delivery = harness.says("#tea", "hello")
    harness.session.end(CannotConnect("over"))
    assert [str(failure) for failure in failures] == ["over"]
    with pytest.raises(NotDelivered, match="over"):
        delivery.wait(0)


def test_a_room_closed_after_a_new_link_is_left(harness: Harness) -> None:
    harness.session.lost("cut")
    harness.logs_in()
    line = next(line for line in harness.sent() if "JOIN" in line)
    harness.heard()
    harness.answers(line, ":s 473 anna #tea :Invite only")
    (left,) = harness.heard()
    assert isinstance(left, Left)
    assert left.own


def test_a_room_deleted_while_there_was_no_link_is_left_and_not_made_anew(harness: Harness) -> None:
    harness.session.lost("cut")
    harness.logs_in()
    line = next(line for line in harness.sent() if "JOIN" in line)
    assert line.endswith(f"JOIN #tea {NO_INVITE}")
    harness.heard()
    harness.answers(line, ":s FAIL JOIN INVITE_UNKNOWN #tea :This invite does not open a room of that name")
    (left,) = harness.heard()
    assert isinstance(left, Left)
    assert (left.own, left.reason) == (True, "There is no room #tea that you may enter.")


def test_a_new_account_logs_in_by_password_over_the_next_link() -> None:
    harness = Harness(Identity("anna", "secret99", register=True, token="tok"))
    harness.session.opened()
    harness.gets(
        ":s CAP * LS :" + " ".join(["sasl=SCRAM-SHA-256", "draft/account-registration=before-connect", *_needed()])
    )
    request = harness.sent()[-1]
    harness.gets(f":s CAP * ACK :{request.partition(' :')[2]}")
    assert harness.sent() == ["PASS tok", "NICK anna", "USER anna 0 * anna", "REGISTER * * secret99"]
    harness.gets(":s REGISTER SUCCESS anna :Done", ":s 900 anna a!b@c anna :You are in")
    assert harness.session.identity == Identity("anna", "secret99")
    assert "secret99" not in repr(harness.session.identity)


def _needed() -> list[str]:
    from securechat.client.login import NEEDED

    return list(NEEDED)


def test_unreadable_batches_end_the_link_and_not_the_program(harness: Harness) -> None:
    from securechat.errors import ProtocolError

    lines = [f":s BATCH +x{number} netjoin" for number in range(100)]
    with pytest.raises(ProtocolError):
        harness.gets(*lines)


def test_a_gap_that_nobody_can_fill_is_told(harness: Harness) -> None:
    harness.gets(said(1, "one"))
    harness.session.lost("cut")
    harness.logs_in("#tea")
    pages = [line for line in harness.sent() if "AFTER" in line]
    harness.heard()
    harness.answers(pages[0], ":s FAIL CHATHISTORY INVALID_MSGREFTYPE AFTER #tea :no")
    (second,) = [line for line in harness.sent() if "AFTER" in line]
    assert "timestamp=" in second
    harness.answers(second, ":s FAIL CHATHISTORY MESSAGE_ERROR AFTER #tea :no")
    assert harness.heard() == [Gap("#tea")]


def test_a_delivery_that_is_not_confirmed_in_time_fails(harness: Harness) -> None:
    dropped: list[Delivery] = []
    delivery = Delivery("#tea", "x", dropped.append)
    with pytest.raises(NotDelivered):
        delivery.wait(0.001)
    assert dropped == [delivery]
