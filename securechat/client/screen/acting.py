"""What the menu of a room does, in dialogs, for those who do not know the commands that do the same."""

from collections.abc import Callable
from functools import partial
from typing import Final

from rich.text import Text
from textual import events, on

from securechat.client.arguments import check_room
from securechat.client.errors import ClientError, UsageError
from securechat.client.library import RoomInfo
from securechat.client.links import LIFETIMES, MOST_USES, make_link
from securechat.client.sanitize import sanitize
from securechat.client.screen.desk import ScreenDesk
from securechat.client.screen.dialogs import Question
from securechat.client.screen.forms import Card, Choice, Field, Form, Menu
from securechat.client.screen.lists import title_of
from securechat.client.screen.menus import ROOM_MENU, Item, offered
from securechat.client.screen.moving import Moving
from securechat.client.texts import N_, _, ngettext
from securechat.links import is_link, parse_link
from securechat.names import fold, room_to_people, room_to_wire
from securechat.qr_code import qr_code

_KINDS: Final = {
    "open": (N_("open"), N_("everybody on this server may come in and talk")),
    "private": (N_("private"), N_("only who is invited comes in, and nobody else sees that it exists")),
    "announcement": (N_("announcements"), N_("everybody reads; only who looks after it talks")),
}
"""The kinds of rooms as the server calls them, and what they mean."""
_PASTS: Final = {
    "all": N_("all that was ever said here"),
    "joined": N_("what is said after they came"),
    "none": N_("only what they missed after they came"),
}
"""What newcomers may read, as `/newcomers` calls it."""
TIMES: Final = {
    "10m": N_("10 minutes"),
    "1h": N_("an hour"),
    "1d": N_("a day"),
    "7d": N_("a week"),
    "30d": N_("30 days"),
    "": N_("for good"),
    "never": N_("for good"),
}
_PAUSES: Final = {
    "0": N_("not at all"),
    "5": N_("5 seconds"),
    "30": N_("30 seconds"),
    "300": N_("5 minutes"),
}


