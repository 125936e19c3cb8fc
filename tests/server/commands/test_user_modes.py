"""MODE of a nick: the modes of users, and the section "bot mode"."""

import pytest

from tests.server.harness import Harness, Person, code_of

SERVER = ":chat.test"
ANNA = ":anna!anna@securechat"


def modes(one: Person) -> str:
    """The modes that a user is told to have."""
    (line,) = one.answers(f"MODE {one.session.shown_nick}")
    assert code_of(line) == "221"
    return line.split()[-1]


def lusers(one: Person) -> dict[str, str]:
    return {code_of(line): line for line in one.answers("LUSERS")}


@pytest.mark.parametrize("asked", ["", " +i", " +", " -B", " :", " +o", " -o", " +i-i+i", " -+-+"])
def test_modes_are_told_when_nothing_changes(harness: Harness, asked: str) -> None:
    assert harness.person("anna").answers(f"MODE ANNA{asked}") == [f"{SERVER} 221 anna +i"]


def test_modes_are_told_after_the_welcome(harness: Harness) -> None:
    one = harness.connection()
    one.sends("NICK anna", "USER anna 0 * :Anna")
    assert one.received()[-2:] == [f"{SERVER} 422 anna :MOTD File is missing", f"{SERVER} 221 anna +i"]


def test_modes_change_together_and_the_last_word_counts(harness: Harness) -> None:
    anna = harness.person("anna")
    assert anna.answers("MODE anna -i+B") == [f"{ANNA} MODE anna +B-i"]
    assert modes(anna) == "+B"
    assert anna.answers("MODE anna i-B+B-B") == [f"{ANNA} MODE anna +i-B"]
    assert modes(anna) == "+i"


def test_what_is_known_is_done_although_something_is_not(harness: Harness) -> None:
    anna = harness.person("anna", "labeled-response batch")
    assert anna.answers("MODE anna -xiy") == [
        f"{ANNA} MODE anna -i",
        f"{SERVER} 501 anna :There is no such mode of users, or MODE cannot set it",
    ]
    assert anna.answers("MODE anna -x") == [f"{SERVER} 501 anna :There is no such mode of users, or MODE cannot set it"]
    assert anna.answers("@label=1 MODE anna +i") == [f"@label=1 {ANNA} MODE anna +i"]
    assert anna.answers("@label=2 MODE anna +i") == [f"@label=2 {SERVER} 221 anna +i"]


def test_modes_of_nicks_that_do_not_exist_or_belong_to_others(harness: Harness) -> None:
    anna, bob = harness.person("anna"), harness.person("bob")
    for asked in ("", " +B"):
        assert anna.answers(f"MODE bob{asked}") == [f"{SERVER} 502 anna :You can see and change your own modes only"]
        assert anna.answers(f"MODE nobody{asked}") == [f"{SERVER} 401 anna nobody :No such nick/channel"]
    assert bob.received() == []


def test_all_sessions_of_an_account_have_the_same_modes_and_hear_of_changes(harness: Harness) -> None:
    harness.account("carol")
    first, second = (harness.person("carol", password="correct horse") for _ in range(2))
    told = [":carol!carol@securechat MODE carol +B"]
    assert first.answers("MODE carol +B") == told
    assert second.received() == told
    assert modes(second) == "+Bi"
    first.vanishes()
    second.vanishes()
    assert modes(harness.person("carol", password="correct horse")) == "+i"


