"""From settings to a connected client: what they leave open is remembered of the server, or asked for here."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from securechat import __version__
from securechat.client.address import Address
from securechat.client.arguments import check_name, where
from securechat.client.codes import TypedCode
from securechat.client.errors import ClientError, LoginRefused, Untrusted, UsageError
from securechat.client.known_servers import KnownServer, KnownServers
from securechat.client.library import Client
from securechat.client.line_mode import tell
from securechat.client.passwords import ask_new_password, ask_terminal, given_password
from securechat.client.setting_up import PATIENCE, SettingUp
from securechat.client.texts import _
from securechat.client.timing import Timing
from securechat.client.trust import fetch_authority, fingerprint_of, local_authority, read_authority
from securechat.names import room_to_wire

NAME_REFUSALS = frozenset({"432", "433", "436", "BAD_ACCOUNT_NAME", "ACCOUNT_EXISTS"})
"""The codes of refusals that another name would mend."""
_PASSWORD_REFUSALS = frozenset({"WEAK_PASSWORD", "UNACCEPTABLE_PASSWORD"})
_OF_WHO_MAY_HAVE_AN_ACCOUNT = frozenset(
    {"433", "ACCOUNT_EXISTS", "INVITE_USED", "INVITE_EXPIRED", "INVITE_REVOKED", "INVITE_FOR_MEMBERS"}
)
"""What answers somebody who tries to make an account that they have, or by a link that served its purpose."""
_YES = frozenset({"y", "yes", "д", "да"})
_MOST_ATTEMPTS = 3


@dataclass(slots=True)
class Wishes:
    """What the settings say about the login."""

    server: str = ""
    rooms: Sequence[str] = ()
    """The rooms of the command line or the environment: a link's comes after them."""
    usual_rooms: Sequence[str] = ()
    """Those of the file: a link's comes before them."""
    user: str = ""
    ca: Path | None = None
    password_file: Path | None = None
    guest: bool = False
    register: bool = False
    timeout: float = 30.0


