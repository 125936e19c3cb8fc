"""The commands for one's own devices and what they log in by: sessions, passwords, the second factor."""

from collections.abc import Callable, Sequence

from securechat.client.desk import Desk, learn
from securechat.client.errors import RoomRefused, UsageError
from securechat.client.passwords import ask_new_password
from securechat.client.sanitize import sanitize
from securechat.client.setting_up import secret_lines, show_recovery
from securechat.client.texts import N_, _
from securechat.protocol.message import Message

_MEANS = {
    "password": N_("by the password"),
    "password+code": N_("by the password and a code"),
    "certificate": N_("by the certificate {what}"),
    "app-password": N_("by the app password {what}"),
}


def _words(rest: str) -> list[str]:
    return rest.split()


def _notes(lines: Sequence[Message], code: str) -> list[list[str]]:
    """The parameters, behind the code, of each NOTE of that code."""
    return [line.params[2:] for line in lines if line.command == "NOTE" and line.params[1:2] == [code]]


def _moment(text: str) -> str:
    """Return `2026-11-22 08:00 UTC` of the time that the server sends."""
    return f"{sanitize(text)[:16].replace('T', ' ')} UTC"


def sessions(desk: Desk, rest: str) -> None:
    """Show who is logged in to the own account, or end that: `revoke NUMBER`, or `others` or `all` in its place."""
    words = _words(rest)
    if not words:
        _list_sessions(desk)
    elif words[0].lower() == "revoke" and len(words) == 2:
        ended = _notes(desk.client.ask("SESSIONS", "REVOKE", words[1]), "SESSION_REVOKED")
        numbers = ", ".join(sanitize(one[0]) for one in ended)
        desk.note(_("Ended: {numbers}").format(numbers=numbers) if ended else _("There was nothing to end."))
        desk.note(_("Who knows what it has logged in by can come back: revoke that as well, or change the /password"))
    else:
        raise UsageError(_("Use: /{name} {usage}").format(name="sessions", usage=_("[revoke NUMBER]")))


def _list_sessions(desk: Desk) -> None:
    for row in _notes(desk.client.ask("SESSIONS", "LIST"), "SESSION"):
        number, since, active, address, means, which, text, *_rest = [*row, "", "", "", "", "", "", ""]
        kind, _colon, what = means.partition(":")
        by = _(_MEANS.get(kind, "{what}")).format(what=sanitize(what))
        # What the program calls itself stands at the end of the server's own words.
        called = "" if text.endswith("not in the chat yet") else text.partition("; ")[2].rpartition("; ")[2]
        names = [_("this one")] if which == "this" else []
        names += [sanitize(called)] if called and not called.startswith("by ") else []
        own = f" ({', '.join(names)})" if names else ""
        shown = _("{number}{own}: {by}, from {address}, since {since}, last said something {active}").format(
            number=sanitize(number),
            own=own,
            by=by,
            address=sanitize(address),
            since=_moment(since),
            active=_moment(active),
        )
        desk.note(shown)
    desk.note(_("/sessions revoke NUMBER ends one, /sessions revoke others all but this one."))


def app_password(desk: Desk, rest: str) -> None:
    """Show, make and revoke passwords for programs and devices."""
    words = _words(rest)
    verb = words[0].lower() if words else "list"
    if verb == "list" and len(words) < 2:
        rows = _notes(desk.client.ask("APPPASSWORD", "LIST"), "APP_PASSWORD")
        for name, made, used, *_rest in ([*row, "", ""] for row in rows):
            last = _("never used") if used == "*" else _("last used {time}").format(time=_moment(used))
            text = _("{name}: made {time}, {last}")
            desk.note(text.format(name=sanitize(name), time=_moment(made), last=last))
        if not rows:
            desk.note(_("You have no app passwords. /apppassword add NAME makes one, for a program or a device."))
    elif verb == "add" and len(words) == 2:
        made_rows = _notes(desk.client.ask("APPPASSWORD", "ADD", words[1], _proof(desk)), "APP_PASSWORD_ADDED")
        for _name, secret, *_rest in ([*row, ""] for row in made_rows):
            desk.note(_("The app password, which is not shown again: {secret}").format(secret=sanitize(secret)))
    elif verb == "revoke" and len(words) == 2:
        desk.client.ask("APPPASSWORD", "REVOKE", words[1])
        desk.note(_("Nobody can log in by it any more, and who was here by it is not."))
    else:
        usage = _("[add NAME or revoke NAME]")
        raise UsageError(_("Use: /{name} {usage}").format(name="apppassword", usage=usage))


