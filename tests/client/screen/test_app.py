"""The full-screen client with keys pressed by a program; what the server says is put in by hand."""

import pytest

from securechat.client.buffer import EntryKind, Status
from securechat.client.errors import LoginRefused
from securechat.client.events import (
    Connected,
    Disconnected,
    Ended,
    Joined,
    ReadUpTo,
    RoomRenamed,
    ServerText,
    TopicChanged,
)
from securechat.client.screen.dialogs import Help, Question
from tests.client.screen.driver import Driver, run
from tests.client.screen.fake_client import START, FakeClient, said


def test_what_is_said_is_shown_and_read() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "good morning"))
        assert "anna: good morning" in driver.screen
        await driver.until(lambda: driver.client.marked)

    app = run(script)
    assert app.chat.active.unread == 0


def test_a_line_of_ones_own_is_pending_until_it_is_on_disk() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("hi there")
        await driver.press("enter")
        assert driver.typed == ""
        assert driver.texts()[-1] == "hi there"
        assert driver.app.chat.active.pending[0].status is Status.PENDING
        driver.client.store(driver.client.queued[0], 1)
        await driver.until(lambda: not driver.app.chat.active.pending)
        assert driver.texts().count("hi there") == 1

    run(script)


def test_what_is_typed_while_a_room_opens_goes_along() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("hi")
        driver.app.go("#general")
        await driver.type(" all")
        assert driver.typed == "hi all"
        driver.app.go("")
        assert driver.typed == ""
        driver.app.go("#general")
        assert driver.typed == "hi all"

    run(script, rooms=())


def test_of_several_rooms_one_begins_in_the_first() -> None:
    async def script(driver: Driver) -> None:
        await driver.until(lambda: ("join", "#ops", "100") in driver.client.asked)
        await driver.until(lambda: driver.app.chat.find("#ops") is not None)
        await driver.until(lambda: driver.app.chat.active.name == "#general")
        assert [buffer.name for buffer in driver.app.chat if buffer.name] == ["#general", "#ops"]

    run(script, rooms=("#general", "#ops"))


def test_what_is_said_before_a_room_is_open_stays_in_the_line() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("hi")
        await driver.press("enter")
        assert "You are in no room: /join ROOM first." in driver.texts()
        assert driver.typed == "hi"
        driver.app.go("#general")
        await driver.press("enter")
        assert [one.text for one in driver.client.queued] == ["hi"]

    run(script, rooms=())


def test_a_line_that_was_not_sent_is_sent_again_by_a_key() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("hi")
        await driver.press("enter")
        driver.client.refuse(driver.client.queued[0])
        await driver.until(lambda: list(driver.app.chat.failed()))
        await driver.pause(0.1)
        assert "not sent: The disk is full." in driver.screen
        assert "1 line not sent" in driver.screen
        await driver.press("alt+s")
        assert [one.text for one in driver.client.queued] == ["hi", "hi"]
        driver.client.refuse(driver.client.queued[1])
        await driver.until(lambda: list(driver.app.chat.failed()))
        await driver.press("alt+d")
        assert len(driver.app.chat.active.pending) == 0

    run(script)


def test_a_room_that_was_not_there_is_said_to_be_made() -> None:
    """The name may have been mistyped."""

    async def script(driver: Driver) -> None:
        driver.client.missing.add("#genral")
        await driver.type("/join genral")
        await driver.press("enter")
        await driver.until(lambda: "There was no room #genral; you have made it." in driver.screen)
        assert driver.app.chat.active.name == "#genral"

    run(script)


def test_a_line_that_was_not_sent_elsewhere_is_told_and_found_by_a_key() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("hi")
        await driver.press("enter")
        await driver.happens(said(1, room="#ops"))
        driver.app.go("#ops")
        driver.client.refuse(driver.client.queued[0])
        await driver.until(lambda: "1 line not sent in general: Alt+A" in driver.screen)
        assert "general ✗" in driver.screen
        await driver.type("exit")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Question))
        await driver.until(lambda: "1 line is not sent yet, and will be lost" in driver.screen)
        await driver.press("n")
        await driver.until(lambda: not isinstance(driver.app.screen, Question))
        await driver.press("alt+a")
        assert driver.app.chat.active.name == "#general"
        await driver.until(lambda: "1 line not sent: Alt+S sends it again, Alt+D drops it" in driver.screen)
        await driver.press("alt+d")
        await driver.until(lambda: "✗" not in driver.screen and "not sent" not in driver.screen)

    run(script)


