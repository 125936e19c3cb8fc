"""Every way in which the right to be here ends, and that what depends on it ends within a second. Real TLS.

The second begins when the command that ends the right has returned.
"""

import base64
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from securechat.cli import gencert
from securechat.protocol.sasl import ScramClient, chunks
from tests.process import OPEN, PASSWORD, RawClient, ServerProcess, run_server

AT_MOST = 1.0
"""Seconds."""

NUMBERS = itertools.count()


class Means(NamedTuple):
    """By what one account can log in."""

    password: str
    app_password: str
    certificate: tuple[Path, Path]


class Account:
    """A fresh account that has everything, and its sessions, one of each kind."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.name = f"anna{next(NUMBERS)}"
        server.sign_up(self.name)
        with server.member(self.name) as owner:
            app_password = owner.ask(f"APPPASSWORD ADD phone :{PASSWORD}")[-1].rpartition(":")[2]
        self.means = Means(PASSWORD, app_password, certificate_for(server, self.name))

    def open(self) -> dict[str, RawClient]:
        """Every kind of session, each on a connection of its own."""
        return {
            "password": self.by_password(PASSWORD),
            "app password": self.by_password(self.means.app_password),
            "certificate": self.by_certificate(),
            "before CAP END": self.by_password(PASSWORD, welcomed=False),
            "by certificate, before CAP END": self.by_certificate(welcomed=False),
        }

    def by_password(self, password: str, *, welcomed: bool = True) -> RawClient:
        one = self.server.client()
        plain = base64.b64encode(f"\0{self.name}\0{password}".encode()).decode()
        return self._logged_in(one, ["AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}"], welcomed=welcomed)

    def by_certificate(self, *, welcomed: bool = True) -> RawClient:
        one = self.server.client(certificate=self.means.certificate)
        return self._logged_in(one, ["AUTHENTICATE EXTERNAL", "AUTHENTICATE +"], welcomed=welcomed)

    def _logged_in(self, one: RawClient, lines: list[str], *, welcomed: bool) -> RawClient:
        end = ["CAP END"] if welcomed else []
        answer = one.ask("CAP REQ sasl", f"NICK {self.name}", f"USER {self.name} 0 * :x", *lines, *end)
        if not any(" 903 " in line for line in answer):
            raise PermissionError(answer[-1])
        assert any(" 001 " in line for line in answer) == welcomed, answer
        return one

    def good(self) -> set[str]:
        """By what one can log in now."""
        ways: dict[str, Callable[[], RawClient]] = {
            "password": lambda: self.by_password(PASSWORD),
            "app password": lambda: self.by_password(self.means.app_password),
            "certificate": self.by_certificate,
        }
        found = set()
        for name, log_in in ways.items():
            try:
                log_in().close()
            except (PermissionError, AssertionError):  # refused; or the connection was, before it could ask
                continue
            found.add(name)
        return found


def certificate_for(server: ServerProcess, name: str) -> tuple[Path, Path]:
    certs = server.folder / "certs"
    assert gencert.main(["client", name, "--dir", str(certs)]) == 0
    return certs / "clients" / f"{name}.pem", certs / "clients" / f"{name}.key"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("ends"), OPEN) as running:
        made = running.admin("user", "add", "root", "--administrator", "--password-stdin", answer=f"{PASSWORD}\n")
        assert made.returncode == 0, made.stderr
        yield running


@pytest.fixture(scope="module")
def root(server: ServerProcess) -> RawClient:
    return server.member("root")


def console(account: Account, *arguments: str, answer: str = "") -> None:
    done = account.server.admin(*arguments, answer=answer)
    assert done.returncode == 0, done.stderr


def irc(one: RawClient, line: str, expected: str) -> None:
    answer = one.ask(line)
    assert not expected or any(expected in said for said in answer), answer


PASSWORDS = {"password", "before CAP END"}
CERTIFICATES = {"certificate", "by certificate, before CAP END"}
ALL = PASSWORDS | CERTIFICATES | {"app password"}
MEANS = {"password", "app password", "certificate"}


class End(NamedTuple):
    """How a right ends, which sessions end with it, and by what one can log in afterwards."""

    act: Callable[[Account, RawClient], None]  # given an administrator's connection
    ended: set[str]
    good: set[str]


def serial_of(account: Account) -> str:
    shown = account.server.admin("certificate", "list").stdout
    return next(line.split()[1] for line in shown.splitlines() if line.split()[0] == account.name)


def revoked_by_its_owner(account: Account, _: RawClient) -> None:
    """The number of the session by app password, ended from one more session."""
    with account.by_password(PASSWORD) as owner:
        rows = owner.ask("SESSIONS LIST")
        number = next(row.split()[4] for row in rows if " app-password:phone " in row)
        irc(owner, f"SESSIONS REVOKE {number}", f"SESSION_REVOKED {number} ")


def revoked_others(account: Account, _: RawClient) -> None:
    with account.by_password(PASSWORD) as owner:
        irc(owner, "SESSIONS REVOKE others", "SESSIONS_END")


def revoked_app_password(account: Account, _: RawClient) -> None:
    with account.by_password(PASSWORD) as owner:
        irc(owner, "APPPASSWORD REVOKE phone", "APP_PASSWORD_REVOKED phone ")


def revoked_where_the_key_is(account: Account, _: RawClient) -> None:
    """Nobody tells the server: it sees the list."""
    assert gencert.main(["revoke", account.name, "--dir", str(account.server.folder / "certs")]) == 0


def app_password_of(account: Account) -> str:
    """Its number, as administrators see it."""
    return account.server.admin("user", "app-passwords", account.name).stdout.splitlines()[1].split()[0]


def changed_password(account: Account, _: RawClient) -> None:
    """By the account itself, over a session that came in by its certificate."""
    with account.by_certificate() as owner:
        irc(owner, f"PASSWD OLD :{PASSWORD}", "PASSWORD_SHOWN")
        irc(owner, "PASSWD NEW :quite another one", "PASSWORD_CHANGED ")


ENDS: dict[str, End] = {
    "the account is suspended": End(lambda one, _: console(one, "user", "suspend", one.name), ALL, set()),
    "the account is suspended by IRC": End(
        lambda one, root: irc(root, f"MANAGE user suspend {one.name}", f"Suspended {one.name}."), ALL, set()
    ),
    "the password is another": End(
        lambda one, _: console(one, "user", "passwd", one.name, "--password-stdin", answer="quite another one\n"),
        ALL,
        {"app password", "certificate"},
    ),
    "the password is changed by its owner": End(changed_password, PASSWORDS, {"app password", "certificate"}),
    "the app password is revoked": End(revoked_app_password, {"app password"}, {"password", "certificate"}),
    "the app password is revoked by an administrator": End(
        lambda one, _: console(one, "user", "app-password-revoke", one.name, app_password_of(one)),
        {"app password"},
        {"password", "certificate"},
    ),
    "the certificate is revoked": End(
        lambda one, _: console(one, "certificate", "revoke", one.name), CERTIFICATES, {"password", "app password"}
    ),
    "the certificate is revoked by its number": End(
        lambda one, _: console(one, "certificate", "revoke", serial_of(one)), CERTIFICATES, {"password", "app password"}
    ),
    "the certificate is revoked by securechat-gencert": End(
        revoked_where_the_key_is, CERTIFICATES, {"password", "app password"}
    ),
    "one session is revoked": End(revoked_by_its_owner, {"app password"}, MEANS),
    "all other sessions are revoked": End(revoked_others, ALL, MEANS),
    "an administrator revokes the sessions": End(
        lambda one, _: console(one, "session", "revoke", one.name, "--all"), ALL, MEANS
    ),
    "an administrator kills the user": End(
        lambda one, root: irc(root, f"KILL {one.name} :enough", ""),
        ALL - {"before CAP END", "by certificate, before CAP END"},
        MEANS,
    ),
    "the nick is banned": End(lambda one, _: console(one, "ban", "add", one.name), ALL, set()),
}


def ends_in_time(one: RawClient, began: float, kind: str) -> None:
    """Whoever it is hears why, and the connection is closed, in a second since `began`."""
    one.socket.settimeout(AT_MOST)
    assert any(line.startswith("ERROR ") for line in one.end()), f"{kind} was not told why"
    assert time.monotonic() - began < AT_MOST, kind


@pytest.mark.parametrize("name", ENDS)
def test_what_depends_on_a_right_ends_within_a_second(server: ServerProcess, root: RawClient, name: str) -> None:
    end = ENDS[name]
    account = Account(server)
    sessions = account.open()
    end.act(account, root)
    began = time.monotonic()
    for kind in end.ended:
        ends_in_time(sessions[kind], began, kind)
    for kind in ALL - end.ended:
        assert not any(line.startswith("ERROR ") for line in sessions[kind].ask()), kind
    assert account.good() == end.good


# Logins that are half done: nothing is open yet that could be closed, but they must come to nothing.


def half_open(account: Account, certificate: tuple[Path, Path] | None = None) -> RawClient:
    one = account.server.client(certificate=certificate)
    one.ask("CAP REQ sasl", f"NICK {account.name}", f"USER {account.name} 0 * :x")
    return one


def data(lines: list[str]) -> bytes:
    return base64.b64decode("".join(line.split()[-1] for line in lines if " AUTHENTICATE " in line))


def challenged(account: Account) -> tuple[RawClient, list[str]]:
    """The server's first message has come; what is left to say."""
    one, scram = half_open(account), ScramClient(account.name, PASSWORD, "fyko+d2lbbFgONRv9qkxdawL")
    one.ask("AUTHENTICATE SCRAM-SHA-256")
    first = one.ask(*(f"AUTHENTICATE {chunk}" for chunk in chunks(scram.first())))
    return one, [*(f"AUTHENTICATE {chunk}" for chunk in chunks(scram.final(data(first)))), "AUTHENTICATE +"]


