"""Bans from the whole server: `securechat-admin ban`."""

import logging
from dataclasses import dataclass
from typing import Any

from securechat.clock import format_moment, format_time
from securechat.domain.audit import Act
from securechat.domain.durations import parse_duration
from securechat.domain.permissions import Action, never_locked_out
from securechat.domain.ports import UnitOfWork
from securechat.domain.server_bans import MOST_BANS, ServerBan, keeps_out, network_of, parse_target
from securechat.server.administration import Administration, AdministrationError, check_reason, nothing_to_do
from securechat.server.management.rows import REASON, Argument, Family, Operation
from securechat.server.management.tables import table, time

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BanSummary:
    """A ban as it is listed."""

    target: str
    made_by: str
    created: str
    expires: str | None
    reason: str


def ban_add(administration: Administration, target: str, *, lasts: str = "", reason: str = "") -> BanSummary:
    """Ban an address, a network or a mask of nicks; who is here and is meant goes at once."""
    check_reason(reason)
    meant = _target(target)
    now = administration.clock()
    expires = now + _milliseconds(lasts) if lasts else 0
    _check_administrators(administration, meant)
    ban = ServerBan(meant, administration.actor, now, expires, reason)

    def store(unit: UnitOfWork) -> list[ServerBan]:
        for ended in (one for one in unit.server_rules.bans() if 0 < one.expires <= now):
            unit.server_rules.remove_ban(ended.target)
        before = next((one for one in unit.server_rules.bans() if one.target == meant), None)
        if before is not None and not before.expires and not expires and reason in ("", before.reason):
            raise nothing_to_do(f"{meant} is banned already, for good. See: securechat-admin ban list")
        if before is None and len(unit.server_rules.bans()) >= MOST_BANS:
            raise AdministrationError("too_many_bans", f"There are {MOST_BANS:,} bans already; remove some first.")
        unit.server_rules.add_ban(ban)
        until = f"until {format_moment(expires)}" if expires else ""
        unit.audit.append(administration.deed(Act.BAN_ADD, _recorded(meant), detail=until, reason=reason))
        return unit.server_rules.bans()

    administration.effects.bans_changed(administration.store.write(store))
    logger.info("Banned from the server", extra={"target": meant, "by": administration.made_by})
    return _summary(ban)


def ban_remove(administration: Administration, target: str, *, reason: str = "") -> BanSummary:
    """Take a ban back. What stands on the list can be taken off it, even what would not be banned any more."""
    check_reason(reason)
    listed = administration.store.read(lambda unit: {one.target for one in unit.server_rules.bans()})
    meant = target if target in listed else _target(target)

    def store(unit: UnitOfWork) -> tuple[ServerBan, list[ServerBan]]:
        ban = next((one for one in unit.server_rules.bans() if one.target == meant), None)
        if ban is None:
            raise nothing_to_do(f"{meant} is not banned. See: securechat-admin ban list")
        unit.server_rules.remove_ban(meant)
        unit.audit.append(administration.deed(Act.BAN_REMOVE, _recorded(meant), reason=reason))
        return ban, unit.server_rules.bans()

    ban, left = administration.store.write(store)
    administration.effects.bans_changed(left)
    logger.info("No longer banned from the server", extra={"target": meant, "by": administration.made_by})
    return _summary(ban)


def ban_list(administration: Administration) -> list[BanSummary]:
    """Every ban that counts now, oldest first."""
    now = administration.clock()
    bans = administration.store.read(lambda unit: unit.server_rules.bans())
    return [_summary(ban) for ban in bans if not 0 < ban.expires <= now]


def _target(text: str) -> str:
    try:
        return parse_target(text)
    except ValueError as error:
        raise AdministrationError("bad_target", f"{error}.") from None


def _milliseconds(lasts: str) -> int:
    try:
        return parse_duration(lasts)
    except ValueError:
        text = "A ban lasts for a time like 30m, 12h or 7d (at most 3650d); without one it has no end."
        raise AdministrationError("bad_duration", text) from None


def _check_administrators(administration: Administration, target: str) -> None:
    """Refuse what would keep out an administrator, or whoever is on the machine itself."""
    accounts = administration.store.read(lambda unit: unit.accounts.all())
    kept_out = administration.effects.locked_out(target)
    kept_out = kept_out or keeps_out(target, (), [one.name for one in accounts if never_locked_out(one)])
    if kept_out:
        what = f"the administrator {kept_out}"
        if network_of(target) is not None:
            what = f"{kept_out}, from where this machine itself or an administrator is connected"
        raise AdministrationError("locks_out", f"A ban of {target} would keep out {what}.")


def _recorded(target: str) -> str:
    """How a target goes into the record, which is for ever: without an address, as these are somebody's own."""
    network = network_of(target)
    if network is None:
        return target
    if network.prefixlen == network.max_prefixlen:
        return f"an IPv{network.version} address"
    return f"an IPv{network.version} network /{network.prefixlen}"


def _summary(ban: ServerBan) -> BanSummary:
    expires = format_time(ban.expires) if ban.expires else None
    return BanSummary(ban.target, ban.setter, format_time(ban.time), expires, ban.reason)


def _added_text(ban: dict[str, Any]) -> str:
    until = f" until {time(ban['expires'])} UTC" if ban["expires"] else ""
    return f"Banned {ban['target']}{until}."


def _bans_text(bans: list[dict[str, Any]]) -> str:
    rows = [
        (
            one["target"],
            time(one["expires"]) if one["expires"] else "never",
            one["made_by"],
            time(one["created"]),
            one["reason"],
        )
        for one in bans
    ]
    return table(("BANNED", "ENDS (UTC)", "BY", "SINCE (UTC)", "REASON"), rows) if rows else "Nobody is banned."


_TARGET = Argument(
    "target", "an address, a network as 192.0.2.0/24, or a mask of nicks as spam*", needed=True, metavar="WHO"
)

FAMILY = Family(
    "ban",
    "bans from the whole server",
    (
        Operation(
            "ban add",
            ban_add,
            _added_text,
            "Keep out an address, a network or nicks; who is there goes at once.",
            (
                _TARGET,
                Argument("lasts", "for how long: 30m, 12h, 7d (default: for good)", metavar="TIME", option="--for"),
                REASON,
            ),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "ban remove",
            ban_remove,
            lambda ban: f"{ban['target']} is not banned any more.",
            "Take a ban back.",
            (_TARGET, REASON),
            over_irc=Action.MANAGE,
        ),
        Operation("ban list", ban_list, _bans_text, "Show all bans from the server.", over_irc=Action.MANAGE),
    ),
)
