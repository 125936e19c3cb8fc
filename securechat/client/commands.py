"""The commands of the line client (`/help`, `/join`...) as one table, which also makes the help."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from securechat.client import accounts, appearance, devices, looking, moderating, room_links
from securechat.client.address import Address
from securechat.client.desk import Desk, present, present_room
from securechat.client.errors import UsageError
from securechat.client.library import Client
from securechat.client.sanitize import sanitize
from securechat.client.texts import N_, _, ngettext
from securechat.client.trust import fingerprint_of
from securechat.links import is_link, parse_link
from securechat.names import room_to_wire


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    usage: str
    """What follows the name, as the help shows it."""
    summary: str
    run: Callable[[Desk, str], None]
    needs: int = 0
    """How many words must follow."""
    aliases: tuple[str, ...] = ()


def execute(desk: Desk, line: str) -> None:
    """Run a line that starts with `/`. Raises UsageError for an unknown command, and what the command raises."""
    word, _space, rest = line[1:].partition(" ")
    command = BY_NAME.get(word.lower())
    rest = rest.strip()
    if command is None:
        near = difflib.get_close_matches(word.lower(), BY_NAME, n=1, cutoff=0.6)
        hint = _("Did you mean /{name}?").format(name=near[0]) if near else _("/help lists the commands.")
        if word.lower() in ELSEWHERE:
            hint = _("Here it is: {command}.").format(command=_(ELSEWHERE[word.lower()]))
        unknown = _("There is no command /{name}.").format(name=sanitize(word))
        escape = _("To say it as text, type //.")
        raise UsageError(f"{unknown} {hint} {escape}")
    if len(rest.split()) < command.needs:
        raise UsageError(_("Use: /{name} {usage}").format(name=command.name, usage=_(command.usage)))
    command.run(desk, rest)


def help_lines() -> list[str]:
    """Return the help."""
    left = [f"/{command.name} {_(command.usage) if command.usage else ''}".rstrip() for command in COMMANDS]
    width = max(map(len, left))
    lines = [f"{name:<{width}}  {_(command.summary)}" for name, command in zip(left, COMMANDS, strict=True)]
    return [*lines, _("A line that starts with // is sent as text that starts with /.")]


def _help(desk: Desk, _rest: str) -> None:
    for line in help_lines():
        desk.note(line)


def _join(desk: Desk, rest: str) -> None:
    room = rest.split(maxsplit=1)[0]
    if is_link(room):
        desk.enter(_by_link(desk.client, room))
    else:
        desk.enter(room_to_wire(room))


def _by_link(client: Client, text: str) -> str:
    """Enter the room that a link leads into, and return its name on the wire. Raises UsageError, RoomRefused."""
    try:
        link = parse_link(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    same_authority = link.ca and link.ca == fingerprint_of(client.authority)
    if not same_authority and (link.ca or Address(link.host.lower(), link.port) != client.address):
        other = _("This link leads to another server, {host}: open it with securechat-client.")
        raise UsageError(other.format(host=sanitize(link.host)))
    if not link.room:
        raise UsageError(_("This link names no room."))
    return client.join(room_to_wire(link.room), key=link.invite)


def _part(desk: Desk, rest: str) -> None:
    room, _space, reason = rest.partition(" ")
    if not room.startswith("#"):  # no room is named: leave the present one
        room, reason = present_room(desk), rest
    desk.client.part(room, reason)


def _msg(desk: Desk, rest: str) -> None:
    target, _space, text = rest.partition(" ")
    desk.say(target, text.strip())


def _query(desk: Desk, rest: str) -> None:
    desk.move(rest.split(maxsplit=1)[0])


def _me(desk: Desk, rest: str) -> None:
    desk.say(present(desk), rest, action=True)


def _notice(desk: Desk, rest: str) -> None:
    target, _space, text = rest.partition(" ")
    desk.say(target, text.strip(), notice=True)


def _topic(desk: Desk, rest: str) -> None:
    room = present_room(desk)
    if rest:
        desk.client.set_topic(room, rest)
        return
    topic = desk.client.topic(room)
    desk.note(_("Topic: {topic}").format(topic=sanitize(topic)) if topic else _("There is no topic."))


def _names(desk: Desk, rest: str) -> None:
    room = room_to_wire(rest.split(maxsplit=1)[0]) if rest else present_room(desk)
    members = desk.client.members(room)
    count = ngettext("{count} person in {room}: {names}", "{count} people in {room}: {names}", len(members))
    desk.note(count.format(count=len(members), room=sanitize(room), names=sanitize(", ".join(members))))


def _list(desk: Desk, _rest: str) -> None:
    for info in desk.client.list_rooms():
        people = ngettext("{count} person", "{count} people", info.members).format(count=info.members)
        desk.note(f"{sanitize(info.room)}  {people}  {sanitize(info.topic)}".rstrip())


def _history(desk: Desk, rest: str) -> None:
    if rest and not (rest.isascii() and rest.isdigit() and len(rest) < 6):
        raise UsageError(_("Use: /{name} {usage}").format(name="history", usage=_("[NUMBER]")))
    for message in desk.client.history(present(desk), int(rest or 50)):
        desk.show(message)


def _away(desk: Desk, rest: str) -> None:
    desk.client.set_away(rest)
    desk.note(_("You are away.") if rest else _("You are back."))


def _nick(desk: Desk, rest: str) -> None:
    desk.client.set_nick(rest.split(maxsplit=1)[0])


def _quit(desk: Desk, _rest: str) -> None:
    desk.leave()


COMMANDS: tuple[Command, ...] = (
    Command("help", "", N_("show this list"), _help),
    Command("join", N_("ROOM"), N_("enter a room, or where a link leads, and speak there"), _join, 1, ("j",)),
    Command("part", N_("[ROOM] [REASON]"), N_("leave a room"), _part, 0, ("leave",)),
    Command("msg", N_("NAME TEXT"), N_("say something to one person or another room"), _msg, 2),
    Command("query", N_("NAME"), N_("let the lines that you type go to one person"), _query, 1),
    Command("me", N_("TEXT"), N_("say what you do: * anna waves"), _me, 1),
    Command("notice", N_("NAME TEXT"), N_("say something that no program answers"), _notice, 2),
    Command("topic", N_("[TEXT]"), N_("show or set the topic of the room"), _topic, 0, ("t", "settopic")),
    Command("names", N_("[ROOM]"), N_("show who is in the room"), _names),
    Command("list", "", N_("show the rooms of the server"), _list),
    Command("whois", N_("NAME"), N_("show who somebody is"), looking.whois, 1),
    Command("history", N_("[NUMBER]"), N_("show what was said before"), _history),
    Command("search", N_("[TEXT]"), N_("look for a text in what was said here"), looking.search, 0, ("find",)),
    Command("clear", "", N_("take the lines off the screen; they stay on the server"), looking.clear),
    Command("invite", N_("NAME"), N_("ask somebody into the room"), moderating.invite, 1),
    Command("link", N_("[USES] [TIME]"), N_("make a link that lets people into the room"), looking.link),
    Command("links", "", N_("show the links that lead into the room"), room_links.links),
    Command("unlink", N_("NUMBER"), N_("make a link useless"), room_links.unlink, 1),
    Command("knock", N_("ROOM [REASON]"), N_("ask to be let into a room that is for the invited"), moderating.knock, 1),
    Command("kick", N_("NAME [REASON]"), N_("put somebody out of the room"), moderating.kick, 1),
    Command(
        "ban",
        N_("[NAME [TIME] [REASON]]"),
        N_("keep somebody out of the room, for 2h or for good; alone: show who is kept out"),
        moderating.ban,
    ),
    Command("unban", N_("NAME [REASON]"), N_("let somebody come back"), moderating.unban, 1),
    Command(
        "mute",
        N_("[NAME [TIME] [REASON]]"),
        N_("let somebody only read, for 10m or for good; alone: show who only reads"),
        moderating.mute,
    ),
    Command("unmute", N_("NAME [REASON]"), N_("let somebody speak again"), moderating.unmute, 1),
    Command(
        "role",
        N_("NAME [ROLE]"),
        N_("show what somebody is in the room, or let them be owner, moderator, member or reader"),
        moderating.role,
        1,
    ),
    Command(
        "kind",
        N_("[KIND]"),
        N_("show what kind of room it is, or let it be open, private or announcement"),
        moderating.kind,
    ),
    Command("slow", N_("SECONDS"), N_("let everybody wait between two messages; 0: no more"), moderating.slow, 1),
    Command(
        "delete",
        N_("[NAME] [REASON]"),
        N_("take away your last message here, or that of somebody"),
        moderating.delete,
    ),
    Command("rename", N_("NAME"), N_("give the room another name"), moderating.rename, 1),
    Command(
        "newcomers",
        N_("WHAT"),
        N_("what newcomers read: all, joined (what is said after they came) or none (only what they missed)"),
        moderating.newcomers,
        1,
    ),
    Command("lock", "", N_("let only moderators speak and nobody come in"), moderating.lock),
    Command("unlock", "", N_("open the room again"), moderating.unlock),
    Command(
        "block", N_("NAME"), N_("hear nothing more from a person; they do not notice"), moderating.block, 1, ("ignore",)
    ),
    Command("unblock", N_("NAME"), N_("hear a person again"), moderating.unblock, 1, ("unignore",)),
    Command("blocked", "", N_("show whom you block"), moderating.blocked),
    Command(
        "report", N_("NAME [REASON]"), N_("report the last message of somebody to the moderators"), moderating.report, 1
    ),
    Command("reports", "", N_("show what was reported to you"), moderating.reports),
    Command("close", N_("NUMBER [TEXT]"), N_("close a report; say what was done"), moderating.close, 1),
    Command(
        "manage",
        N_("WORDS"),
        N_("as an administrator, do what securechat-admin does, in the same words: /manage help"),
        moderating.manage,
        1,
    ),
    Command("away", N_("[REASON]"), N_("tell others that you are away; without a reason: back"), _away),
    Command("nick", N_("NAME"), N_("take another name"), _nick, 1),
    Command("login", N_("[NAME]"), N_("log in to your account, when you came in as a guest"), accounts.login),
    Command("register", "", N_("make an account of your name, where everybody may"), accounts.register),
    Command("mode", N_("[MODES]"), N_("show or change the modes of the room, as IRC writes them"), looking.mode),
    Command("reconnect", "", N_("drop the link and connect anew"), looking.reconnect),
    Command("raw", N_("LINE"), N_("send a line of IRC as it is"), looking.raw, 1, ("quote",)),
    Command(
        "sessions",
        N_("[revoke NUMBER]"),
        N_("show who is logged in to your account, or end that"),
        devices.sessions,
        0,
        ("devices",),
    ),
    Command(
        "apppassword",
        N_("[add NAME or revoke NAME]"),
        N_("look after passwords for programs and devices of yours"),
        devices.app_password,
    ),
    Command("password", "", N_("change the password of your account"), devices.password, 0, ("passwd",)),
    Command("totp", N_("[on, off or recovery]"), N_("look after your second factor"), devices.totp),
    Command("code", N_("CODE"), N_("log in again after a lost link, with a second factor"), devices.code, 1),
    Command("theme", N_("[NAME]"), N_("show the themes of the full screen, or take another one"), appearance.theme),
    Command("lang", N_("[LANGUAGE]"), N_("show the languages, or speak another one"), appearance.language),
    Command(
        "set",
        N_("[KEY] [VALUE]"),
        N_("show the settings and where each comes from, or let one be another for now"),
        appearance.settings,
    ),
    Command("quit", "", N_("leave the chat; exit alone and Ctrl-D do so too"), _quit, 0, ("exit",)),
)
ELSEWHERE = {
    "op": N_("/role NAME moderator"),
    "deop": N_("/role NAME member"),
    "voice": N_("/mode +v NAME"),
    "devoice": N_("/mode -v NAME"),
    "kickban": N_("/ban NAME [TIME] [REASON]"),
    "quiet": N_("/mute NAME [TIME] [REASON]"),
    "ctcp": N_("/whois NAME"),
    "describe": N_("/me TEXT"),
    "say": N_("/msg NAME TEXT"),
    "hop": N_("/part, then /join ROOM"),
    "cycle": N_("/part, then /join ROOM"),
    "buffer": N_("Ctrl+P in the full screen, or /join ROOM"),
    "window": N_("Ctrl+P in the full screen, or /join ROOM"),
    "lastlog": N_("/search TEXT"),
    "connect": N_("/reconnect"),
    "disconnect": N_("/quit"),
    "bye": N_("/quit"),
}
"""What people know from other programs, and what does it here."""

BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
