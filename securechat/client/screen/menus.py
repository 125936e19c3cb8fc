"""What can be done to a room and to a person, as one table: the menus, the palette, the help and docs/keys.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from securechat.client.buffer import Buffer
from securechat.client.texts import N_


class Where(Enum):
    """Where something can be done."""

    ANYWHERE = auto()
    TALKING = auto()  # in a room or with a person
    ROOM = auto()
    GONE = auto()  # with a person, or in a room that one is not in any more


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do, for those who do not know the command."""

    action: str
    """The method `action_…` of the application; those of the menu of a person take the nick."""
    summary: str
    command: str = ""
    """The command that does the same; empty if there is none."""
    where: Where = Where.ANYWHERE

    def fits(self, buffer: Buffer) -> bool:
        """Whether it can be done in this conversation."""
        if self.where is Where.ROOM:
            return buffer.name.startswith("#") and buffer.joined
        if self.where is Where.GONE:
            return buffer.direct or (buffer.name.startswith("#") and not buffer.joined)
        return self.where is Where.ANYWHERE or bool(buffer.name)


ROOM_MENU: Final = (
    Item("enter_room", N_("go into a room: from the list, by its name or by a link"), "join"),
    Item("knock", N_("ask to be let into a room that is for the invited"), "knock"),
    Item("make_room", N_("make a room")),
    Item("invite_person", N_("ask somebody into this room"), "invite", Where.ROOM),
    Item("invite_link", N_("make a link that lets people into this room"), "link", Where.ROOM),
    Item("change_topic", N_("change the topic of this room"), "topic", Where.ROOM),
    Item("change_kind", N_("let this room be of another kind: open, private, announcements"), "kind", Where.ROOM),
    Item("choose_past", N_("choose what newcomers read of what was said before"), "newcomers", Where.ROOM),
    Item("rename_room", N_("give this room another name"), "rename", Where.ROOM),
    Item("show_links", N_("see the links into this room"), "links", Where.ROOM),
    Item("show_reports", N_("see what was reported to you"), "reports"),
    Item("search", N_("look for a text in what was said here"), "search", Where.TALKING),
    Item("leave_room", N_("leave this room"), "part", Where.ROOM),
    Item("close_conversation", N_("take this conversation off the list"), "", Where.GONE),
    Item("change_away", N_("tell others that you are away, or back"), "away"),
)
"""The menu of a room: F2."""

PERSON_MENU: Final = (
    Item("talk_to", N_("talk to them alone"), "query"),
    Item("who_is", N_("see who they are"), "whois"),
    Item("name_person", N_("write their name into the line")),
    Item("change_role", N_("give them another role in this room"), "role", Where.ROOM),
    Item("silence", N_("let them only read, for a while or for good"), "mute", Where.ROOM),
    Item("let_speak", N_("let them speak again"), "unmute", Where.ROOM),
    Item("put_out", N_("put them out of this room"), "kick", Where.ROOM),
    Item("keep_out", N_("keep them out of this room, for a while or for good"), "ban", Where.ROOM),
    Item("let_in", N_("let them come back"), "unban", Where.ROOM),
    Item("report", N_("report their last message"), "report", Where.TALKING),
    Item("block", N_("hear nothing more from them"), "block"),
    Item("unblock", N_("hear them again"), "unblock"),
)
"""The menu of a person: F3."""


def help_rows() -> Iterator[tuple[str, str]]:
    """Give where each thing is found and what it does (not translated)."""
    for key, menu in (("F2", ROOM_MENU), ("F3", PERSON_MENU)):
        for item in menu:
            yield f"{key}, /{item.command}" if item.command else key, item.summary
