"""Who asks to be let into a room that is for the invited: kept in memory, and told to those who can let them in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from securechat.domain.events import Source
from securechat.domain.permissions import Action, may
from securechat.protocol.message import cut
from securechat.protocol.numerics import RPL_KNOCK
from securechat.server.entries import Reply
from securechat.server.response import Response
from securechat.server.users import HOST, LiveRoom, PersonKey, User

if TYPE_CHECKING:
    from securechat.server.hub import Hub

MOST_OPEN = 50
"""How many people may be asking to be let into one room."""
OPEN_SECONDS = 86_400
"""So long somebody is asking, unless they are let in."""


@dataclass(slots=True, frozen=True)
class Knock:
    """Somebody asks to be let in."""

    username: str
    reason: str
    time: float  # monotonic seconds


def open_knocks(hub: "Hub", live: LiveRoom) -> dict[PersonKey, Knock]:
    """Who asks to be let into the room at this moment, oldest first."""
    if live.knocks:
        over = [key for key, knock in live.knocks.items() if not _stands(hub, live, key, knock)]
        for key in over:
            del live.knocks[key]
    return live.knocks


def _stands(hub: "Hub", live: LiveRoom, key: PersonKey, knock: Knock) -> bool:
    """Whether somebody still asks: they are not in the room, a guest is here, and the door is closed."""
    if not live.room.rules.invite_only or hub.monotonic() - knock.time > OPEN_SECONDS:
        return False
    if isinstance(key, int):
        return key in hub.accounts_by_id and live.room.id not in hub.memberships[key]
    return key.account is None and bool(key.sessions) and key not in live.members


def tell(hub: "Hub", live: LiveRoom, key: PersonKey, knock: Knock) -> None:
    """Tell those who can let somebody in, and are here, that they ask for it."""
    for user in _who_lets_in(hub, live, key):
        for session in user.sessions:
            shown = Response(session, hub.journal, hub.configuration.server.name)
            _show(hub, shown, live, key, knock)
            hub.journal.submit(Reply(session, shown.lines(), counted=False))


def tell_at_login(hub: "Hub", response: Response, user: User) -> None:
    """Tell somebody who has just come who waits before the rooms that they look after."""
    for live in user.rooms.values():
        if live.knocks and may(user.subject(live), Action.LET_IN, hub.policy):
            for key, knock in open_knocks(hub, live).items():
                if user.key not in hub.blocks.blockers(key):
                    _show(hub, response, live, key, knock)


def _who_lets_in(hub: "Hub", live: LiveRoom, key: PersonKey) -> Iterator[User]:
    """Those who may, without those who want to hear nothing of who asks."""
    blockers = hub.blocks.blockers(key)
    return (
        one for one in live.members if one.key not in blockers and may(one.subject(live), Action.LET_IN, hub.policy)
    )


def _show(hub: "Hub", response: Response, live: LiveRoom, key: PersonKey, knock: Knock) -> None:
    """Send 710, under the name by which somebody can be invited now."""
    present = key if isinstance(key, User) else hub.users_of_account.get(key)
    if present is not None:
        mask = present.source.mask
    else:
        assert isinstance(key, int), "a guest who is not here does not ask any more"
        mask = Source(hub.accounts_by_id[key].name, knock.username, HOST).mask
    values = {"room": live.room.name, "mask": mask}
    words = "has asked for an invite" + (f": {knock.reason}" if knock.reason else "")
    most = response.numeric_text_bytes(RPL_KNOCK, **values, words="")
    response.numeric(RPL_KNOCK, **values, words=cut(words, most))
