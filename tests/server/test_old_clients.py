"""Clients that know no capability lose nothing: what they would miss reaches them as lines that anybody can read."""

from pathlib import Path

from tests.server.harness import Harness, Person, running

PASSWORD = "correct horse"
MODERN = "message-tags batch draft/multiline draft/message-redaction echo-message"
ANNA = ":anna!anna@securechat"


def people(harness: Harness) -> tuple[Person, Person]:
    """A modern client and an old one, both by accounts, in a room that the modern one owns."""
    for name in ("anna", "olga"):
        harness.account(name, PASSWORD)
    anna = harness.person("anna", MODERN, password=PASSWORD)
    olga = harness.person("olga", password=PASSWORD)
    for one in (anna, olga):
        one.sends("JOIN #tea")
    for one in (anna, olga):
        one.received()
    return anna, olga


def several_lines(anna: Person, *lines: str) -> str:
    """Say a message of several lines; return its id."""
    anna.sends("BATCH +1 draft/multiline #tea", *(f"@batch=1 PRIVMSG #tea :{line}" for line in lines), "BATCH -1")
    return anna.received()[0].partition("msgid=")[2].partition(" ")[0].partition(";")[0]


def test_what_happens_meanwhile_is_readable_without_any_tag(harness: Harness) -> None:
    anna, olga = people(harness)
    message = several_lines(anna, "one", "", "two")
    assert olga.received() == [f"{ANNA} PRIVMSG #tea :one", f"{ANNA} PRIVMSG #tea :two"]
    anna.sends(f"REDACT #tea {message} :wrong room")
    (told,) = olga.received()
    assert told.startswith(":chat.test NOTICE #tea :anna deleted a message of ")
    assert told.endswith(": wrong room")
    anna.sends("@+typing=active TAGMSG #tea")
    assert olga.received() == []  # nobody is misled by not knowing that somebody writes
    anna.sends("KICK #tea olga :too loud")
    assert olga.received() == [f"{ANNA} KICK #tea olga :too loud"]


def test_a_login_shows_lines_and_nothing_that_was_taken_away(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        anna, olga = people(harness)
        olga.sends("QUIT")
        anna.received()
        several_lines(anna, "one", "two")
        gone = several_lines(anna, "secret", "mistake")
        anna.sends(f"REDACT #tea {gone}", "@+typing=active TAGMSG #tea", "PRIVMSG olga :only for you")
        again = harness.connection()
        again.sends("CAP REQ :sasl", "NICK olga", "USER olga 0 * :x", "AUTHENTICATE PLAIN")
        again.sends("AUTHENTICATE AG9sZ2EAY29ycmVjdCBob3JzZQ==", "CAP END")
        lines = again.received()
    assert not any(line.startswith("@") for line in lines)
    said = [line.partition(" PRIVMSG ")[2] for line in lines if " PRIVMSG " in line]
    assert [text.rpartition("Z] ")[2].rpartition(" :")[2] for text in said] == ["one", "two", "only for you"]
    assert not [line for line in lines if "secret" in line or "mistake" in line or " TAGMSG #" in line]
