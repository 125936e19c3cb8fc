"""What somebody may do only so often, and that administrators are not locked out by others of their address."""

from pathlib import Path

from securechat.server.admission import Admission
from securechat.server.limits import Limited, Limits
from securechat.server.throttle import Budget, Budgets
from tests.server.harness import Harness, Person, code_of, running

SERVER = ":chat.test"


def present(harness: Harness, nick: str, address: str) -> Person:
    """Somebody from elsewhere."""
    one = harness.connection(address)
    one.sends(f"NICK {nick}", f"USER {nick} 0 * :x")
    one.received()
    return one


def test_every_row_is_a_setting(harness: Harness) -> None:
    settings = harness.hub.configuration.limits
    assert all(isinstance(getattr(settings, one.setting), int) for one in Limited)
    limits = Limits(settings)
    limits.count(Limited.ROOMS, "x", 0)
    assert limits.wait(Limited.ROOMS, "x", 0) == 0  # 0 is no limit


def test_so_many_rooms_an_hour(tmp_path: Path) -> None:
    with running(tmp_path, limits__rooms_per_hour=2) as harness:
        anna, bob = present(harness, "anna", "192.0.2.1"), present(harness, "bob", "192.0.2.2")
        anna.sends("JOIN #one", "JOIN #two")
        anna.received()
        harness.now += 10.5
        text = "Too many new rooms; try again in 3590 seconds"
        assert anna.answers("JOIN #three") == [f"{SERVER} FAIL JOIN RATE_LIMITED #three 3590 :{text}"]
        assert harness.hub.find_room("#three") is None
        anna.sends("NICK anne")
        anna.received()
        assert code_of(anna.answers("JOIN #three")[0]) == "FAIL"  # another nick does not help
        bob.sends("JOIN #three")
        assert code_of(anna.answers("JOIN #three")[0]) == "JOIN"  # what is there may be joined
        harness.now += 3590
        assert code_of(anna.answers("JOIN #four")[0]) == "JOIN"


def test_rooms_are_counted_for_an_account_over_all_of_its_sessions(tmp_path: Path) -> None:
    with running(tmp_path, limits__rooms_per_hour=2) as harness:
        harness.account("dora")
        first, second = (harness.person("dora", password="correct horse") for _ in range(2))
        first.sends("JOIN #one")
        second.sends("JOIN #two")
        second.received()
        assert code_of(second.answers("JOIN #three")[-1]) == "FAIL"
        guest = harness.person("guest")  # of the same address, and none of that account
        assert code_of(guest.answers("JOIN #three")[0]) == "JOIN"


def test_so_many_invitations_and_kicks_a_minute(tmp_path: Path) -> None:
    with running(tmp_path, limits__invitations_per_minute=1, limits__kicks_per_minute=1) as harness:
        anna, *_ = harness.members_of("#tea", "anna", "bob", "carol")
        for nick in ("eve", "fay"):
            harness.person(nick)
        assert code_of(anna.answers("INVITE eve #tea")[0]) == "341"
        text = "Too many invitations into rooms; try again in 60 seconds"
        assert anna.answers("INVITE fay #tea") == [f"{SERVER} FAIL INVITE RATE_LIMITED fay #tea 60 :{text}"]
        text = "Too many people put out of rooms; try again in 60 seconds"
        assert anna.answers("KICK #tea bob,carol")[1:] == [f"{SERVER} FAIL KICK RATE_LIMITED #tea carol 60 :{text}"]
        harness.now += 60
        assert code_of(anna.answers("KICK #tea carol")[0]) == "KICK"