def password(desk: Desk, _rest: str) -> None:
    """Change the password of the own account; one that is too weak is asked for again."""
    old = _old_password(desk)
    desk.client.show_password(_with_code(desk, old))
    while True:
        new = ask_new_password(desk.ask_hidden, desk.note, _("The new password: "))
        try:
            desk.client.take_new_password(old, new)
        except RoomRefused as refusal:
            if refusal.code != "WEAK_PASSWORD":
                raise
            desk.note(str(refusal))
        else:
            break
    desk.note(_("The password is changed. Your other devices that came in by the old one have to log in anew."))


def totp(desk: Desk, rest: str) -> None:
    """Look after the second factor."""
    words = _words(rest)
    row = _TOTP.get(words[0].lower() if words else "status")
    if row is None or len(words) > 1:
        raise UsageError(_("Use: /{name} {usage}").format(name="totp", usage=_("[on, off or recovery]")))
    row(desk)


def _status(desk: Desk) -> None:
    for row in _notes(desk.client.ask("TOTP", "STATUS"), "TOTP_STATUS"):
        if row[:1] == ["on"]:
            desk.note(_("There is a second factor; recovery codes left: {count}").format(count=sanitize(row[1])))
        else:
            desk.note(_("There is no second factor: the password alone lets in. /totp on sets one up."))


def _on(desk: Desk) -> None:
    """Show the secret as a QR code, and put it in force by a code of it."""
    found = _notes(desk.client.ask("TOTP", "SETUP", _proof(desk)), "TOTP_SECRET")
    if not found or len(found[0]) < 2:
        return
    secret, uri = found[0][:2]
    code = desk.ask_hidden(_("The code that the app shows now: "), secret_lines(secret, uri))
    _show_recovery(desk, desk.client.ask("TOTP", "CONFIRM", _plain(code)))
    desk.client.expect_code(needed=True)
    learn(desk, second_factor=True)
    desk.note(_("The second factor is in force. From now on each login by the password asks for a code."))


def _off(desk: Desk) -> None:
    desk.client.ask("TOTP", "REMOVE", _plain(desk.ask_hidden(_("A code of the second factor: "))))
    desk.client.expect_code(needed=False)
    learn(desk, second_factor=False)
    desk.note(_("There is no second factor any more."))


def _recovery(desk: Desk) -> None:
    _show_recovery(
        desk, desk.client.ask("TOTP", "RECOVERY", _plain(desk.ask_hidden(_("A code of the second factor: "))))
    )


def _show_recovery(desk: Desk, lines: Sequence[Message]) -> None:
    show_recovery(desk.note, [row[-1] for row in _notes(lines, "RECOVERY_CODE") if row])


def code(desk: Desk, rest: str) -> None:
    """Give the code that a login after a lost link waits for."""
    desk.client.give_code(_plain(rest))


def _proof(desk: Desk) -> str:
    """Ask for what the server wants to see again before it gives new rights: `<password>` or `<password> <code>`."""
    return _with_code(desk, _old_password(desk))


def _old_password(desk: Desk) -> str:
    return desk.ask_hidden(_("Your password: "))


def _with_code(desk: Desk, password: str) -> str:
    has_factor = any(row[:1] == ["on"] for row in _notes(desk.client.ask("TOTP", "STATUS"), "TOTP_STATUS"))
    return f"{password} {_plain(desk.ask_hidden(_('A code of the second factor: ')))}" if has_factor else password


def _plain(code: str) -> str:
    """Return a code without the spaces with which apps show it."""
    return "".join(code.split())


_TOTP: dict[str, Callable[[Desk], None]] = {"status": _status, "on": _on, "off": _off, "recovery": _recovery}
