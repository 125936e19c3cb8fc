"""Dialogs that ask: a menu to choose from, a form to fill in, a card to read."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from securechat.client.texts import N_, _

_MOST_SHOWN: Final = 500
"""So many choices of a menu are shown at once; letters typed find the others."""

_AROUND_ROWS: Final = 7
"""Rows of a menu that are no choices: border, title, the line to find by and the keys, each with a blank one."""
_LEAST_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of a menu."""

    value: str
    text: str
    about: str = ""
    """What stands dim behind it."""
    reason: str = ""
    """Why Enter does nothing on it; empty when it can be chosen. Such rows stand dim at the end, below their reason."""


class Menu(ModalScreen[str | None]):
    """Rows of which one is chosen, found by letters that are typed. Gives its value, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+c", "dismiss(None)", priority=True)]

    def __init__(
        self, title: str, choices: Sequence[Choice], *, typed: Callable[[str], Choice | None] | None = None
    ) -> None:
        """`typed` may make a row of its own out of what was typed, as for a name that is in no list."""
        super().__init__()
        self._title = title
        self._choices = choices
        self._typed = typed
        self._shown: list[Choice | None] = []  # None: a line that tells why those below cannot be chosen
        self._filter = Input(placeholder=_("type to find"), compact=True)
        self._list = OptionList(markup=False)

    def compose(self) -> ComposeResult:
        """The title, the line to find by, and the rows."""
        with Vertical(classes="dialog menu"):
            yield Static(Text(self._title, style="bold"), markup=False)
            yield self._filter
            yield self._list
            yield Static(Text(_("Enter: choose    Esc: back"), style="dim"), classes="keys", markup=False)

    def on_mount(self) -> None:
        """Show all rows."""
        self._filter.cursor_blink = False
        self._list.can_focus = False
        self._show("")
        self._filter.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Give the rows all the place that there is: nine tenths of the screen less what stands around them."""
        self._list.styles.max_height = max(_LEAST_ROWS, event.size.height * 9 // 10 - _AROUND_ROWS)

    def show_choices(self, choices: Sequence[Choice]) -> None:
        """Show other rows: those that the server has told meanwhile."""
        self._choices = choices
        self._show(self._filter.value)

    @on(Input.Changed)
    def _find(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, wanted: str) -> None:
        words = wanted.casefold().split()
        found = [one for one in self._choices if all(word in f"{one.text} {one.about}".casefold() for word in words)]
        if words:  # what is called so comes before what only speaks of it
            found.sort(key=lambda one: words[0] not in {one.about.casefold().removeprefix("/"), one.text.casefold()})
        own = self._typed(wanted.strip()) if self._typed is not None and wanted.strip() else None
        can = [one for one in found if not one.reason]
        self._shown = [*can[:_MOST_SHOWN], *([own] if own is not None else [])]
        first = 0 if self._shown else None
        options = [Option(_row(one)) for one in self._shown if one is not None]
        for reason in dict.fromkeys(one.reason for one in found if one.reason):
            withheld = [one for one in found if one.reason == reason][:_MOST_SHOWN]
            self._shown += [None, *withheld]
            # They are not disabled: one could not go down to read them then, where the list is longer than its place.
            options.append(Option(Text(f"── {reason} ──", style="dim", overflow="ellipsis")))
            options += [Option(_row(one)) for one in withheld]
        self._list.clear_options()
        self._list.add_options(options)
        self._list.highlighted = first

    async def on_key(self, event: events.Key) -> None:
        """Move among the rows while the letters go into the line."""
        match event.key:
            case "up":
                self._list.action_cursor_up()
            case "down":
                self._list.action_cursor_down()
            case "pageup":
                self._list.action_page_up()  # type: ignore[no-untyped-call]
            case "pagedown":
                self._list.action_page_down()  # type: ignore[no-untyped-call]
            case _:
                return
        event.stop()

    @on(Input.Submitted)
    def _choose(self) -> None:
        place = self._list.highlighted
        if place is not None and place < len(self._shown):
            self._take(place)

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        self._take(event.option_index)

    def _take(self, place: int) -> None:
        choice = self._shown[place]
        if choice is not None and not choice.reason:
            self.dismiss(choice.value)


def _row(choice: Choice) -> Text:
    text = Text(choice.text, style="dim" if choice.reason else "", no_wrap=True, overflow="ellipsis", end="")
    return text + Text(f"  {choice.about}", style="dim") if choice.about else text


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks for."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    """An example, shown while nothing is typed."""
    secret: bool = False
    choices: tuple[Choice, ...] = ()
    """If there are any, one of them is chosen and nothing is typed."""
    check: Callable[[str], str] | None = None
    """Returns what is wrong with a value; nothing when it is good."""


class Form(ModalScreen[dict[str, str] | None]):
    """Fields to fill in, with what is wrong said beside each. Gives the values, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", priority=True),
        Binding("enter", "go_on", priority=True),
    ]

    AUTO_FOCUS = ""
    ESCAPES_TO: ClassVar[str] = N_("back")
    """What Esc does, in a word."""

    def __init__(self, title: str, fields: Sequence[Field], *, about: str = "", done: str = "") -> None:
        """`about`: what one should know before; `done`: what Enter in the last field does, in words."""
        super().__init__()
        self._title = title
        self._fields = fields
        self._about = about
        self._done = done or _("do it")
        self._inputs: dict[str, Input | OptionList] = {field.name: _input_of(field) for field in fields}
        self._wrong = {field.name: Static("", classes="wrong", markup=False) for field in fields}
        self._judged: dict[str, str] = {}  # what stood in the fields when they were found wrong
        self._status = Static("", classes="wrong", markup=False)

    def compose(self) -> ComposeResult:
        """The fields, each below its name."""
        with VerticalScroll(classes="dialog form", can_focus=False):
            yield Static(Text(self._title, style="bold"), classes="title", markup=False)
            if self._about:
                yield Static(Text(self._about), markup=False)
            for field in self._fields:
                yield Static(Text(field.label), classes="label", id=f"label-{field.name}", markup=False)
                yield self._inputs[field.name]
                yield self._wrong[field.name]
            yield self._status
            keys = _("Tab: next field    Enter: {done}    Esc: {escape}")
            keys = keys.format(done=self._done, escape=_(self.ESCAPES_TO))
            yield Static(Text(keys, style="dim"), classes="keys", markup=False)

    def on_mount(self) -> None:
        """Begin in the first field."""
        for one in self._inputs.values():
            if isinstance(one, Input):
                one.cursor_blink = False
        for place in self._wrong.values():
            place.display = False
        self.set_focus(next(iter(self._inputs.values())), scroll_visible=False)  # what one should know stands above it

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields now."""
        return {field.name: self._value(field) for field in self._fields}

    def _value(self, field: Field) -> str:
        one = self._inputs[field.name]
        if isinstance(one, OptionList):
            return field.choices[one.highlighted or 0].value
        return one.value if field.secret else one.value.strip()

    async def action_go_on(self) -> None:
        """Go to the next field, and from the last one send. What was typed before Enter is in its field by then."""
        focused = self.focused
        if isinstance(focused, Input):
            # The field takes its keys on a task of its own; those behind this one wait until we are through.
            taken = asyncio.Event()
            focused.call_later(taken.set)
            await taken.wait()
        self.go_on()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Let what the field is called be in sight with it; before the first field, what one should know, too."""
        place = next((i for i, one in enumerate(self._inputs.values()) if one is event.widget), 0)
        above = self.query(".label")[place] if place else self.query_one(".title")
        self.call_after_refresh(self._bring_in_sight, above, event.widget)

    def _bring_in_sight(self, above: Widget, field: Widget) -> None:
        """Show what stands above a field; on a low terminal the field comes first."""
        above.scroll_visible(animate=False, immediate=True)
        field.scroll_visible(animate=False, immediate=True)

    @on(Input.Changed)
    def _typed_on(self, event: Input.Changed) -> None:
        """What was wrong may be right now; the news of what was judged already comes late and says nothing."""
        for name, one in self._inputs.items():
            if one is event.input and event.value != self._judged.get(name):
                self._wrong[name].display = False

    def go_on(self) -> None:
        """Go to the next field, if what stands in this one can stand there; from the last one send."""
        fields = [field for field in self._fields if self._inputs[field.name].display]
        place = next((i for i, field in enumerate(fields) if self._inputs[field.name] is self.focused), len(fields) - 1)
        if place + 1 == len(fields):
            self.send()
            return
        field = fields[place]
        wrong = field.check(self._value(field)) if field.check is not None else ""
        self.show_wrong({field.name: wrong} if wrong else {})
        if not wrong:
            self.set_focus(self._inputs[fields[place + 1].name])

    def send(self) -> None:
        """Check the values, and give them when they are good."""
        values = self.values
        wrong = {
            field.name: field.check(values[field.name])
            for field in self._fields
            if field.check is not None and self._inputs[field.name].display
        }
        self.show_wrong({name: text for name, text in wrong.items() if text})
        if not any(wrong.values()):
            self.accept(values)

    def accept(self, values: dict[str, str]) -> None:
        """The values are good."""
        self.dismiss(values)

    def show_wrong(self, wrong: Mapping[str, str]) -> None:
        """Say what is wrong beside the fields, and go to the first of them; a name of no field is said at the end."""
        self._judged = {name: one.value for name, one in self._inputs.items() if isinstance(one, Input)}
        for name, place in self._wrong.items():
            place.update(Text(wrong.get(name, "")))
            place.display = name in wrong
        self._status.update(Text("\n".join(text for name, text in wrong.items() if name not in self._wrong)))
        first = next((name for name in self._wrong if name in wrong), "")
        if first:
            self.set_focus(self._inputs[first])

    def action_cancel(self) -> None:
        """Close without anything."""
        self.dismiss(None)