def test_nobody_else_hears_of_a_change(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    anna.sends("MODE anna -i+B")
    assert bob.received() == []


def test_who_is_not_invisible_is_found_and_seen_in_rooms_that_may_be_seen(harness: Harness) -> None:
    eve, bob = harness.person("eve"), harness.person("bob")
    eve.sends("JOIN #open", "JOIN #secret", "MODE #secret +s")
    assert bob.answers("WHO ev*") == [f"{SERVER} 315 bob ev* :End of /WHO list"]
    assert "319" not in [code_of(line) for line in bob.answers("WHOIS eve")]
    eve.sends("MODE eve -i")
    assert bob.answers("WHO ev*")[0] == f"{SERVER} 352 bob #open eve securechat chat.test eve H@ :0 Eve"
    assert f"{SERVER} 319 bob eve :@#open" in bob.answers("WHOIS eve")
    eve.sends("MODE eve +i")
    assert bob.answers("WHO ev*") == [f"{SERVER} 315 bob ev* :End of /WHO list"]


def test_lusers_counts_the_invisible_and_the_operators(harness: Harness) -> None:
    harness.account("root", administrator=True)
    anna = harness.person("anna")
    assert lusers(anna)["251"] == f"{SERVER} 251 anna :There are 0 users and 1 invisible on 1 servers"
    root = harness.person("root", password="correct horse")
    anna.sends("MODE anna -i")
    anna.received()
    counts = lusers(anna)
    assert counts["251"] == f"{SERVER} 251 anna :There are 1 users and 1 invisible on 1 servers"
    assert counts["252"] == f"{SERVER} 252 anna 1 :operator(s) online"
    root.sends("MODE root -o")
    assert lusers(anna)["252"] == f"{SERVER} 252 anna 0 :operator(s) online"
    root.vanishes()
    assert lusers(anna)["251"] == f"{SERVER} 251 anna :There are 1 users and 0 invisible on 1 servers"


def test_an_administrator_is_an_operator_from_login_on_until_they_resign(harness: Harness) -> None:
    harness.account("root", administrator=True)
    root = harness.connection()
    root.sends("CAP LS", "NICK root", "USER root 0 * :Root", "CAP REQ :sasl", "AUTHENTICATE PLAIN")
    root.sends("AUTHENTICATE AHJvb3QAY29ycmVjdCBob3JzZQ==", "CAP END")
    assert f"{SERVER} 221 root +io" in root.received()
    harness.members_of("#tea", "anna")
    root.sends("JOIN #tea")
    root.received()
    assert code_of(root.answers("MODE #tea +m")[0]) == "MODE"
    assert root.answers("MODE root -o") == [":root!root@securechat MODE root -o"]
    assert root.answers("MODE #tea -m") == [f"{SERVER} 482 root #tea :You're not channel operator"]
    assert "313" not in [code_of(line) for line in root.answers("WHOIS root")]
    assert root.answers("MODE root +o") == [f"{SERVER} 221 root +i"]
    assert code_of(harness.person("root", password="correct horse").answers("MODE #tea -m")[0]) == "482"


def test_who_makes_an_administrators_account_is_an_operator_at_once(harness: Harness) -> None:
    harness.invite("token", administrator=True)
    anna = harness.connection()
    anna.sends("CAP LS", "PASS token", "NICK anna", "USER anna 0 * :Anna", "REGISTER anna * :correct horse", "CAP END")
    anna.received()
    assert modes(anna) == "+io"


# bot mode


def test_bot_mode_a_program_is_marked_in_whois_and_who(harness: Harness) -> None:
    robot, anna = harness.members_of("#tea", "robot", "anna")
    assert "335" not in [code_of(line) for line in anna.answers("WHOIS robot")]
    robot.sends("MODE robot +B")
    assert f"{SERVER} 335 anna robot :is a program" in anna.answers("WHOIS robot")
    assert anna.answers("WHO robot")[0] == f"{SERVER} 352 anna #tea robot securechat chat.test robot H@B :0 Robot"
    assert anna.answers("WHO robot %nf")[0] == f"{SERVER} 354 anna robot :H@B"
    robot.sends("MODE robot -B", "AWAY :off")
    assert anna.answers("WHO robot %nf")[0] == f"{SERVER} 354 anna robot :G@"


def test_bot_mode_messages_are_tagged_for_those_who_know_tags(harness: Harness) -> None:
    robot, anna = harness.members_of("#tea", "robot", "anna", capabilities="message-tags echo-message")
    (plain,) = harness.members_of("#tea", "plain", capabilities="server-time")
    robot.sends("MODE robot +B")
    for one in (robot, anna, plain):
        one.received()
    for line in ("PRIVMSG #tea :beep", "NOTICE anna :beep", "TOPIC #tea :beep", "NICK robo", "PRIVMSG anna :beep"):
        robot.sends(f"@+x=y {line}")
        for one in (robot, anna):
            (shown,) = one.received()
            assert "bot" in shown.partition(" ")[0].removeprefix("@").split(";"), shown
        assert all("bot" not in shown.partition(" ")[0] for shown in plain.received())
    anna.sends("PRIVMSG #tea :not me")
    assert "bot" not in anna.received()[0].partition(" ")[0]


def test_bot_mode_history_keeps_the_tag(harness: Harness) -> None:
    robot, anna = harness.members_of("#tea", "robot", "anna", capabilities="message-tags batch draft/chathistory")
    robot.sends("PRIVMSG #tea :before", "MODE robot +B", "PRIVMSG #tea :beep", "@+x=y PRIVMSG #tea :boop")
    shown = anna.received()
    page = [line for line in anna.answers("CHATHISTORY LATEST #tea * 10") if " PRIVMSG " in line]
    assert [line.removeprefix("@batch=h;") for line in page] == [line.removeprefix("@") for line in shown]
    assert [";bot" in line for line in page] == [False, True, True]
