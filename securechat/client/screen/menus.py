"""What can be done to a room and to a person, as one table: the menus, the palette, the help and docs/keys.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from securechat.client.buffer import Buffer
from securechat.client.rights import Facts, Right, why_not
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
    right: Right | None = None
    """What it takes; None: nothing that a client knows of."""
    rule: str = ""
    """The mode of the room that must hold for it (`+L`), or must not (`-L`); empty: none."""
    others: bool = False
    """Of the menu of a person: whether it is about somebody else alone."""

    def fits(self, buffer: Buffer, facts: Facts | None = None) -> bool:
        """Whether there is something to do in this conversation."""
        if self.rule and facts is not None and (self.rule[1:] in facts.rules) != self.rule.startswith("+"):
            return False
        if self.where is Where.ROOM:
            return buffer.name.startswith("#") and buffer.joined
        if self.where is Where.GONE:
            return buffer.direct or (buffer.name.startswith("#") and not buffer.joined)
        return self.where is Where.ANYWHERE or bool(buffer.name)


ROOM_MENU: Final = (
    Item("enter_room", N_("go into a room: from the list, by its name or by a link"), "join"),
    Item("knock", N_("ask to be let into a room that is for the invited"), "knock"),
    Item("make_room", N_("make a room")),
    Item("invite_person", N_("ask somebody into this room"), "invite", Where.ROOM, Right.INVITE),
    Item("invite_link", N_("make a link that lets people into this room"), "link", Where.ROOM, Right.INVITE_BY_LINK),
    Item("change_topic", N_("change the topic of this room"), "topic", Where.ROOM, Right.SET_TOPIC),
    Item("search", N_("look for a text in what was said here"), "search", Where.TALKING),
    Item("take_back", N_("take away a message of yours here"), "delete", Where.TALKING),
    Item("leave_room", N_("leave this room"), "part", Where.ROOM),
    Item("close_conversation", N_("take this conversation off the list"), "", Where.GONE),
    Item("change_away", N_("tell others that you are away, or back"), "away"),
    Item("show_reports", N_("see and close what was reported to you"), "reports", right=Right.HANDLE_REPORTS),
    Item("show_kept_out", N_("see who is kept out or only reads, and end that"), "ban", Where.ROOM, Right.CHANGE_MODES),
    Item("slow_down", N_("let everybody wait between two messages"), "slow", Where.ROOM, Right.CHANGE_MODES),
    Item("lock_room", N_("lock this room for now"), "lock", Where.ROOM, Right.CHANGE_MODES, "-L"),
    Item("unlock_room", N_("open this room again"), "unlock", Where.ROOM, Right.CHANGE_MODES, "+L"),
    Item(
        "change_kind",
        N_("let this room be of another kind: open, private, announcements"),
        "kind",
        Where.ROOM,
        Right.CHANGE_MODES,
    ),
    Item(
        "choose_past",
        N_("choose what newcomers read of what was said before"),
        "newcomers",
        Where.ROOM,
        Right.CHANGE_MODES,
    ),
    Item("rename_room", N_("give this room another name"), "rename", Where.ROOM, Right.RENAME),
    Item("show_links", N_("see the links into this room"), "links", Where.ROOM, Right.INVITE_BY_LINK),
)
"""The menu of a room: F2."""

PERSON_MENU: Final = (
    Item("talk_to", N_("talk to them alone"), "query"),
    Item("who_is", N_("see who they are"), "whois"),
    Item("name_person", N_("write their name into the line")),
    Item("report", N_("report a message of theirs"), "report", Where.TALKING, others=True),
    Item("block", N_("hear nothing more from them"), "block", others=True),
    Item("unblock", N_("hear them again"), "unblock", others=True),
    Item("take_away", N_("take away a message of theirs"), "delete", Where.ROOM, Right.REDACT_OTHERS, others=True),
    Item(
        "silence",
        N_("let them only read, for a while or for good"),
        "mute",
        Where.ROOM,
        Right.CHANGE_MODES,
        others=True,
    ),
    Item("let_speak", N_("let them speak again"), "unmute", Where.ROOM, Right.CHANGE_MODES, others=True),
    Item("put_out", N_("put them out of this room"), "kick", Where.ROOM, Right.KICK, others=True),
    Item(
        "keep_out",
        N_("keep them out of this room, for a while or for good"),
        "ban",
        Where.ROOM,
        Right.CHANGE_MODES,
        others=True,
    ),
    Item("let_in", N_("let them come back"), "unban", Where.ROOM, Right.CHANGE_MODES, others=True),
    Item("change_role", N_("give them another role in this room"), "role", Where.ROOM, Right.CHANGE_MODES),
)
"""The menu of a person: F3."""


def offered(
    menu: tuple[Item, ...], buffer: Buffer, facts: Facts | None, *, own: bool = False
) -> Iterator[tuple[Item, str]]:
    """Give each row that has a sense in this conversation, and why one may not do it (empty: one may).

    `facts`: what is known of the own user there; `own`: whether the menu is that of the own person.
    """
    for item in menu:
        if item.fits(buffer, facts) and not (own and item.others):
            yield item, why_not(facts, item.right)


def help_rows() -> Iterator[tuple[str, str]]:
    """Give where each thing is found and what it does (not translated)."""
    for key, menu in (("F2", ROOM_MENU), ("F3", PERSON_MENU)):
        for item in menu:
            yield f"{key}, /{item.command}" if item.command else key, item.summary