class Acting(Moving):
    """The part of the application that does something with rooms."""

    @on(events.Click, "#topic")
    def _click_topic(self) -> None:
        self.action_room_menu()

    # --- the menu of a room ---

    def action_room_menu(self) -> None:
        """Choose what to do with the room that is looked at."""
        self._open_menu(title_of(self.chat.active), ROOM_MENU)

    def _open_menu(self, title: str, items: tuple[Item, ...], *words: str, own: bool = False) -> None:
        """Choose one of the items that fit, told why not of those that one may not do; its action gets `words`."""
        choices = [
            Choice(item.action, _(item.summary), f"/{item.command}" if item.command else "", reason)
            for item, reason in offered(items, self.chat.active, self.facts, own=own)
        ]
        menu = Menu(title, choices)
        menu.add_class("actions")
        self.push_screen(menu, lambda action: self._act(action, *words) if action else None)

    def _act(self, action: str, *words: str) -> None:
        getattr(self, f"action_{action}")(*words)

    def action_enter_room(self) -> None:
        """Choose a room out of those of the server, or type a name or a link."""
        menu = Menu(_("Which room? Type a name, or paste a link."), [], typed=_room_of)
        self.push_screen(menu, lambda value: self._enter(value) if value else None)

        def ask() -> None:
            rooms = sorted(self._desk.client.list_rooms(), key=lambda one: (-one.members, one.room.casefold()))
            self.to_screen(lambda: menu.show_choices([_room_choice(one) for one in rooms]))

        self._desk.run(ask)

    def _enter(self, value: str) -> None:
        room, _space, key = value.partition(" ")

        def enter() -> None:
            if key:
                self._desk.client.ask("JOIN", room, key)
            self._desk.enter(room)

        self._desk.run(enter)

    def action_make_room(self) -> None:
        """Ask for the name, the kind and the topic of a new room, and make it."""
        fields = (
            Field("name", _("Name of the room"), hint=_("garden"), check=_wrong_room),
            Field("kind", _("Kind"), choices=_kinds()),
            Field("topic", _("Topic (may stay empty)")),
        )
        form = Form(_("A new room"), fields, about=_("You will own it."), done=_("make the room"))
        self.push_screen(form, lambda values: self._desk.run(lambda: self._make_room(values)) if values else None)

    def _make_room(self, values: dict[str, str]) -> None:
        """On the desk's thread."""
        room, client = check_room(values["name"]), self._desk.client
        if any(fold(one.room) == fold(room) for one in client.list_rooms()):
            raise UsageError(
                _("There is a room {room} already. /join {room} goes there.").format(
                    room=sanitize(room_to_people(room))
                )
            )
        self._desk.enter(room)
        if values["kind"] != "open":
            client.ask("KIND", room, values["kind"])
        if values["topic"]:
            client.set_topic(room, values["topic"])

    def action_invite_person(self) -> None:
        """Ask somebody into the room."""
        here = {fold(nick) for _signs, nick in self._members}
        known = {fold(one.name): one.name for one in self.chat if one.direct}
        for buffer in self.chat:
            known.update({fold(one.sender): one.sender for one in buffer.entries[-200:] if one.sender})

        def choices() -> list[Choice]:
            return [Choice(nick, sanitize(nick)) for key, nick in sorted(known.items()) if key not in here]

        menu = Menu(
            _("Whom do you ask into {room}?").format(room=title_of(self.chat.active)), choices(), typed=person_of
        )
        self.push_screen(menu, lambda nick: self._command("invite", nick))
        rooms = [one.name for one in self.chat if one.name.startswith("#") and one.joined]

        def ask() -> None:
            people = {fold(nick): nick for room in rooms for nick in self._desk.client.members(room)}

            def show() -> None:
                known.update(people)
                menu.show_choices(choices())

            self.to_screen(show)

        self._desk.run(ask)

    def action_invite_link(self) -> None:
        """Make a link that lets people into the room, and show it."""
        room = self.chat.active.name
        fields = (
            Field("uses", _("For how many people"), value="1", check=_wrong_number),
            Field(
                "time", _("It works for"), value="7d", choices=tuple(Choice(one, _(TIMES[one])) for one in LIFETIMES)
            ),
        )
        about = _(
            "Whoever has an account here and opens the link comes into the room. "
            "A link of an administrator makes accounts, too."
        )
        form = Form(_("A link into {room}").format(room=title_of(self.chat.active)), fields, about=about)

        def make(values: dict[str, str]) -> None:
            link = make_link(self._desk.client, room, values["uses"], values["time"])
            self.to_screen(lambda: self._show_link(room, link))

        self.push_screen(form, lambda values: self._desk.run(lambda: make(values)) if values else None)

    def _show_link(self, room: str, link: str) -> None:
        self.copy_to_clipboard(link)
        told = _("Send it over a way that you trust. It was put into the clipboard, and is not shown again.")
        title = _("A link into {room}").format(room=sanitize(room_to_people(room)))
        # Cameras want dark on light, whatever the theme.
        code = Text("\n".join(qr_code(link).rows), style="#000000 on #ffffff", no_wrap=True)
        self.push_screen(Card(title, [("", sanitize(link)), ("", told)], below=code))

    def action_change_topic(self) -> None:
        """Ask for another topic."""
        field = Field("topic", _("Topic"), value=sanitize(self.chat.active.topic))
        form = Form(title_of(self.chat.active), (field,), done=_("set the topic"))
        room = self.chat.active.name

        def change(values: dict[str, str] | None) -> None:
            if values is not None:
                self._desk.run(lambda: self._desk.client.set_topic(room, values["topic"]))

        self.push_screen(form, change)

    def action_change_kind(self) -> None:
        """Let the room be of another kind."""
        menu = Menu(_("What kind of room is {room}?").format(room=title_of(self.chat.active)), _kinds())
        self.push_screen(menu, lambda kind: self._command("kind", kind))

    def action_choose_past(self) -> None:
        """Choose what those who come later read."""
        choices = [Choice(what, _(about)) for what, about in _PASTS.items()]
        menu = Menu(_("What do newcomers of {room} read?").format(room=title_of(self.chat.active)), choices)
        self.push_screen(menu, lambda what: self._command("newcomers", what))

    def action_knock(self) -> None:
        """Ask to be let into a room."""
        fields = (
            Field("name", _("Name of the room"), hint=_("garden"), check=_wrong_room),
            Field("reason", _("Why (may stay empty)")),
        )
        about = _("Those who look after the room are told, and may invite you.")
        form = Form(_("Ask to be let in"), fields, about=about, done=_("ask"))
        self.push_screen(
            form, lambda values: self._command("knock", values["name"], values["reason"]) if values else None
        )

    def action_rename_room(self) -> None:
        """Give the room another name."""
        buffer = self.chat.active
        field = Field("name", _("Name of the room"), value=room_to_people(buffer.name), check=_wrong_room)
        form = Form(_("Another name for {room}").format(room=title_of(buffer)), (field,), done=_("rename it"))
        self.push_screen(form, lambda values: self._command("rename", values["name"]) if values else None)

    def action_show_links(self) -> None:
        """Show the links that lead into the room."""
        self._command("links")

    def action_slow_down(self) -> None:
        """Ask how long everybody waits between two messages."""
        times = tuple(Choice(one, _(name)) for one, name in _PAUSES.items())
        menu = Menu(_("How long does everybody wait between two messages?"), times)
        self.push_screen(menu, lambda seconds: self._command("slow", seconds))

    def action_lock_room(self) -> None:
        """Let only those speak who look after the room, and nobody come in."""
        question = _("Lock {room}? Until it is opened again only who looks after it speaks, and nobody comes in.")
        self._ask_first(question.format(room=title_of(self.chat.active)), partial(self._command, "lock"))

    def action_unlock_room(self) -> None:
        """Open it again."""
        self._command("unlock")

    def _ask_first(self, question: str, then: Callable[[], None]) -> None:
        self.push_screen(Question(question), lambda yes: then() if yes else None)

    def action_leave_room(self) -> None:
        """Leave the room, when it is meant."""
        buffer = self.chat.active
        question = _("Leave {room}? You can come back as you came in; its history stays on the server.")

        def part() -> None:
            self._desk.client.part(buffer.name)
            self.to_screen(lambda: self._close(buffer))

        def leave(yes: bool | None) -> None:
            if yes:
                self._desk.run(part)

        self.push_screen(Question(question.format(room=title_of(buffer))), leave)

    def action_close_conversation(self) -> None:
        """Take a conversation off the list."""
        self._close(self.chat.active)

    def action_change_away(self) -> None:
        """Ask for the reason of being away."""
        field = Field("reason", _("Why, or until when (empty: you are back)"), hint=_("back at 3"))
        form = Form(_("Away"), (field,), about=_("Who writes to you alone is told so."))
        self.push_screen(form, lambda values: self._command("away", values["reason"]) if values is not None else None)

    def _do(self, action: Callable[[ScreenDesk], None]) -> None:
        """Let the desk do something, in the conversation that is looked at now."""
        target = self.chat.active.name

        def do() -> None:
            self._desk.target = target
            action(self._desk)

        self._desk.run(do)

    def _command(self, name: str, *words: str | None) -> None:
        """Run a command in the conversation that is looked at, as if it had been typed."""
        if words and words[0] is None:
            return
        rest = " ".join(word for word in words if word)
        self._desk.run_command(f"/{name} {rest}".rstrip(), self.chat.active.name)