def test_a_notice_that_was_not_sent_is_told() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("/notice ops on duty")
        await driver.press("enter")
        await driver.until(lambda: driver.client.queued)
        driver.client.refuse(driver.client.queued[0])
        await driver.until(lambda: "Not sent: on duty (The disk is full.)" in driver.texts())

    run(script)


def test_without_a_link_one_is_told_and_may_go_on_typing() -> None:
    async def script(driver: Driver) -> None:
        driver.client.next_attempt = 11.5
        await driver.happens(Disconnected("no route\x1b[2J"))
        assert "○ no link, next attempt in 12 s; what you write is kept" in driver.screen
        await driver.type("later")
        await driver.press("enter")
        assert driver.app.chat.active.pending
        await driver.pause(0.1)
        assert "1 line waits to be sent" in driver.screen
        driver.client.next_attempt = 0.0
        await driver.until(
            lambda: "◌ connecting; 1 line waits to be sent (chat.lan:6697: no route[2J)" in driver.screen
        )
        await driver.press("ctrl+q")
        await driver.until(lambda: isinstance(driver.app.screen, Question))
        await driver.press("n")
        driver.client.next_attempt = None
        await driver.happens(Connected("bob", again=True))
        assert "● bob" in driver.screen

    run(script)


def test_keys_that_come_quickly_are_taken_in_order() -> None:
    async def script(driver: Driver) -> None:
        for word in ("one", "two", "three"):
            await driver.type(word)
            await driver.press("enter")
        assert [one.text for one in driver.client.queued] == ["one", "two", "three"]
        await driver.press("b", "o", "tab", "x", "enter")
        assert driver.client.queued[-1].text == "bob: x"

    run(script)


def test_what_was_typed_before_comes_back() -> None:
    async def script(driver: Driver) -> None:
        for word in ("one", "two"):
            await driver.type(word)
            await driver.press("enter")
        await driver.type("thr")
        await driver.press("up", "up")
        assert driver.typed == "one"
        await driver.press("down", "down")
        assert driver.typed == "thr"

    run(script)


def test_several_lines_and_a_long_paste() -> None:
    async def script(driver: Driver) -> None:
        await driver.press("a", "ctrl+j", "b", "enter")
        assert [one.text for one in driver.client.queued] == ["a", "b"]
        driver.app._prompt.insert("1\n2\n3\n4\n5")
        driver.app._prompt._pasted = True
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Question))
        assert "5 messages" in driver.screen
        await driver.press("n")
        await driver.until(lambda: driver.typed == "1\n2\n3\n4\n5")
        assert len(driver.client.queued) == 2
        driver.app._prompt.clear_all()
        driver.app._prompt.insert("x" * 250)
        driver.app._prompt._pasted = True
        await driver.press("enter")
        await driver.until(lambda: "3 messages" in driver.screen)
        await driver.press("y")
        await driver.until(lambda: len(driver.client.queued) == 5)

    run(script)


def test_commands_run_and_unknown_ones_are_never_sent() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("/topic on call")
        await driver.press("enter")
        await driver.until(lambda: ("topic", "#general", "on call") in driver.client.asked)
        await driver.type("/topci x")
        await driver.press("enter")
        await driver.until(lambda: any("/topic" in text for text in driver.texts()))
        await driver.type("//slash")
        await driver.press("enter")
        assert [one.text for one in driver.client.queued] == ["/slash"]
        await driver.type("/me waves")
        await driver.press("enter")
        await driver.until(lambda: len(driver.client.queued) == 2)
        assert driver.app.chat.active.pending[-1].kind is EntryKind.ACTION

    run(script)


def test_going_from_room_to_room() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("half a li")
        await driver.happens(said(1, "bob?", room="anna"), said(2, room="#ops"))
        assert "@anna 1!" in driver.screen
        await driver.press("alt+a")
        assert driver.app.chat.active.name == "anna"
        assert driver.typed == ""
        await driver.press("alt+slash")
        assert driver.app.chat.active.name == "#general"
        assert driver.typed == "half a li"
        await driver.press("alt+0")
        assert driver.app.chat.active is driver.app.chat.home
        await driver.press("alt+1")
        assert driver.app.chat.active.name == "#general"
        await driver.press("alt+down")
        assert driver.app.chat.active.name == "anna"

    run(script)


