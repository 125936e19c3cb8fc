"""The first start: a dialog for who has no link on the command line and was at no server yet."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from securechat.client.address import parse_address
from securechat.client.arguments import check_name, where
from securechat.client.errors import CannotConnect, ClientError, LoginRefused, Untrusted, UsageError
from securechat.client.known_servers import KnownServers
from securechat.client.library import Client
from securechat.client.passwords import VARIABLE
from securechat.client.sanitize import sanitize
from securechat.client.screen.dialogs import Question
from securechat.client.screen.forms import Card, Field, Form
from securechat.client.screen.signals import end_by_signals
from securechat.client.screen.themed import Themed
from securechat.client.settings import Look, Settings
from securechat.client.start import NAME_REFUSALS, Asker, Start, Wishes
from securechat.client.texts import N_, _
from securechat.links import Link, format_link, is_link, parse_link

_FALLBACK_ROOM: Final = "general"
_LEFT: Final = 130
"""The exit code of a person who leaves the dialog."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who came in, and where to."""

    client: Client
    rooms: list[str]


class FirstStart(Themed[Entrance]):
    """Asks for what is needed, comes in, and gives who did. None: the person left."""

    CSS_PATH = "screen.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "leave", show=False, priority=True)]

    def __init__(self, wishes: Wishes, known_servers: KnownServers, look: Look) -> None:
        super().__init__(look)
        self._wishes = wishes
        self._known_servers = known_servers
        self._form: EntranceForm

    def on_mount(self) -> None:
        """Ask."""
        # Here and not before: a field with a value in it needs an application that runs.
        self._form = EntranceForm(self._come_in, name=self._wishes.user)
        end_by_signals(lambda number: self.exit(None, return_code=128 + number))
        self.push_screen(self._form, lambda _values: self.exit(None, return_code=_LEFT))

    def action_leave(self) -> None:
        """End without having come in."""
        self.exit(None, return_code=_LEFT)

    def _come_in(self, values: dict[str, str]) -> None:
        """Connect on a thread of its own: it takes as long as it takes."""
        Thread(target=self._connect, args=(values,), name="entrance", daemon=True).start()

    def _connect(self, values: dict[str, str]) -> None:
        try:
            wishes = _wishes_of(values, self._wishes)
            asker = Asker(True, self._ask, self._ask, self._confirm)
            start = Start(wishes, self._known_servers, asker, _environment_of(values))
            entrance = Entrance(start.connect(), start.rooms(_FALLBACK_ROOM))
        except ClientError as error:
            self.call_from_thread(self._refused, error, values)
        else:
            self.call_from_thread(self.exit, entrance)

    def _ask(self, prompt: str) -> str:
        """Ask for something more, such as the code of a second factor. On the thread that connects."""
        answer: Future[dict[str, str] | None] = Future()
        form = Form(_("One thing more"), (Field("answer", prompt.strip().rstrip(":"), secret=True),))
        self.call_from_thread(self.push_screen, form, answer.set_result)
        values = answer.result()
        if values is None:
            raise UsageError(_("Nothing was given."))
        return values["answer"]

    def _confirm(self, question: str) -> bool:
        """Ask a question of yes or no. On the thread that connects."""
        answer: Future[bool | None] = Future()
        self.call_from_thread(self.push_screen, Question(question), answer.set_result)
        return bool(answer.result())

    def _refused(self, error: ClientError, values: dict[str, str]) -> None:
        """Say what is wrong where it is wrong; that a server is not to be trusted has a page of its own."""
        if isinstance(error, Untrusted):
            self._form.show_wrong({"server": _("This server was not trusted; nothing was sent to it.")})
            self.push_screen(_not_trusted(error, values["server"]))
        else:
            self._form.show_wrong({_place_of(error): str(error)})