def _kinds() -> tuple[Choice, ...]:
    return tuple(Choice(kind, _(name), _(about)) for kind, (name, about) in _KINDS.items())


def _room_of(text: str) -> Choice | None:
    """Return the row for a room that was typed: by its name, or by a link into it."""
    if is_link(text):
        try:
            link = parse_link(text)
        except ValueError:
            return None
        room = room_to_wire(link.room) if link.room else ""
        return (
            Choice(f"{room} {link.invite}".strip(), _("open the link into {room}").format(room=link.room))
            if room
            else None
        )
    if _wrong_room(text):
        return None
    return Choice(room_to_wire(text), _("go to {room}").format(room=sanitize(text)), _("it is made if there is none"))


def person_of(text: str) -> Choice | None:
    """Return the row for a name that was typed."""
    return Choice(text, sanitize(text)) if " " not in text else None


def _room_choice(info: RoomInfo) -> Choice:
    people = ngettext("{count} person", "{count} people", info.members).format(count=info.members)
    return Choice(info.room, sanitize(room_to_people(info.room)), f"{people}  {sanitize(info.topic)}".rstrip())


def _wrong_room(name: str) -> str:
    try:
        check_room(name)
    except ClientError as error:
        return str(error)
    return ""


def _wrong_number(text: str) -> str:
    good = text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MOST_USES
    return "" if good else _("A number from 1 to {most}.").format(most=MOST_USES)
