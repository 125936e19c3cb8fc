"""The words for what a server refuses: its codes to sentences in the language of the user."""

import re

from securechat.client.errors import LoginRefused, RoomRefused
from securechat.client.moments import local_time, moment_in, worded
from securechat.client.sanitize import sanitize
from securechat.client.texts import N_, _
from securechat.protocol.message import Message

LOGIN_REFUSALS: dict[str, str] = {
    "902": N_("The account {name} may not be used at present."),
    "904": N_("Name or password is wrong."),
    "905": N_("The password is too long."),
    "906": N_("The login was broken off."),
    "908": N_("The server does not offer a way to log in that this client knows."),
    "431": N_("The server wants a name."),
    "432": N_("The server does not accept the name {name}."),
    "433": N_("The name {name} is taken."),
    "436": N_("The name {name} is taken."),
    "464": N_("The server wants another invite or server password."),
    "465": N_("The server does not let you in."),
    "ACCOUNT_REQUIRED": N_("This server lets nobody in without an account. Ask its administrator for an invite."),
    "ACCOUNT_EXISTS": N_("An account {name} is there already. Choose another name, or log in with its password."),
    "BAD_ACCOUNT_NAME": N_("The server does not accept the name {name}."),
    "WEAK_PASSWORD": N_("The server finds the password too weak."),
    "UNACCEPTABLE_PASSWORD": N_("The server does not accept this password."),
    "INVITE_REQUIRED": N_("An account is made with an invite only. Ask the administrator for one."),
    "INVITE_USED": N_("This invite was used already. Ask for a new one."),
    "INVITE_EXPIRED": N_("This invite has expired. Ask for a new one."),
    "INVITE_REVOKED": N_("This invite was taken back. Ask for a new one."),
    "INVITE_FOR_MEMBERS": N_(
        "This invite is for people who have an account here already. Ask an administrator for one that makes accounts."
    ),
    "INVITE_UNKNOWN": N_("The server does not know this invite. Ask for a new one."),
    "REGISTRATION_CLOSED": N_("No accounts can be made on this server. Ask its administrator for one."),
    "SESSION_ENDED": N_("This session was ended from another device of yours, or by an administrator."),
    "SECOND_FACTOR_REQUIRED": N_(
        "This server wants a second factor, which the account does not have yet. Start the client in a terminal to set "
        "it up."
    ),
    "TEMPORARILY_UNAVAILABLE": N_("The server cannot do this at the moment. Try again later."),
}

_WITH_THE_REASON = frozenset({"432", "BAD_ACCOUNT_NAME", "UNACCEPTABLE_PASSWORD", "WEAK_PASSWORD"})
"""What the server gives the reason for, in its words: they stand behind ours."""

ROOM_RENAMED = "470"
"""The numeric that tells under which name one is in the room that was asked for by another one."""

GIVING_NO_REASON = {"403": "No such channel", "404": "Cannot send to channel"}
"""What a server says that gives no reason."""

PASSWORD_RULES = (
    (
        re.compile(r"The password is too short: it needs at least (?P<number>\d+) characters"),
        N_("it needs at least {number} characters"),
    ),
    (
        re.compile(r"The password is too long: it may have at most (?P<number>\d+) bytes"),
        N_("it may have at most {number} bytes"),
    ),
    (re.compile(r"The password must not be the name of the account"), N_("it must not be the name of the account")),
)
"""What our own server says of a password that it refuses, and the same in one's own language."""

REASONS = frozenset(
    {
        N_("You are muted in this room"),
        N_("You are muted here until {time}"),
        N_("The room is locked for now: only those who look after it may speak"),
        N_("Only those with a voice may speak in this room"),
    }
)
"""The reasons of our own server that people meet most, which are told in their language."""

PASSING_REFUSALS = frozenset({"433", "RATE_LIMITED", "TEMPORARILY_UNAVAILABLE"})
"""What gets better by waiting for one who was in before: a guest's own lost session may still hold the name."""

