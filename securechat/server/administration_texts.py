"""The results of administrative operations as text for people; for scripts there is JSON."""

from collections.abc import Callable, Sequence
from typing import Any

from securechat.server.logs import printable


def text_of(operation: str, result: Any) -> str:
    """Return the result of `operation`, as `operations.perform` gives it, as lines for a terminal."""
    return _TEXTS[operation](result)


def _account_text(done: str) -> Callable[[dict[str, Any]], str]:
    def text(account: dict[str, Any]) -> str:
        return done.format(kind="administrator" if account["administrator"] else "account", name=account["name"])

    return text


def _users_text(accounts: list[dict[str, Any]]) -> str:
    rows = [
        (
            one["name"],
            "administrator" if one["administrator"] else "member",
            "suspended" if one["suspended"] else "active",
            _or_dash(one["sessions"]),
            _time(one["created"]),
        )
        for one in accounts
    ]
    return _table(("NAME", "ROLE", "STATE", "SESSIONS", "CREATED (UTC)"), rows) if rows else "There are no accounts."


def _invite_text(made: dict[str, Any]) -> str:
    invite = made["invite"]
    uses = invite["uses_left"]
    makes = "one account" if uses == 1 else f"{uses} accounts"
    kind = " with the rights of an administrator" if invite["administrator"] else ""
    ends = f"until {_time(invite['expires'])} UTC" if invite["expires"] else "for good"
    return (
        f"Invite {invite['number']} makes {makes}{kind} in {', '.join(invite['rooms'])} and is valid {ends}.\n"
        "Send this line; it is not shown again:\n\n"
        f"    securechat-client '{made['link']}'\n"
    )


def _invites_text(invites: list[dict[str, Any]]) -> str:
    rows = [
        (
            str(one["number"]),
            one["state"],
            str(one["uses_left"]),
            _time(one["expires"]) if one["expires"] else "never",
            ", ".join(one["rooms"]),
            "administrator" if one["administrator"] else "member",
            one["created_by"],
            one["note"],
        )
        for one in invites
    ]
    head = ("NUMBER", "STATE", "USES LEFT", "EXPIRES (UTC)", "ROOMS", "ROLE", "BY", "NOTE")
    return _table(head, rows) if rows else "There are no invites. Make one: securechat-admin invite create"


def _rooms_text(rooms: list[dict[str, Any]]) -> str:
    shown = [
        (one["name"], str(one["members"]), _or_dash(one["present"]), _time(one["created"]), one["topic"])
        for one in rooms
    ]
    return (
        _table(("ROOM", "MEMBERS", "PRESENT", "CREATED (UTC)", "TOPIC"), shown) if shown else "There are no rooms yet."
    )


def _records_text(records: list[dict[str, Any]]) -> str:
    keys = ("number", "actor", "origin", "act", "target", "room", "detail", "reason")
    rows = [(_time(one["time"]), *(str(one[key]) for key in keys)) for one in records]
    head = ("TIME (UTC)", "NUMBER", "WHO", "FROM", "WHAT", "ON WHOM", "ROOM", "DETAIL", "WHY")
    return _table(head, rows) if rows else "Nothing of that kind is on the record."


def _verification_text(found: dict[str, Any]) -> str:
    if not found["intact"]:
        return f"Row {found['row']} {found['problem']}.\nUp to row {found['row'] - 1} the record is in order."
    rows = "1 row is" if found["rows"] == 1 else f"{found['rows']} rows are"
    return f"The record is in order: {rows} there.\nHead: {found['head']}"


def export_text(done: dict[str, Any]) -> str:
    """Return what is told when the record was written: `rows` and `head`."""
    rows = "1 row" if done["rows"] == 1 else f"{done['rows']} rows"
    return (
        f"Wrote {rows}. Head: {done['head']}\nKeep it on another machine, and compare with it later:\n\n"
        f"    securechat-admin audit verify --head {done['head']}\n"
    )


def _time(iso: str) -> str:
    """Return `2026-11-22 08:00` of `2026-11-22T08:00:00.000Z`."""
    return iso[:16].replace("T", " ")


def _or_dash(count: int | None) -> str:
    return "-" if count is None else str(count)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return lines with aligned columns; nothing in them can move the cursor."""
    cells = [head, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines)


_TEXTS: dict[str, Callable[[Any], str]] = {
    "user add": _account_text("Made the {kind} {name}."),
    "user list": _users_text,
    "user passwd": _account_text(
        "Changed the password of {name}; whoever was logged in as {name} has to log in again."
    ),
    "user suspend": _account_text("Suspended {name}."),
    "user unsuspend": _account_text("{name} may log in again."),
    "invite create": _invite_text,
    "invite list": _invites_text,
    "invite revoke": lambda invite: f"Revoked invite {invite['number']}.",
    "room list": _rooms_text,
    "audit list": _records_text,
    "audit verify": _verification_text,
}
