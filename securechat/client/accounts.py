"""The commands of a guest who wants an account, or to log in to one: what was begun as a guest goes on in it."""

import secrets

from securechat.client.desk import Desk, learn
from securechat.client.errors import LoginRefused, RoomRefused, UsageError
from securechat.client.library import Client
from securechat.client.login import MECHANISM
from securechat.client.passwords import ask_new_password
from securechat.client.refusals import login_refusal
from securechat.client.sanitize import sanitize
from securechat.client.texts import _
from securechat.errors import ProtocolError
from securechat.protocol import sasl

_REFUSALS = frozenset({"902", "904", "905", "906", "907", "908"})
"""The numerics by which a login fails (extensions/sasl-3.1)."""


def login(desk: Desk, rest: str) -> None:
    """Log in to the account of that name, or of the own one."""
    name = rest.split(maxsplit=1)[0] if rest else desk.client.nick
    password = desk.ask_hidden(_("Password of {name}: ").format(name=sanitize(name)))
    code = ""
    try:
        log_in(desk.client, name, password)
    except LoginRefused as refusal:
        if not refusal.wants_code:
            raise
        desk.note(str(refusal))
        code = desk.ask_hidden(_("Code of the second factor (Enter: there is none): "))
        if not code:
            raise
        log_in(desk.client, name, password, code)
        desk.client.expect_code(needed=True)
    learn(desk, name=name, second_factor=bool(code), guest=False)
    desk.note(_("You are logged in as {name}.").format(name=sanitize(name)))


def register(desk: Desk, _rest: str) -> None:
    """Make an account of the own name, where everybody may."""
    name = desk.client.nick
    password = ask_new_password(desk.ask_hidden, desk.note)
    try:
        desk.client.ask("CAP", "REQ", "draft/account-registration")
        desk.client.ask("REGISTER", "*", "*", password)
    except RoomRefused as refusal:
        raise login_refusal(refusal.code, name, str(refusal)) from refusal
    desk.client.come_back_as(name, password)
    learn(desk, name=name, second_factor=False, guest=False)
    desk.note(_("The account {name} is made, and you are logged in to it.").format(name=sanitize(name)))


def log_in(client: Client, name: str, password: str, code: str = "") -> None:
    """Log in after the welcome (sasl-3.2); from then on a lost link comes back with it. Raises LoginRefused."""
    try:
        scram = sasl.ScramClient(name, password, secrets.token_hex(12), "".join(code.split()))
        client.ask("CAP", "REQ", "sasl")
        _step(client, name, MECHANISM)
        challenge = _step(client, name, *sasl.chunks(scram.first()))
        scram.check(_step(client, name, *sasl.chunks(scram.final(challenge))))
        _step(client, name, "+")
    except ProtocolError as error:
        raise LoginRefused(
            _("The server could not prove that it knows the password, so it may not be the one it claims to be."),
            "SCRAM",
        ) from error
    client.come_back_as(name, password)


def _step(client: Client, name: str, *chunks: str) -> bytes:
    """Send a step of the login and return what the server says to it. Raises LoginRefused."""
    if len(chunks) > 1:
        raise UsageError(_("The line is too long."))
    try:
        lines = client.ask("AUTHENTICATE", *chunks)
    except RoomRefused as refusal:
        raise login_refusal(refusal.code, name, str(refusal)) from refusal
    for line in lines:
        if line.command in _REFUSALS:
            raise login_refusal(line.command, name, line.params[-1] if line.params else "")
    said = next((line.params[0] for line in lines if line.command == "AUTHENTICATE" and line.params), "+")
    return sasl.ChunkAssembler().feed(said) or b""
