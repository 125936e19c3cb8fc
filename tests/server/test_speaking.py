"""Who may not speak in a room and why: lock-down, mutes, slow mode."""

from tests.server.harness import Harness, Person, code_of

SERVER = ":chat.test"


def test_a_locked_room(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")
    anna.sends("MODE #tea +v bob", "MODE #tea +L")
    anna.received()
    assert anna.answers("MODE #tea")[0] == f"{SERVER} 324 anna #tea +Ln"
    bob.received()
    refusal = "The room is locked for now: only those who look after it may speak"
    assert bob.answers("PRIVMSG #tea :hm") == [f"{SERVER} 404 bob #tea :{refusal}"]
    assert bob.answers("NOTICE #tea :hm") == []
    assert bob.answers("TOPIC #tea :hm") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    assert eve.answers("JOIN #tea") == [f"{SERVER} 437 eve #tea :The room is locked for now; try again later"]
    anna.sends("INVITE eve #tea", "PRIVMSG #tea :all quiet", "MODE #tea -L")
    assert "PRIVMSG" in [code_of(line) for line in bob.received()]
    assert "366" in [code_of(line) for line in eve.answers("JOIN #tea")]
    assert [code_of(line) for line in bob.answers("PRIVMSG #tea :at last")] == ["JOIN"]


def test_who_could_not_come_in_anyway_is_not_told_that_a_room_is_locked(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    eve = harness.person("eve")
    anna.sends("MODE #tea +i")
    before = eve.answers("JOIN #tea")
    anna.sends("MODE #tea +L")
    assert eve.answers("JOIN #tea") == before
    anna.sends("INVITE eve #tea")
    eve.received()
    assert code_of(eve.answers("JOIN #tea")[0]) == "437"


def test_a_member_comes_back_into_a_locked_room(harness: Harness) -> None:
    harness.account("carol")
    (anna,) = harness.members_of("#tea", "anna")
    carol = harness.person("carol", "sasl", password="correct horse")
    carol.sends("JOIN #tea")
    anna.sends("MODE #tea +L")
    carol.vanishes()
    again = harness.person("carol", "sasl", password="correct horse")
    assert [user.nick for user in harness.hub.rooms["#tea"].members] == ["anna", "carol"]
    assert code_of(again.answers("PRIVMSG #tea :hm")[0]) == "404"


def test_an_administrator_enters_a_locked_room(harness: Harness) -> None:
    harness.account("root", administrator=True)
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("MODE #tea +L")
    root = harness.person("root", password="correct horse")
    assert code_of(root.answers("JOIN #tea")[0]) == "JOIN"
    assert root.answers("PRIVMSG #tea :hello") == []
    records = harness.database.read(lambda unit: unit.audit.page(0, 9))
    assert [(one.act, one.detail) for one in records] == [("room rule", "+L"), ("room enter", "")]


def slowed(harness: Harness) -> tuple[Person, Person, Person]:
    anna = harness.connection("192.0.2.1")
    bob = harness.connection("192.0.2.2")
    carol = harness.connection("192.0.2.3")
    for one, nick in ((anna, "anna"), (bob, "bob"), (carol, "carol")):
        one.sends(f"NICK {nick}", f"USER {nick} 0 * :x", "JOIN #tea")
    anna.sends("MODE #tea +f 30")
    for one in (anna, bob, carol):
        one.received()
    return anna, bob, carol


def test_slow_mode(harness: Harness) -> None:
    anna, bob, carol = slowed(harness)
    assert anna.answers("MODE #tea")[0] == f"{SERVER} 324 anna #tea +nf 30"
    assert bob.answers("PRIVMSG #tea :one") == []
    harness.now += 12.5
    sentence = "One message every 30 seconds in this room; try again in 18 seconds"
    assert bob.answers("PRIVMSG #tea :two") == [f"{SERVER} FAIL PRIVMSG RATE_LIMITED #tea 18 :{sentence}"]
    assert bob.answers("NOTICE #tea :two") == []
    assert carol.answers("NOTICE #tea :mine") == [":bob!bob@securechat PRIVMSG #tea :one"]
    assert bob.answers("PRIVMSG carol :aside") == [":carol!carol@securechat NOTICE #tea :mine"]
    harness.now += 17.5
    assert bob.answers("PRIVMSG #tea :two") == []
    assert [line.partition(" :")[2] for line in anna.received()] == ["one", "mine", "two"]
    assert anna.answers("PRIVMSG #tea :a") == anna.answers("PRIVMSG #tea :b") == []
    anna.sends("MODE #tea +v bob")
    bob.received()
    assert bob.answers("PRIVMSG #tea :three") == []
    anna.sends("MODE #tea -v+f bob 60")
    bob.received()
    assert bob.answers("PRIVMSG #tea :four") == []  # another pace begins anew
    assert code_of(bob.answers("PRIVMSG #tea :five")[0]) == "FAIL"
    anna.sends("MODE #tea -f")
    bob.received()
    assert bob.answers("PRIVMSG #tea :five") == []


def test_slow_mode_counts_an_account_once_and_a_new_nick_does_not_help(harness: Harness) -> None:
    anna, bob, _ = slowed(harness)
    assert bob.answers("PRIVMSG #tea :one") == []
    bob.sends("NICK rob")
    bob.received()
    assert code_of(bob.answers("PRIVMSG #tea :two")[0]) == "FAIL"
    harness.account("dora")
    first, second = (harness.person("dora", password="correct horse") for _ in range(2))
    first.sends("JOIN #tea")
    assert second.answers("PRIVMSG #tea :one")[-1:] != []
    assert code_of(first.answers("PRIVMSG #tea :two")[-1]) == "FAIL"
    assert anna.session.user is not None


def test_slow_mode_does_not_hold_back_typing_and_reactions(harness: Harness) -> None:
    _, bob, _ = slowed(harness)
    bob.sends("CAP REQ :message-tags")
    bob.received()
    bob.sends("PRIVMSG #tea :one")
    assert bob.answers("@+typing=active TAGMSG #tea") == []
    assert bob.answers("@+draft/react=x TAGMSG #tea") == []


def test_a_repeat_is_answered_as_the_message_was(harness: Harness) -> None:
    """A client that lost its link sends again what it has not seen stored."""
    harness.account("dora")
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("MODE #tea +f 30")
    wanted = "message-tags echo-message labeled-response batch"
    dora = harness.person("dora", wanted, password="correct horse")
    dora.sends("JOIN #tea")
    dora.received()
    line = "@+securechat/id=77 PRIVMSG #tea :once"
    assert [code_of(one) for one in dora.answers(line)] == ["PRIVMSG"]
    assert [code_of(one) for one in dora.answers(line)] == ["PRIVMSG"]
    assert [code_of(one) for one in dora.answers("@+securechat/id=78 PRIVMSG #tea :once")] == ["FAIL"]


def test_a_text_of_several_lines_counts_once(harness: Harness) -> None:
    _, bob, _ = slowed(harness)
    bob.sends("CAP REQ :batch draft/multiline message-tags")
    bob.received()
    whole = ("BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #tea :a", "@batch=1 PRIVMSG #tea :b", "BATCH -1")
    bob.sends(*whole)
    assert bob.received() == []
    bob.sends(*whole)
    assert [code_of(line) for line in bob.received()] == ["FAIL"]


def test_the_seconds_of_slow_mode(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    for seconds in ("0", "x", "21601", "-1"):
        refusal = "A number from 1 to 21600 is needed"
        assert anna.answers(f"MODE #tea +f {seconds}") == [f"{SERVER} 696 anna #tea f {seconds} :{refusal}"]
    assert anna.answers("MODE #tea +f 21600") == [":anna!anna@securechat MODE #tea +f 21600"]


def test_why_somebody_may_not_speak(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")

    def refusal(who: Person, text: str = "hm") -> str:
        return who.answers(f"PRIVMSG #tea :{text}")[-1].partition(" :")[2]

    assert refusal(eve) == "Cannot send to channel"
    anna.sends("MODE #tea +C")
    assert refusal(bob, "\x01VERSION\x01") == "Programs cannot be asked anything in this room (CTCP)"
    anna.sends("MODE #tea +m")
    assert refusal(bob) == "Only those with a voice may speak in this room"
    anna.sends("MODE #tea +b m:bob")
    assert refusal(bob) == "You are muted in this room"
    anna.sends("MODE #tea +L")
    assert refusal(bob) == "The room is locked for now: only those who look after it may speak"
    assert refusal(eve) == "Cannot send to channel"
