"""Invites to the server: `securechat-admin invite`."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from securechat.clock import format_time
from securechat.domain.account import Account, Invite, refusal
from securechat.domain.audit import Act, Origin
from securechat.domain.look_alikes import check_rooms_to_be
from securechat.domain.permissions import Action
from securechat.domain.ports import UnitOfWork
from securechat.errors import NoSuchInvite
from securechat.links import Link, format_link, parse_link
from securechat.names import check_room_name, room_to_people, room_to_wire
from securechat.server.administration import (
    MAX_NOTE_CHARACTERS,
    Administration,
    AdministrationError,
    check_reason,
    nothing_to_do,
    parse_duration,
)
from securechat.server.invites import MOST_IN_ALL, TOKEN_BYTES, digest_of
from securechat.server.management.rows import REASON, Argument, Family, Operation
from securechat.server.management.tables import table, time

logger = logging.getLogger(__name__)

MAX_USES: Final = 10_000
MAX_ROOMS: Final = 50


@dataclass(frozen=True, slots=True)
class InviteSummary:
    """An invite as it is listed; its token is known to nobody any more."""

    number: int
    rooms: tuple[str, ...]  # as people write them
    administrator: bool
    newcomers: bool  # whether it makes accounts, too
    uses_left: int
    expires: str | None
    created: str
    created_by: str
    note: str
    state: str  # "usable", "used", "expired" or "revoked"


@dataclass(frozen=True, slots=True)
class NewInvite:
    """An invite that was just made, with the link that is shown this once."""

    invite: InviteSummary
    link: str = field(repr=False)


def invite_create(
    administration: Administration,
    rooms: Sequence[str] = (),
    *,
    uses: int = 1,
    expires: str = "7d",
    note: str = "",
    administrator: bool = False,
    existing: bool = False,
    host: str = "",
) -> NewInvite:
    """Make an invite and the link for it. `rooms` as people or the wire write them; none: general.

    `expires` is a text like 7d, 12h, 30m, or never; `existing` invites make no accounts; `host` stands in the link
    instead of the server's own guess.
    """
    longest = administration.configuration.limits.room_name_length
    wire = tuple(dict.fromkeys(check_room_name(room_to_wire(one), longest) for one in rooms or ("general",)))
    _check_invite(wire, uses, note)
    if administrator and existing:
        raise AdministrationError("nothing_to_make", "An invite for people with an account makes no administrator.")
    check_rooms_to_be(wire, [one.name for one in administration.store.read(lambda unit: unit.rooms.all())])
    now = administration.clock()
    lasts = parse_duration(expires)
    address = administration.address()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    digest = digest_of(token)
    link = _link_text(Link(host or address.host, address.port, room_to_people(wire[0]), token, address.fingerprint))

    def store(unit: UnitOfWork) -> Invite:
        maker = _maker(administration, unit, existing=existing)
        if unit.invites.count_open(now) >= MOST_IN_ALL:
            raise AdministrationError("too_many_invites", f"{MOST_IN_ALL:,} invites are open; revoke some first.")
        made = unit.invites.add(
            digest,
            rooms=wire,
            administrator=administrator,
            uses=uses,
            expires=None if lasts is None else now + lasts,
            note=note,
            created_by=administration.made_by,
            time=now,
            maker=maker.id if maker is not None else 0,
            newcomers=not existing,
        )
        rights = ", administrator" if administrator else ", makes no account" if existing else ""
        detail = f"{uses} {'use' if uses == 1 else 'uses'}, expires {expires}{rights}"
        rooms_text = ",".join(wire)
        unit.audit.append(administration.deed(Act.INVITE_CREATE, f"invite {made.id}", rooms_text, detail, reason=note))
        return made

    invite = administration.store.write(store)
    administration.effects.invite_added(digest, invite)
    logger.info(
        "Invite made", extra={"invite": invite.id, "administrator": administrator, "by": administration.made_by}
    )
    return NewInvite(_invite_summary(administration, invite), link)


def _maker(administration: Administration, unit: UnitOfWork, *, existing: bool) -> Account | None:
    """Return whose invite it is, by whose right it goes on working; None: it is made at the machine itself.

    Raises AdministrationError for powers that end with a session (OPER): the invite would outlast them.
    """
    if administration.origin is not Origin.IRC:
        return None
    maker = unit.accounts.by_name(administration.actor)
    if maker is None or not (maker.administrator or existing):
        text = "Powers by OPER end with the session, and an invite does not: log in to an administrator's account."
        raise AdministrationError("powers_of_a_session", text)
    return maker


def invite_list(administration: Administration) -> list[InviteSummary]:
    """Every invite, newest first."""
    return [_invite_summary(administration, one) for one in administration.store.read(lambda unit: unit.invites.all())]


def invite_revoke(administration: Administration, number: int, *, reason: str = "") -> InviteSummary:
    """Make an invite useless; accounts that were made with it stay."""
    check_reason(reason)
    if not 0 < number < 2**63:
        raise NoSuchInvite(number)

    def revoke(unit: UnitOfWork) -> Invite:
        if any(one.id == number and one.revoked for one in unit.invites.all()):
            raise nothing_to_do(f"Invite {number} is revoked already.")
        unit.invites.revoke(number)
        unit.audit.append(administration.deed(Act.INVITE_REVOKE, f"invite {number}", reason=reason))
        return next(one for one in unit.invites.all() if one.id == number)

    invite = administration.store.write(revoke)
    administration.effects.invites_revoked([number])
    logger.info("Invite revoked", extra={"invite": number, "by": administration.made_by})
    return _invite_summary(administration, invite)


def _invite_summary(administration: Administration, invite: Invite) -> InviteSummary:
    return InviteSummary(
        invite.id,
        tuple(room_to_people(one) for one in invite.rooms),
        invite.administrator,
        invite.newcomers,
        invite.uses_left,
        None if invite.expires is None else format_time(invite.expires),
        format_time(invite.created),
        invite.created_by,
        invite.note,
        refusal(invite, administration.clock()) or "usable",
    )


def _link_text(link: Link) -> str:
    """Return the link as text; it is read back, as a host may come from a command line. Raises AdministrationError."""
    text = format_link(link)
    try:
        readable = parse_link(text) == link
    except ValueError:
        readable = False
    if not readable:
        raise AdministrationError(
            "bad_host",
            f"No link can be made with the host {link.host!r}: give a name or an address alone, without a port.",
        )
    return text


def _check_invite(rooms: Sequence[str], uses: int, note: str) -> None:
    if len(rooms) > MAX_ROOMS:
        raise AdministrationError("too_many_rooms", f"An invite leads into at most {MAX_ROOMS} rooms.")
    if not 1 <= uses <= MAX_USES:
        raise AdministrationError("bad_uses", f"An invite can be used from 1 to {MAX_USES:,} times.")
    if len(note) > MAX_NOTE_CHARACTERS or not note.isprintable():
        raise AdministrationError("bad_note", f"A note is one line of at most {MAX_NOTE_CHARACTERS} characters.")


def _invite_text(made: dict[str, Any]) -> str:
    invite = made["invite"]
    uses = invite["uses_left"]
    makes = "one account" if uses == 1 else f"{uses} accounts"
    kind = " with the rights of an administrator" if invite["administrator"] else ""
    ends = f"until {time(invite['expires'])} UTC" if invite["expires"] else "for good"
    does = f"makes {makes}{kind} in" if invite["newcomers"] else f"lets {makes} that is there already into"
    does = does.replace("accounts that is", "accounts that are")
    return (
        f"Invite {invite['number']} {does} {', '.join(invite['rooms'])} and is valid {ends}.\n"
        "Send this line; it is not shown again:\n\n"
        f"    securechat-client '{made['link']}'\n"
    )


def _invites_text(invites: list[dict[str, Any]]) -> str:
    rows = [
        (
            str(one["number"]),
            one["state"],
            str(one["uses_left"]),
            time(one["expires"]) if one["expires"] else "never",
            ", ".join(one["rooms"]),
            "administrator" if one["administrator"] else "member" if one["newcomers"] else "no account",
            one["created_by"],
            one["note"],
        )
        for one in invites
    ]
    head = ("NUMBER", "STATE", "USES LEFT", "EXPIRES (UTC)", "ROOMS", "ROLE", "BY", "NOTE")
    return table(head, rows) if rows else "There are no invites. Make one: securechat-admin invite create"


FAMILY = Family(
    "invite",
    "invites, which make accounts",
    (
        Operation(
            "invite create",
            invite_create,
            _invite_text,
            "Make an invite and print its link, which is shown only once.",
            (
                Argument(
                    "rooms",
                    "the newcomer is put into it; may be given several times (default: general)",
                    type=list,
                    option="--room",
                    metavar="ROOM",
                ),
                Argument("uses", "how many accounts it makes (default: 1)", type=int, default=1, metavar="N"),
                Argument(
                    "expires", "such as 30m, 12h or 7d, or never (default: %(default)s)", default="7d", metavar="TIME"
                ),
                Argument("note", "for the list, for example whom it is for", metavar="TEXT"),
                Argument("administrator", "the account it makes is an administrator", type=bool),
                Argument("existing", "it makes no account: only people who have one enter by it", type=bool),
                Argument("host", "name or address of the server in the link (default: a good guess)"),
            ),
            over_irc=Action.MANAGE,
            link=lambda made: str(made["link"]),
        ),
        Operation(
            "invite list",
            invite_list,
            _invites_text,
            "Show all invites; their links are known to nobody any more.",
            over_irc=Action.MANAGE,
        ),
        Operation(
            "invite revoke",
            invite_revoke,
            lambda invite: f"Revoked invite {invite['number']}.",
            "Make an invite useless; accounts made with it stay.",
            (Argument("number", "as `invite list` shows it", type=int, needed=True, metavar="NUMBER"), REASON),
            over_irc=Action.MANAGE,
        ),
    ),
)