ROOM_REFUSALS: dict[str, str] = {
    code: LOGIN_REFUSALS[code] for code in ("INVITE_USED", "INVITE_EXPIRED", "INVITE_REVOKED")
} | {
    "INVITE_UNKNOWN": N_(
        "This invite does not open a room of that name. It may be used up, expired or taken back, or the link was cut: "
        "ask whoever gave it to you."
    ),
    "401": N_("Nobody here is called {name}."),
    "403": N_("There is no room {name}."),
    "404": N_("You may not speak in {name}."),
    "405": N_("You are in too many rooms."),
    "441": N_("That person is not in {name}."),
    "442": N_("You are not in {name}."),
    "471": N_("The room {name} is full."),
    "473": N_("The room {name} is open to invited people only."),
    "474": N_("You are kept out of {name} by those who look after it."),
    "475": N_("The room {name} wants a key."),
    "476": N_("{name} cannot be the name of a room."),
    "479": N_("{name} cannot be the name of a room."),
    "482": N_("You are not allowed to do that in {name}."),
    "432": N_("{name} cannot be a name."),
    "712": N_("You cannot ask to be let into {name} just now."),
    "713": N_("Nothing keeps you out of {name}: /join {name}"),
    "714": N_("You are in {name} already."),
    "433": N_("The name {name} is taken."),
    "417": N_("The line is too long."),
    "412": N_("There is nothing to send."),
    "MESSAGE_NOT_STORED": N_("The server could not store the message to {name}; it was not delivered."),
    "INVALID_TARGET": N_("There is no history of {name} that you may read."),
    "NOT_PERMITTED": N_("You are not allowed to do that."),
    "UNKNOWN_ROLE": N_("{name} is no role in a room. There are: owner, moderator, member, reader."),
    "UNKNOWN_KIND": N_("{name} is no kind of room. There are: open, private, announcement."),
    "ROLE_OVERRULED": N_("Another mute of this room, or an exception from one, says otherwise about {name}."),
}


def login_refusal(code: str, name: str, said: str) -> LoginRefused:
    """Return the refusal of a login, in our words for a known code; else with what the server `said`."""
    template = LOGIN_REFUSALS.get(code)
    if template is not None:
        text = _(template).format(name=sanitize(name))
        if code in _WITH_THE_REASON and said:
            text = f"{text} ({_rule_of(sanitize(said))})"
        return LoginRefused(text, code, wants_code=code == "904" and "second factor" in said)
    return LoginRefused(_("The server did not let you in: {reason}").format(reason=sanitize(said)), code)


def _rule_of(said: str) -> str:
    """Return which rule a password breaks, in one's own language if it is known."""
    for pattern, words in PASSWORD_RULES:
        found = pattern.fullmatch(said)
        if found is not None:
            return _(words).format(**found.groupdict())
    return said


def is_refusal(message: Message) -> bool:
    """Whether a line of the server says that a request failed: FAIL, a numeric from 400 to 599, or one of KNOCK.

    Of the numerics, 470 says no more than that a room has another name.
    """
    command = message.command
    numeric = len(command) == 3 and command.isdigit() and ("400" <= command <= "599" or "712" <= command <= "714")
    return command == "FAIL" or (numeric and command != ROOM_RENAMED)


def room_refusal(message: Message) -> RoomRefused:
    """Return the error for a line for which `is_refusal` holds."""
    params = message.params
    if message.command == "FAIL":
        code = params[1] if len(params) > 1 else "FAIL"
        context = params[-2] if len(params) > 3 else ""
    else:
        code = message.command
        context = params[1] if len(params) > 2 else ""
    template = ROOM_REFUSALS.get(code)
    if code == "474" and (until := moment_in(params[-1])) is not None:
        text = _("You are kept out of {name} by those who look after it until {time}.")
        return RoomRefused(text.format(name=sanitize(context), time=local_time(until)), code)
    said = sanitize(params[-1]) if params else code
    if template is not None and (context or "{name}" not in template):
        text = _(template).format(name=sanitize(context))
        if code == "712" or (code in GIVING_NO_REASON and said != GIVING_NO_REASON[code]):
            text = f"{text} ({worded(said, REASONS)})"  # why, and until when
        return RoomRefused(text, code)
    return RoomRefused(_("The server refused: {reason}").format(reason=worded(said, REASONS)), code)