def test_what_was_read_elsewhere_is_not_unread_here() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, room="#ops"), said(2, room="#ops"))
        assert driver.app.chat.buffer("#ops").unread == 2
        await driver.happens(ReadUpTo("#ops", said(2).time))
        assert driver.app.chat.buffer("#ops").unread == 0

    run(script)


def test_reading_older_lines_is_not_disturbed_and_more_are_fetched() -> None:
    client = FakeClient()
    client.old["#general"] = [said(number, f"line {number}", old=True) for number in range(300)]

    async def script(driver: Driver) -> None:
        await driver.until(lambda: "line 299" in driver.screen)
        await driver.press("pageup", "pageup")
        await driver.pause(0.05)
        before = [line[23:90] for line in driver.screen.splitlines()[1:28]]
        await driver.happens(*(said(300 + number, f"new {number}") for number in range(100)))
        assert [line[23:90] for line in driver.screen.splitlines()[1:28]] == before
        assert "100 new lines below" in driver.screen
        assert driver.app.chat.active.unread == 100
        for _page in range(40):
            await driver.press("pageup")
            await driver.pause(0.01)
        await driver.until(lambda: driver.app.chat.active.complete)
        await driver.press("pageup")
        await driver.pause(0.05)
        assert "line 0 " in driver.screen
        await driver.press("escape")
        await driver.pause(0.05)
        assert "new 99" in driver.screen
        assert driver.app.chat.active.unread == 0

    run(script, client=client)


def test_going_to_where_one_is_named_and_to_the_first_unread() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(*(said(number, "bob, look" if number == 5 else "x") for number in range(200)))
        await driver.press("alt+p")
        await driver.pause(0.05)
        assert "bob, look" in driver.screen
        await driver.press("escape")
        await driver.press("alt+0")
        await driver.happens(*(said(number, f"later {number}") for number in range(200, 300)))
        await driver.press("alt+1", "alt+u")
        await driver.pause(0.05)
        assert "unread" in driver.screen
        assert "later 200" in driver.screen

    run(script)


def test_help_and_palette_find_everything() -> None:
    async def script(driver: Driver) -> None:
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, Help))
        await driver.pause()
        assert "Ctrl+P" in driver.screen
        await driver.press("escape")
        await driver.until(lambda: not isinstance(driver.app.screen, Help))
        await driver.press("ctrl+p")
        await driver.until(lambda: len(driver.app.screen_stack) > 1)
        await driver.until(lambda: "a room, a person, a key or a command" in driver.screen)
        await driver.type("qxz")
        await driver.until(lambda: "Nothing is called so." in driver.screen)
        await driver.press(*["backspace"] * 3)
        await driver.type("change the topic")
        await driver.until(lambda: "change the topic of this room" in driver.screen)
        await driver.press("escape", "escape")
        await driver.until(lambda: len(driver.app.screen_stack) == 1)
        await driver.happens(said(1, room="#[/red]"))
        await driver.press("ctrl+p")
        await driver.until(lambda: "[/red]" in driver.screen)
        await driver.type("red")
        await driver.pause(0.2)
        assert "[/red]" in driver.screen
        await driver.press(*["backspace"] * 3)
        await driver.type("/topic")
        await driver.until(lambda: "/topic [TEXT]" in driver.screen)
        await driver.press("down", "enter")
        await driver.until(lambda: driver.typed.startswith("/topic"))

    run(script)


def test_narrow_screens_show_the_conversation_alone() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "a rather long line that has to be wrapped on so narrow a screen as this one is"))
        assert "a rather long line" in driver.screen
        assert "│" not in driver.screen

    run(script, size=(60, 15))


def test_without_the_list_of_rooms_the_status_line_tells_where_something_is_unread() -> None:
    async def script(driver: Driver) -> None:
        assert "Alt+A" not in driver.screen
        await driver.happens(said(1, room="#ops"), said(2, room="#ops"))
        assert "Alt+A: ops 2   ● bob" in driver.screen
        await driver.happens(said(3, "bob: look", room="#build"), said(4, room="#all"))
        assert "Alt+A: build 1! and 2 others   ● bob" in driver.screen
        await driver.happens(Disconnected("no route"))
        assert "│" not in driver.screen
        assert "○ no link" in driver.screen or "◌ connecting" in driver.screen
        await driver.happens(Connected("bob", again=True))
        await driver.resize(80, 24)
        assert "Alt+A" not in driver.screen
        assert "build 1!" in driver.screen

    run(script, size=(60, 15))