def test_who_says_much_is_slowed_over_all_sessions_and_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path, limits__messages_per_minute=60) as harness:
        harness.account("dora")
        first, second = (harness.person("dora", password="correct horse") for _ in range(2))
        bob = harness.person("bob")
        bob.sends("JOIN #tea")
        first.sends("JOIN #tea")
        bob.received()
        for number in range(12):
            (first, second)[number % 2].sends(f"PRIVMSG #tea :{number}")
        second.sends("PRIVMSG #tea :12", "PING x")
        first.sends("PING y")
        assert "y" in first.received()[-1]  # what says nothing goes on
        assert not any("PONG" in line for line in second.received())
        assert [line.rpartition(":")[2] for line in bob.received()] == [str(number) for number in range(12)]
        assert second.session.backlog is not None
        harness.now += 1
        with harness.hub.lock:
            assert harness.dispatcher.run_backlog(second.session, harness.now) == 0
        harness.settle()
        assert [line.rpartition(":")[2] for line in bob.received()] == ["12"]
        assert "x" in second.received()[-1]
        for one in (first, second):
            one.vanishes()
        again = harness.person("dora", password="correct horse")
        again.sends("PRIVMSG #tea :13")
        assert again.session.backlog is not None  # coming back does not help


def test_a_text_of_several_lines_costs_one_message(tmp_path: Path) -> None:
    with running(tmp_path, limits__messages_per_minute=60) as harness:
        (bob,) = harness.members_of("#tea", "bob", capabilities="batch draft/multiline message-tags")
        before = harness.hub.limits.speech.of("192.0.2.1", harness.now)
        for number in range(5):
            bob.sends(f"BATCH +{number} draft/multiline #tea")
            bob.sends(*(f"@batch={number} PRIVMSG #tea :a" for _ in range(5)), f"BATCH -{number}")
        assert before.seconds_short(harness.now) == 0
        assert bob.session.backlog is None


def test_asking_costs_nothing() -> None:
    budget = Budget(2, 1, 0)
    assert budget.seconds_short(0) == budget.seconds_short(0) == budget.wait(0) == 0
    assert budget.seconds_short(0.25) == 0.25
    assert Budget(0, 1, 0).seconds_short(0) == 0


def test_budgets_are_bounded() -> None:
    budgets = Budgets(1, 1, most_keys=2)
    first = budgets.of("a", 0)
    assert budgets.of("a", 5) is first
    budgets.of("b", 0)
    budgets.of("c", 0)
    assert budgets.of("a", 0) is not first


def test_where_administrators_are_addresses_are_not_limited(tmp_path: Path) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=1) as harness:
        harness.account("root", administrator=True)
        trusted = harness.hub.trusted
        assert trusted.has("127.0.0.1")
        assert trusted.has("::1")
        assert not trusted.has("192.0.2.1")
        root = harness.person("root", password="correct horse")
        assert trusted.has("192.0.2.1")
        wrong = "AUTHENTICATE AGEAeA=="  # a with the password x
        for number in range(7):
            one = harness.connection()
            plain = ("AGEAeA==", "AGIAeA==", "AGMAeA==", "AGQAeA==", "AGUAeA==", "AGYAeA==", "AGcAeA==")[number]
            one.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}")
            assert [code_of(line) for line in one.received()][-1] == "904"
        one = harness.connection()
        one.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", wrong)
        assert any(" RATE_LIMITED " in line for line in one.received())  # that account's limit holds
        root.vanishes()
        assert not trusted.has("192.0.2.1")
        one = harness.connection()
        one.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGgAeA==")
        assert any(" RATE_LIMITED " in line for line in one.received())


def test_an_administrator_who_logs_in_late_is_known(harness: Harness) -> None:
    harness.account("root", administrator=True)
    guest = harness.person("guest")
    assert not harness.hub.trusted.has("192.0.2.1")
    guest.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AHJvb3QAY29ycmVjdCBob3JzZQ==")
    assert any(" 903 " in line for line in guest.received())
    assert harness.hub.trusted.has("192.0.2.1")


def test_who_is_trusted_is_admitted_and_counted() -> None:
    admission = Admission(most_at_once=1, most_in_ten_minutes=1)
    assert admission.admit("a", 0, trusted=True) == admission.admit("a", 0, trusted=True) == ""
    assert admission.admit("a", 0) != ""
    for _ in range(3):
        admission.released("a")
    assert admission.admit("a", 0) == ""