def ask_line(prompt: str) -> str:
    """Ask for a line on the terminal; the prompt goes to standard error. Raises UsageError at the end of input."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise UsageError(_("No name was given."))
    return line.strip()


@dataclass(slots=True)
class Asker:
    """The person at the terminal, if there is one; tests put somebody else there."""

    present: bool
    ask: Callable[[str], str] = ask_line
    ask_hidden: Callable[[str], str] = ask_terminal
    confirm: Callable[[str], bool] | None = None
    """Asks a question of yes or no, where there is more than a line to ask it on."""


class Start:
    """Works out who logs in where, and does it."""

    def __init__(
        self, wishes: Wishes, known_servers: KnownServers, asker: Asker, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._wishes = wishes
        self._known_servers = known_servers
        self._code = TypedCode()
        self._asker = asker
        self._environment = environment
        self._address, self._fingerprint, self._invite, self._link_room = self._find_server()
        self._known = known_servers.find(self._address)
        self._registered = False  # whether an account was made
        self._guest = wishes.guest  # whether to come in without an account

    def connect(self) -> Client:
        """Return a client that is logged in, and remember the server. Raises ClientError."""
        authority = self._find_authority()  # first of all: an untrusted server is told no name either
        name = self._find_name()
        register = self._wishes.register or bool(self._invite and (self._known is None or self._known.name != name))
        client = self._log_in(name, authority, register=register and not self._wishes.guest)
        try:
            self._come_by_link(client)
        except ClientError:
            client.close()
            raise
        # Where one was last is known when one leaves (learn_room); what a script reads or writes is no such room.
        remembered = self._link_room or (self._known.room if self._known is not None else "")
        try:
            self._known_servers.remember(
                KnownServer(
                    self._address.host,
                    self._address.port,
                    self._name,
                    authority,
                    remembered,
                    self._code.needed,
                    self._guest,
                )
            )
        except ClientError as error:
            tell(str(error))  # a read-only home is no reason not to talk
        return client

    def _come_by_link(self, client: Client) -> None:
        """Show the link's invite for its room, where it did not make the account. Raises RoomRefused."""
        if self._invite and self._link_room and not self._registered:
            self._link_room = client.join(room_to_wire(self._link_room), key=self._invite)

    def rooms(self, fallback: str = "") -> list[str]:
        """Return the rooms to enter, by their names on the wire: wishes, link, usual ones, memory, `fallback`."""
        if self._wishes.rooms:
            return [room_to_wire(room) for room in self._wishes.rooms]
        if self._wishes.usual_rooms and not self._link_room:
            return [room_to_wire(room) for room in self._wishes.usual_rooms]
        chosen = self._link_room
        if not chosen and fallback:
            chosen = (self._known.room if self._known is not None else "") or fallback
        return [room_to_wire(chosen)] if chosen else []

    def _find_server(self) -> tuple[Address, str, str, str]:
        given = self._wishes.server
        if not given:
            last = self._known_servers.last()
            if last is None:
                raise UsageError(_("Which server? Give its address, or the link that you were invited with."))
            return last.address, "", "", ""
        address, fingerprint, invite = where(given)
        room = ""
        if "://" in given:
            from securechat.links import parse_link

            room = parse_link(given).room or ""
        return address, fingerprint, invite, room

    def _find_authority(self) -> str:
        if self._wishes.ca is not None:
            return read_authority(self._wishes.ca)
        if self._known is not None:
            if self._fingerprint and fingerprint_of(self._known.authority) != self._fingerprint.lower():
                raise Untrusted(
                    _(
                        "The link names another CA for {host} ({expected}) than the one that is remembered ({found}). "
                        "If the server has a new CA, ask its administrator, then remove {path} and use the link again."
                    ).format(
                        host=self._address.host,
                        expected=self._fingerprint,
                        found=fingerprint_of(self._known.authority),
                        path=self._known_servers.path,
                    )
                )
            return self._known.authority
        if self._fingerprint:
            return fetch_authority(self._address, self._fingerprint, min(self._wishes.timeout, 10.0))
        local = local_authority()
        if local is not None:
            return read_authority(local)
        raise Untrusted(
            _(
                "It is not known which CA vouches for {host}. Use the link that you were invited with, "
                "or copy ca.pem from the server and use --ca."
            ).format(host=self._address.host)
        )

    def _find_name(self) -> str:
        remembered = self._known.name if self._known is not None else ""
        return self._wishes.user or remembered or self._ask_name()

    def _ask_name(self) -> str:
        if not self._asker.present:
            raise UsageError(_("Which name? Use --user."))
        while True:
            name = self._asker.ask(_("Your name: "))
            try:
                check_name(name)
            except UsageError as error:
                tell(str(error))
            else:
                return name

    def _log_in(self, name: str, authority: str, *, register: bool) -> Client:
        """Log in; where a person can answer, ask again for what was refused."""
        given = "" if self._guest else given_password(self._wishes.password_file, self._environment)
        known = self._known
        if given is None and known is not None and known.guest and known.name == name and not register:
            self._guest, given = True, ""  # as the last time
        password = given
        asks_code = known is not None and known.second_factor and known.name == name and not register and given != ""
        set_up: SettingUp | None = None
        refused: LoginRefused | None = None  # the first refusal
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            if password is None:
                password = self._ask_password(name, register=register)
            if asks_code and self._asker.present:
                self._ask_code(_("Code of the second factor: "))
            client = Client(
                self._address,
                name,
                password=password,
                code=self._code if self._asker.present else None,
                ca=authority,
                invite=self._invite,
                register=register,
                timeout=self._wishes.timeout,
                set_up=set_up,
                program=f"securechat-client {__version__}",
                timing=Timing(login=PATIENCE) if set_up is not None else Timing(),
            )
            try:
                client.connect(PATIENCE if set_up is not None else None)
            except LoginRefused as error:
                if self._guest and not self._wishes.guest and self._asker.present:
                    tell(str(error))  # there are no guests any more, or the name is an account's by now
                    self._guest, given, password = False, None, None
                    continue
                refused = refused or error
                may_ask = self._asker.present and attempt < _MOST_ATTEMPTS and not self._guest
                offered = register and not self._wishes.register and self._may_have_account(error)
                if offered:
                    register = not self._has_account(name, error, ask=may_ask)
                    if not register:
                        continue  # the password that was typed is tried first
                if may_ask and error.code in NAME_REFUSALS and register and not self._wishes.user:
                    if not offered:
                        tell(str(error))
                    name = self._ask_name()
                    password = given
                elif may_ask and error.code == "SECOND_FACTOR_REQUIRED" and set_up is None:
                    tell(_("This server wants a second factor of everybody; it is set up now."))
                    set_up, register = SettingUp(self._asker.ask, tell), False
                    self._code.needed = True  # from the next time on
                elif may_ask and error.wants_code and not asks_code and self._ask_code_after(error):
                    pass  # once more with the same password
                elif may_ask and given is None and error.code in _PASSWORD_REFUSALS | {"904"}:
                    if not error.wants_code or asks_code:
                        tell(str(error))
                    password = None
                elif error.code == "904" and not self._asker.present:
                    raise refused from None  # a script whose name is taken: that is what is wrong
                else:
                    raise
            else:
                self._name, self._registered = name, register
                return client
        raise LoginRefused(_("Name or password is wrong."), "904")

    def _ask_code_after(self, error: LoginRefused) -> bool:
        """Ask for a code after a login without one was refused; return whether there is one to try."""
        tell(str(error))
        return self._ask_code(_("Code of the second factor (Enter: there is none): "))

    def _ask_code(self, prompt: str) -> bool:
        code = "".join(self._asker.ask(prompt).split())
        if code:
            self._code.put(code)
        return bool(code)

    def _may_have_account(self, error: LoginRefused) -> bool:
        """Whether somebody who opened a link, by which no account could be made, may have one already."""
        return bool(self._invite) and error.code in _OF_WHO_MAY_HAVE_AN_ACCOUNT

    def _has_account(self, name: str, error: LoginRefused, *, ask: bool) -> bool:
        """Whether to log in to the account of that name. A script, whose name is taken, is let try its password."""
        if not ask:
            return error.code == "ACCOUNT_EXISTS" and not self._asker.present
        question = _("Is {name} your account here already? Then you are logged in to it. [y/N] ").format(name=name)
        if self._asker.confirm is not None:
            return self._asker.confirm(f"{error}\n\n{question.rpartition('[')[0].strip()}")
        tell(str(error))
        return self._asker.ask(question).strip().lower() in _YES

    def _ask_password(self, name: str, *, register: bool) -> str:
        if register:
            return ask_new_password(self._asker.ask_hidden, tell)
        # Without a password one would come in as a guest, which is not what was asked for.
        while not (password := self._asker.ask_hidden(_("Password of {name}: ").format(name=name))):
            tell(_("The password is empty."))
        return password