def _input_of(field: Field) -> Input | OptionList:
    if not field.choices:
        return Input(field.value, placeholder=field.hint, password=field.secret, compact=True, select_on_focus=False)
    options = OptionList(*(Option(_row(one)) for one in field.choices), classes="choices", markup=False, compact=True)
    options.highlighted = next((place for place, one in enumerate(field.choices) if one.value == field.value), 0)
    return options


class Card(ModalScreen[None]):
    """Something to read: what each thing is, and what it says."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,ctrl+c", "dismiss", priority=True)]

    def __init__(self, title: str, rows: Sequence[tuple[str, str]], *, below: Text | None = None) -> None:
        """`below` stands below the rows as it is."""
        super().__init__()
        self._title = title
        self._rows = rows
        self._below = below

    def compose(self) -> ComposeResult:
        """The rows."""
        table = Table(box=None, show_header=False, expand=True, padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for label, value in self._rows:
            table.add_row(Text(label, style="dim"), Text(value))
        with VerticalScroll(classes="dialog card"):
            yield Static(Text(self._title, style="bold"), markup=False)
            yield Static(table)
            if self._below is not None:
                yield Static(self._below, classes="below", markup=False)
            yield Static(Text(_("Esc: back"), style="dim"), classes="keys", markup=False)