class EntranceForm(Form):
    """The fields; those that are not needed for what was given so far are hidden."""

    ESCAPES_TO = N_("leave")

    def __init__(self, come_in: Callable[[dict[str, str]], None], *, name: str = "") -> None:
        about = _(
            "Paste the link that you were sent: it leads to the server and proves that it is the right one. "
            "Without a link, type the server's address and an invite, if you have one."
        )
        fields = (
            Field("server", _("Link, or address of the server"), hint="securechat://…", check=_wrong_server),
            Field("invite", _("Invite (empty: you have an account there already)")),
            Field("name", _("Your name there"), value=name, hint=_("for example anna"), check=_wrong_name),
            Field("password", _("Password"), secret=True, check=_wrong_password),
            Field("again", _("The same password again"), secret=True, check=self._wrong_again),
            Field("ca", _("File with the server's certificate authority (ca.pem)"), hint="ca.pem", check=_wrong_file),
        )
        super().__init__(_("Welcome to securechat"), fields, about=about, done=_("come in"))
        self._come_in = come_in
        self._busy = False

    def on_mount(self) -> None:
        """Begin with the link alone."""
        super().on_mount()
        self._show_needed()

    @on(Input.Changed)
    def _changed(self) -> None:
        self._show_needed()

    def _show_needed(self) -> None:
        values = self.values
        link = _link_of(values["server"])
        needed = {
            "invite": link is None,
            "again": bool(link.invite if link is not None else values["invite"]),
            "ca": bool(values["server"]) and (link is None or not link.ca),
        }
        for name, show in needed.items():
            self._inputs[name].display = show
            self.query_one(f"#label-{name}").display = show

    def go_on(self) -> None:
        """Go to the next field that is needed, whatever was typed a moment ago."""
        self._show_needed()
        super().go_on()

    def send(self) -> None:
        """Check what is needed, whatever was typed a moment ago, and come in."""
        self._show_needed()
        super().send()

    def accept(self, values: dict[str, str]) -> None:
        """Come in with these; the form stays until that is done."""
        if self._busy:
            return
        self._busy = True
        self._status.update(_("Connecting…"))
        self._come_in({name: value if self._inputs[name].display else "" for name, value in values.items()})

    def show_wrong(self, wrong: Mapping[str, str]) -> None:
        """Say what is wrong beside the fields; then one may try again."""
        self._busy = False
        super().show_wrong(wrong)

    def _wrong_again(self, again: str) -> str:
        return "" if again == self.values["password"] else _("These were two different passwords.")


def first_start(wishes: Wishes, known_servers: KnownServers, settings: Settings) -> Entrance | int:
    """Ask a person who is new here; return who came in, or the exit code when nobody did."""
    app = FirstStart(wishes, known_servers, settings.look)
    entrance = app.run(mouse=settings.typing.mouse)
    return entrance if entrance is not None else app.return_code or _LEFT


def _wishes_of(values: Mapping[str, str], wishes: Wishes) -> Wishes:
    server = values["server"]
    if values["invite"]:
        address = parse_address(server)
        server = format_link(Link(address.host, address.port, invite=values["invite"]))
    ca = Path(values["ca"]).expanduser() if values["ca"] else wishes.ca
    return replace(wishes, server=server, user=values["name"], ca=ca)


def _environment_of(values: Mapping[str, str]) -> dict[str, str]:
    return {VARIABLE: values["password"]}


def _link_of(text: str) -> Link | None:
    try:
        return parse_link(text) if is_link(text) else None
    except ValueError:
        return None


def _wrong_server(text: str) -> str:
    if not text:
        return _("Without it there is nowhere to go.")
    try:
        where(text)
    except UsageError as error:
        return sanitize(str(error))
    return ""


def _wrong_name(text: str) -> str:
    try:
        check_name(text)
    except UsageError as error:
        return sanitize(str(error))
    return ""


def _wrong_password(text: str) -> str:
    return "" if text else _("The password is empty.")


def _wrong_file(text: str) -> str:
    if not text or Path(text).expanduser().is_file():
        return ""
    return _("There is no such file.")


def _place_of(error: ClientError) -> str:
    """Return the field that an error is about."""
    if isinstance(error, CannotConnect):
        return "server"
    if isinstance(error, LoginRefused):
        if error.code in NAME_REFUSALS:
            return "name"
        return "server" if error.code.startswith(("INVITE", "REGISTRATION")) else "password"
    return "other"


def _not_trusted(error: Untrusted, server: str) -> Card:
    """Return the page that explains why a server is not trusted, and what can be done."""
    link = _link_of(server)
    host = f"{link.host}:{link.port}" if link is not None else server
    rows = [
        (_("Server"), sanitize(host)),
        (_("Reason"), str(error)),
        (_("Sent to it"), _("nothing: no name, no password, no invite")),
        (
            _("What to do"),
            _(
                "Ask whoever runs the server for a new link, over a way that you trust. If yours was right yesterday, "
                "tell them: somebody may stand between you and the server. Nothing here turns the check off."
            ),
        ),
    ]
    return Card(_("This server cannot be trusted"), rows)
