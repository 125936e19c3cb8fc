"""What the menu of a person does, and what else moderators do, in dialogs."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from textual import on

from securechat.client.buffer import SAID
from securechat.client.keeping_out import KeptOut, kept_out, sentence_of
from securechat.client.moderating import ROLES, keep, lift, open_reports, report_this, role_in, take_away
from securechat.client.rights import Facts, Right, why_not
from securechat.client.sanitize import sanitize
from securechat.client.screen.acting import TIMES, Acting, person_of
from securechat.client.screen.forms import Card, Choice, Field, Form, Menu
from securechat.client.screen.lists import Rows, title_of
from securechat.client.screen.menus import PERSON_MENU
from securechat.client.texts import N_, _
from securechat.client.whois import Person, ask_who_is, rows_of
from securechat.names import fold

_ROLE_NAMES: Final = {
    "owner": N_("looks after the room and gives every role"),
    "moderator": N_("looks after the room"),
    "member": N_("talks here, as everybody does"),
    "reader": N_("reads what is said, and cannot write"),
}
_RECENT: Final = 500
"""Who said one of so many of the newest lines can be chosen, here or not: who writes and goes is to be met as well."""
_MOST_MESSAGES: Final = 50
"""So many of the newest messages of somebody can be chosen from."""


class LookingAfter(Acting):
    """The part of the application that does something with people."""

    @on(Rows.Chosen, "#people")
    def _choose_person(self, event: Rows.Chosen) -> None:
        self.action_person_menu(event.value)

    def action_person_menu(self, nick: str = "") -> None:
        """Choose what to do with a person, after choosing the person if none is named."""
        active = self.chat.active
        if nick or active.direct:
            person = nick or active.name
            own = fold(person) == fold(self.chat.nick)
            title = _("{name} (that is you)").format(name=sanitize(person)) if own else sanitize(person)
            self._open_menu(title, PERSON_MENU, person, own=own)
            return
        here = {fold(one) for _signs, one in self._members}
        choices = [Choice(one, sanitize(one), signs[:1]) for signs, one in self._members]
        spoke = {fold(one.sender): one.sender for one in active.entries[-_RECENT:] if one.kind in SAID}
        choices += [Choice(one, sanitize(one), _("not here now")) for key, one in spoke.items() if key not in here]
        self.push_screen(
            Menu(_("Who?"), choices, typed=person_of),
            lambda chosen: self.action_person_menu(chosen) if chosen else None,
        )

    def action_talk_to(self, nick: str) -> None:
        """Look at the conversation with a person."""
        self.go(nick)

    def action_name_person(self, nick: str) -> None:
        """Write a name into the line."""
        text = self._prompt.text
        self.begin(f"{text}{nick} " if text else f"{nick}: ")

    def action_who_is(self, nick: str) -> None:
        """Show who somebody is, to be read at ease."""

        def ask() -> None:
            person = ask_who_is(self._desk.client, nick)
            self.to_screen(lambda: self._show_person(person))

        self._desk.run(ask)

    def _show_person(self, person: Person) -> None:
        self.push_screen(Card(sanitize(person.nick), rows_of(person)))

    def action_change_role(self, nick: str) -> None:
        """Choose a role; what the person is now, and what one may not give, is shown once the server has told."""
        room, facts = self.chat.active.name, self.facts
        title = _("Which role has {name} here?").format(name=sanitize(nick))
        menu = Menu(title, _role_choices(facts, ""))
        self.push_screen(menu, lambda role: self._command("role", nick, role))

        def ask() -> None:
            now, own = (role_in(self._desk.client, room, one) for one in (nick, self.chat.nick))
            known = replace(facts, role=own) if facts is not None else None
            self.to_screen(lambda: menu.show_choices(_role_choices(known, now)))

        self._desk.run(ask)

    def action_put_out(self, nick: str) -> None:
        """Put somebody out, with a reason."""
        self._ask_reason(
            _("Put {name} out of the room").format(name=sanitize(nick)), partial(self._command, "kick", nick)
        )

    def action_report(self, nick: str) -> None:
        """Report something that somebody said, with a reason."""
        title = _("Which message of {name} do you report?").format(name=sanitize(nick))

        def chosen(message_id: str, text: str) -> None:
            about = _("Report to those who look after this: {text}").format(text=text)
            self._ask_reason(about, lambda reason: self._do(lambda desk: report_this(desk, message_id, text, reason)))

        self._choose_message(title, nick, chosen)

    def action_take_away(self, nick: str) -> None:
        """Take away something that somebody said."""
        target = self.chat.active.name
        title = _("Which message of {name} do you take away?").format(name=sanitize(nick))

        def chosen(message_id: str, text: str) -> None:
            question = _("Take away for everybody and for good: {text}").format(text=text)
            self._ask_first(question, lambda: self._do(lambda desk: take_away(desk, target, message_id, text)))

        self._choose_message(title, nick, chosen)

    def action_take_back(self) -> None:
        """Take away something that one has said."""
        self.action_take_away(self.chat.nick)

    def _choose_message(self, title: str, nick: str, then: Callable[[str, str], None]) -> None:
        """Choose among the newest messages of somebody here; `then` gets its id and its text, harmless."""
        said = [one for one in reversed(self.chat.active.entries) if one.id and one.text and one.kind in SAID]
        found = [one for one in said if fold(one.sender) == fold(nick)][:_MOST_MESSAGES]
        if not found:
            self.chat.note(_("There is no message of {name} here.").format(name=sanitize(nick)))
            self._draw()
            return
        texts = {one.id: sanitize(one.text) for one in found}
        choices = [Choice(one.id, texts[one.id], f"{one.time.astimezone():%H:%M}") for one in found]
        self.push_screen(Menu(title, choices), lambda chosen: then(chosen, texts[chosen]) if chosen else None)

    def action_show_reports(self) -> None:
        """Show what was reported, and close one report."""

        def ask() -> None:
            rows = open_reports(self._desk.client)
            choices = [Choice(number, f"{place}  {text}") for number, place, text in rows]
            self.to_screen(lambda: show(choices))

        def show(choices: list[Choice]) -> None:
            if not choices:
                self.chat.note(_("There are no open reports for you."))
                self._draw()
                return
            self.push_screen(Menu(_("Which report is done with?"), choices), lambda number: close(number, choices))

        def close(number: str | None, choices: list[Choice]) -> None:
            if number is None:
                return
            form = Form(
                next(one.text for one in choices if one.value == number),
                (Field("outcome", _("What was done (may stay empty)")),),
                done=_("close the report"),
            )
            self.push_screen(
                form, lambda values: self._command("close", number, values["outcome"]) if values is not None else None
            )

        self._desk.run(ask)

    def action_show_kept_out(self) -> None:
        """Show who may not come in, or only reads, and end that for one of them."""
        room, title = self.chat.active.name, title_of(self.chat.active)

        def ask() -> None:
            rows = kept_out(self._desk.client, room)
            self.to_screen(lambda: show(rows))

        def show(rows: list[KeptOut]) -> None:
            if not rows:
                self.chat.note(_("Nobody is kept out of this room, and nobody only reads."))
                self._draw()
                return
            choices = [Choice(str(place), sentence_of(one)) for place, one in enumerate(rows)]
            heading = _("Who may come back to {room}, or speak there again?").format(room=title)
            self.push_screen(Menu(heading, choices), lambda place: end(rows[int(place)]) if place else None)

        def end(row: KeptOut) -> None:
            question = _("Let {name} speak again?") if row.mute else _("Let {name} come back?")
            self._ask_first(question.format(name=row.name), lambda: self._do(lambda desk: lift(desk, room, row)))

        self._desk.run(ask)

    def _ask_reason(self, title: str, then: Callable[[str], None]) -> None:
        form = Form(title, (Field("reason", _("Why (may stay empty)")),))
        self.push_screen(form, lambda values: then(values["reason"]) if values is not None else None)

    def action_keep_out(self, nick: str) -> None:
        """Keep somebody out for a time."""
        self._ask_time(_("Keep {name} out of the room").format(name=sanitize(nick)), "BAN", nick)

    def action_silence(self, nick: str) -> None:
        """Let somebody only read for a time."""
        self._ask_time(_("Let {name} only read").format(name=sanitize(nick)), "MUTE", nick)

    def _ask_time(self, title: str, command: str, nick: str) -> None:
        room = self.chat.active.name
        times = tuple(Choice(one, _(name)) for one, name in TIMES.items() if one != "never")
        fields = (
            Field("time", _("For how long"), choices=times, value="1h"),
            Field("reason", _("Why (may stay empty; they are told)")),
        )

        def done(values: dict[str, str] | None) -> None:
            if values is not None:
                time, reason = values["time"], values["reason"]
                self._do(lambda desk: keep(desk, command, room, nick, time, reason))

        self.push_screen(Form(title, fields), done)

    def action_let_in(self, nick: str) -> None:
        """Let somebody come back."""
        self._command("unban", nick)

    def action_let_speak(self, nick: str) -> None:
        """Let somebody speak again."""
        self._command("unmute", nick)

    def action_block(self, nick: str) -> None:
        """Hear nothing more from somebody."""
        self._command("block", nick)

    def action_unblock(self, nick: str) -> None:
        """Hear somebody again."""
        self._command("unblock", nick)


def _role_choices(facts: Facts | None, now: str) -> list[Choice]:
    """Return the roles to choose from, and why one may not give some. `now`: what the person is, if it is known."""
    taking = why_not(facts, Right.DEMOTE_OWNER) if now == "owner" else ""
    giving = {"owner": why_not(facts, Right.MAKE_OWNER)}
    choices = []
    for role in ROLES:
        reason = taking or giving.get(role, "")
        about = _("{role}, as now").format(role=role) if role == now else role
        choices.append(Choice(role, _(_ROLE_NAMES[role]), about, reason))
    return choices