def proved(account: Account) -> tuple[RawClient, list[str]]:
    """Both have proved that they know the password; only the client's last word is missing."""
    one, rest = challenged(account)
    assert data(one.ask(*rest[:-1])).startswith(b"v=")
    return one, rest[-1:]


def shown(account: Account) -> tuple[RawClient, list[str]]:
    """A certificate was shown and EXTERNAL begun."""
    one = half_open(account, account.means.certificate)
    one.ask("AUTHENTICATE EXTERNAL")
    return one, ["AUTHENTICATE +"]


HALF_OPEN = {"challenged": challenged, "proved": proved, "shown": shown}


@pytest.mark.parametrize(
    ("stage", "name", "closes"),
    [
        ("challenged", "the account is suspended", False),
        ("challenged", "the password is another", False),
        ("challenged", "the password is changed by its owner", False),
        ("proved", "the password is changed by its owner", False),
        ("proved", "the account is suspended", False),
        ("proved", "the password is another", False),
        ("shown", "the account is suspended", False),
        ("shown", "the certificate is revoked", True),
        ("shown", "the certificate is revoked by securechat-gencert", True),
    ],
)
def test_a_login_that_is_half_done_comes_to_nothing(
    server: ServerProcess, root: RawClient, stage: str, name: str, closes: bool
) -> None:
    account = Account(server)
    one, rest = HALF_OPEN[stage](account)
    ENDS[name].act(account, root)
    began = time.monotonic()
    if closes:
        ends_in_time(one, began, stage)
        return
    answer = one.ask(*rest, "CAP END")
    assert any(" 904 " in line for line in answer), answer
    assert not any(" 900 " in line or " 903 " in line for line in answer)