def test_another_size_of_the_terminal_is_heeded_at_once() -> None:
    async def script(driver: Driver) -> None:
        rooms, people = driver.app.query_one("#rooms"), driver.app.query_one("#people")
        assert (rooms.display, people.display) == (True, True)
        await driver.resize(80, 24)
        assert (rooms.display, people.display) == (True, False)
        await driver.resize(60, 15)
        assert (rooms.display, people.display) == (False, False)
        await driver.resize(110, 30)
        assert (rooms.display, people.display) == (True, True)

    run(script)


def test_a_refused_room_is_told_and_nothing_ends() -> None:
    async def script(driver: Driver) -> None:
        await driver.until(lambda: any("invited" in text for text in driver.texts()))

    run(script, rooms=("#closed",))


def test_the_topic_and_who_is_there_are_shown() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(TopicChanged("#general", "anna", "on call: anna", START), Joined("#general", "zoe", START))
        first = driver.screen.splitlines()[0]
        assert "general  on call: anna" in first
        assert "@anna" in first

    run(script)


@pytest.mark.parametrize(
    "keys",
    [("ctrl+q",), ("ctrl+c", "ctrl+c"), (*tuple("exit"), "enter"), ("slash", *tuple("quit"), "enter")],
)
def test_leaving(keys: tuple[str, ...]) -> None:
    async def script(driver: Driver) -> None:
        await driver.press(*keys)
        await driver.until(lambda: driver.app.return_code is not None or driver.app._exit)

    app = run(script)
    assert app.return_value == 0


def test_ctrl_c_empties_the_line_first() -> None:
    async def script(driver: Driver) -> None:
        await driver.type("oops")
        await driver.press("ctrl+c")
        assert driver.typed == ""
        assert not driver.app._exit

    run(script)


def test_the_error_that_ended_the_link_ends_the_screen_with_its_code() -> None:
    error = LoginRefused("The account is suspended.")

    async def script(driver: Driver) -> None:
        driver.client.happens(Ended(error))
        await driver.until(lambda: driver.app.failure is not None)

    app = run(script)
    assert app.failure is error
    assert app.return_value == error.exit_code


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u200b[red]x[/red]\x00\x7f"


def test_hostile_text_is_harmless_wherever_it_stands() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(
            said(1, HOSTILE, sender=f"e{HOSTILE}"),
            TopicChanged("#general", f"n{HOSTILE}", HOSTILE, START),
            Joined("#general", f"j{HOSTILE}", START),
            said(2, HOSTILE, room=f"#r{HOSTILE}"),
            said(3, HOSTILE, room=f"p{HOSTILE}"),
            ServerText(HOSTILE),
            Disconnected(HOSTILE),
        )
        for room in list(driver.app.chat):
            driver.app.go(room.name)
            await driver.pause(0.02)
            shown = driver.screen
            assert not any((ord(one) < 32 and one != "\n") or 0x7F <= ord(one) < 0xA0 for one in shown), repr(shown)
            assert "\u202e" not in shown
            assert "\u200b" not in shown
        assert "[red]x[/red]" in driver.screen

    run(script)


def test_a_room_that_is_renamed_stays_where_it_is_with_what_is_typed() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "bob: look", room="#ops"), said(2, "in here"))
        await driver.type("half a li")
        await driver.happens(
            RoomRenamed("#watch", "#ops", START, "anna"), RoomRenamed("#lobby", "#general", START, "anna")
        )
        assert [one.name for one in driver.app.chat] == ["", "#lobby", "#watch"]
        assert "watch 1!" in driver.screen
        assert "anna renamed #general to #lobby." in driver.screen
        assert driver.typed == "half a li"
        await driver.type("ne")
        await driver.press("enter")
        assert [one.target for one in driver.client.queued] == ["#lobby"]
        driver.app.go("#later")  # one goes to the new name before the news of it is there
        await driver.type("typed there")
        await driver.happens(RoomRenamed("#later", "#lobby", START))
        assert driver.app.chat.active is driver.app.chat.buffer("#later")
        assert "in here" in driver.screen
        assert driver.typed == "typed there"

    run(script)


def test_the_screen_can_be_drawn_anew_and_rooms_are_changed_by_alt_and_arrows() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, room="#ops"))
        await driver.press("alt+right")
        assert driver.app.chat.active.name == "#ops"
        await driver.press("alt+left")
        assert driver.app.chat.active.name == "#general"
        before = driver.screen
        await driver.press("ctrl+l")
        await driver.pause(0.1)
        assert driver.screen == before

    run(script)