@pytest.mark.parametrize("stage", HALF_OPEN)
def test_the_same_login_would_have_come_in(server: ServerProcess, stage: str) -> None:
    one, rest = HALF_OPEN[stage](Account(server))
    assert any(" 903 " in line for line in one.ask(*rest))


def test_one_that_is_being_checked_comes_to_nothing(tmp_path: Path) -> None:
    """Its hash takes longer than the account is suspended; whichever is done first, nobody is in afterwards."""
    slow = OPEN.replace("_kib = 64", "_kib = 1024").replace("argon2_iterations = 1", "argon2_iterations = 1000")
    with ServerProcess(tmp_path, slow) as server:
        server.sign_up("anna")
        busy = server.client()
        busy.ask("CAP REQ sasl", "NICK anna", "USER anna 0 * :x", "AUTHENTICATE PLAIN")
        plain = base64.b64encode(f"\0anna\0{PASSWORD}".encode()).decode()
        busy.send(f"AUTHENTICATE {plain}", "CAP END")
        assert server.admin("user", "suspend", "anna").returncode == 0
        for line in busy.lines():
            if " 904 " in line:
                break
        else:
            return  # it was in before, and was closed
        assert not any(" 001 " in line for line in busy.ask())


@pytest.mark.parametrize("name", ["the account is suspended", "the password is another"])
def test_whoever_is_setting_up_a_second_factor_goes_as_well(tmp_path: Path, name: str) -> None:
    """They are logged in, and not welcomed before there is one."""
    everybody = OPEN.replace("[accounts]", "[accounts]\nsecond_factor = 'everybody'")
    with ServerProcess(tmp_path, everybody) as server:
        account = Account.__new__(Account)
        account.server, account.name = server, "anna"
        server.add_account("anna")
        one = account.by_password(PASSWORD, welcomed=False)
        assert any(" SECOND_FACTOR_REQUIRED " in line for line in one.ask("CAP END"))
        assert any(" TOTP_SECRET " in line for line in one.ask(f"TOTP SETUP :{PASSWORD}"))
        ENDS[name].act(account, one)
        ends_in_time(one, time.monotonic(), "setting up")


def test_a_revoked_certificate_is_told_so_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    told = ["ERROR :Closing link: (This client certificate was revoked)"]
    with ServerProcess(tmp_path, OPEN) as server:
        account = Account(server)
        account.by_certificate()
        console(account, "certificate", "revoke", account.name, "--reason", "stolen")
        with server.client(certificate=account.means.certificate) as one:
            assert one.end() == told
    with ServerProcess(tmp_path, OPEN) as server, server.client(certificate=account.means.certificate) as one:
        assert one.end() == told


def test_a_list_that_cannot_be_read_changes_nothing_and_keeps_a_server_from_starting(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        account, other = Account(server), Account(server)
        console(account, "certificate", "revoke", account.name)
        (tmp_path / "certs" / "crl.pem").write_text("nonsense")
        server.wait_for_log("What was revoked before stays so, but: .* put the right one back")
        assert "certificate" not in account.good()
        assert "certificate" in other.good()
    done = run_server(tmp_path, configuration=None)
    assert done.returncode != 0
    assert "crl.pem is not a list of revoked certificates in PEM form; put the right one back" in done.stderr
