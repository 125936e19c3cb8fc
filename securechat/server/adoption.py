"""Logging in after the welcome: what becomes of the guest (extensions/sasl-3.2, "SASL Reauthentication").

All sessions of an account are one user. When nobody of the account is present, the guest becomes its user and keeps the
nick. When somebody is, the guest goes, and the session is one more of the account's user, under that user's nick.
Either way the rooms of both are the account's from then on, and it is in each whatever either of them was there. Only
from a room that it may not be in the account is kept out, whoever brings it there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from securechat.domain.account import Account
from securechat.domain.events import Event, Kind, Source
from securechat.domain.permissions import Action, may, off_record
from securechat.domain.roles import MEMBER, OUTSIDER, RoomChange, RoomRole
from securechat.protocol.capabilities import ACCOUNT_NOTIFY, CHATHISTORY, NO_IMPLICIT_NAMES
from securechat.protocol.numerics import RPL_UMODEIS
from securechat.server import blocks, metadata_news
from securechat.server.entries import Publication
from securechat.server.hub import NOT_STORED, Hub
from securechat.server.markers import move
from securechat.server.members import set_roles
from securechat.server.membership import ROOMS_PER_USER, joining
from securechat.server.notices import ABSENT, absence, account_change, arrive, tell_offline
from securechat.server.past import arrives
from securechat.server.presence import BANNED_MEANWHILE, hear_room, return_to_room
from securechat.server.replay import replay_missed
from securechat.server.response import Response
from securechat.server.roster import role_letters, show_names, show_to_other_sessions
from securechat.server.sessions import Session
from securechat.server.user_modes import announcement, shown_modes
from securechat.server.users import NOBODY, LiveRoom, User, audience_of


@dataclass(slots=True)
class Adoption:
    """A guest, with its only session, on the way to being an account's user. Under the hub lock.

    Everything that the session itself has caused is on disk already.
    """

    hub: Hub
    session: Session
    response: Response
    guest: User
    account: Account
    _joined: dict[LiveRoom, int] = field(default_factory=dict, init=False)  # since when the guest is in each room

    def run(self, confirm: Callable[[], None]) -> None:
        """Do it; `confirm` tells the session that it is logged in, once it has its nick and before it hears of rooms.

        The account's user, if it is present, must have a place for one more session.
        """
        hub, session, response = self.hub, self.session, self.response
        stored = dict(hub.memberships[self.account.id])
        self._leave_what_is_barred(stored)
        self._leave_what_is_too_much(stored)
        # What is on the record of the guest is not on that of the account.
        rooms = {live: off_record(live.members[self.guest]) for live in self.guest.rooms.values()}
        self._joined = {live: live.joined_sequence(self.guest) for live in rooms}
        read, carried = self.guest.markers, self.guest.metadata
        blocked = hub.blocks.forget_guest(self.guest)
        user = hub.users_of_account.get(self.account.id)
        if user is None:
            user = self.guest
            self._take_account(confirm)
            for live, roles in rooms.items():
                self._keep_room(live, roles, stored.get(live.room.id))
        else:
            self._hand_over(user)
            confirm()
            self._show_hand_over(user)
            for live, roles in rooms.items():
                self._bring_room(user, live, roles, stored.get(live.room.id))
        user.markers, user.metadata = {}, {}
        blocks.bring(hub, user, blocked)
        metadata_news.bring(hub, session, response, user, carried)
        for live in rooms:
            self._keep_marker(user, live, read.get(live.room.id, 0))
        self._show_own_rooms(user, stored, rooms)
        hub.awaited.tell(hub, response, user)
        session.received_sequence = 0  # of what the account has missed, nothing
        arrives(hub, session)
        if not session.has(CHATHISTORY.bit):
            replay_missed(hub, session, response, user, self.account, seen={live.room.id for live in rooms})

    def _leave_what_is_barred(self, stored: dict[int, RoomRole]) -> None:
        """Take the guest out of the rooms to which the account, as what both are there, could not come back.

        One that the account is a member of puts it out afterwards, as at any login.
        """
        hub, guest = self.hub, self.guest
        user = hub.users_of_account.get(self.account.id)
        asking = user or User(guest.nick, guest.username, guest.realname, self.account)
        if user is None:
            asking.sessions = guest.sessions  # what these can do by OPER stays
            asking.settle_powers()
        for live in list(guest.rooms.values()):
            if user is not None and user in live.members:
                continue  # it is there already
            roles = live.members[guest] | stored.get(live.room.id, OUTSIDER)
            if not may(live.subject_as(asking, roles), Action.RETURN_TO_ROOM, hub.policy):
                hub.evict(guest, live, BANNED_MEANWHILE)

    def _leave_what_is_too_much(self, stored: dict[int, RoomRole]) -> None:
        """Take the guest out of the rooms that would be more than one user may be in."""
        left = ROOMS_PER_USER - len(stored)
        for live in [live for room_id, live in self.guest.rooms.items() if room_id not in stored][max(left, 0) :]:
            self.hub.evict(self.guest, live, "You are in too many rooms")

    # Nobody of the account is present

    def _take_account(self, confirm: Callable[[], None]) -> None:
        """Make the guest the account's user, and tell whom it concerns."""
        hub, user = self.hub, self.guest
        modes = shown_modes(user)
        for live in user.rooms.values():
            live.joined.pop(user, None)
        hub.adopt(user, self.account)
        confirm()
        self.response.publish(account_change(hub, user, self.session))
        metadata_news.tell_everybody(hub, user)
        changed = announcement(hub, user, modes, self.session)
        if changed is not None:
            self.response.publish(changed)

    def _keep_room(self, live: LiveRoom, roles: RoomRole, stored: RoomRole | None) -> None:
        """Let the guest, who is the account's user now, be in a room as its member."""
        if stored is not None:
            self._merge_roles(self.guest, live, shown=roles, roles=roles | stored, stored=stored)
            return
        hub, user = self.hub, self.guest
        since = live.joined[user.key] = self._joined[live]
        hub.set_roles(user, live, roles)
        # Everybody sees the user in the room already: this is for the disk.
        event = self._event(Kind.JOIN, user.source, live, change=joining(user, roles, joined=since))
        hub.journal.submit(Publication(event, NOBODY, None, undo=partial(self._not_stored, live)))

    # The account's user is present

    def _hand_over(self, user: User) -> None:
        """End the guest, and make its session one of `user`."""
        hub, session, guest = self.hub, self.session, self.guest
        event = Event(Kind.QUIT, hub.now(), guest.source, text="Logged in")
        self.response.publish(Publication(event, audience_of(hub.peers(guest)), session))
        for live in list(guest.rooms.values()):
            hub.leave(guest, live)
        guest.sessions.remove(session)
        session.operates_as = None  # what the guest could do ends with it
        hub.remove_user(guest)
        tell_offline(hub, guest.nick)
        session.user = user
        user.sessions.append(session)
        self.response.line("NICK", (user.nick,), source=guest.source.mask)

    def _show_hand_over(self, user: User) -> None:
        """Tell the session what it is now, and the others what it has said of the absence of its owner."""
        if shown_modes(user) != shown_modes(self.guest):
            self.response.numeric(RPL_UMODEIS, modes=shown_modes(user))
        if self.session.has(ACCOUNT_NOTIFY.bit):
            self.response.line("ACCOUNT", (self.account.name,), source=user.source.mask)
        if self.guest.away not in ("", ABSENT):
            self.session.away_at_login = self.guest.away
        arrive(self.hub, user, self.session)

    def _bring_room(self, user: User, live: LiveRoom, roles: RoomRole, stored: RoomRole | None) -> None:
        """Let `user` be in a room that its new session has brought; to this session, it is in it already."""
        hub, session, response = self.hub, self.session, self.response
        if stored is not None:
            live.add_session(session)
            self._merge_roles(user, live, shown=stored, roles=roles | stored, stored=stored)
            if not response.has(NO_IMPLICIT_NAMES.bit):
                show_names(response, live)
            return
        since = self._joined[live]
        hub.enter(user, live, roles, since)
        event = self._event(Kind.JOIN, user.source, live, change=joining(user, roles, joined=since))
        joined = Publication(event, live.audience(), session, undo=partial(self._not_stored, live, told=False))
        response.publish(joined)
        for publication in absence(hub, user, live) + metadata_news.brought_along(hub, user, live):
            response.publish(publication)
        self._merge_roles(user, live, shown=MEMBER, roles=roles, stored=roles)
        show_to_other_sessions(hub, session, response, live, joined)

    # Both

    def _merge_roles(self, user: User, live: LiveRoom, *, shown: RoomRole, roles: RoomRole, stored: RoomRole) -> None:
        """Let `user` be `roles`, and tell whom it was `shown` as less to, and the disk if less is `stored`."""
        self.hub.set_roles(user, live, roles)
        gained = set(role_letters(roles)) - set(role_letters(shown))
        change = RoomChange(roles=((self.account.id, roles),)) if roles != stored else None
        restore = partial(set_roles, self.hub, live, self.account, stored)
        source = Source(self.hub.configuration.server.name, "", "")
        for letter in sorted(gained):  # each in a line of its own: two nicks might not fit
            event = self._event(Kind.MODE, source, live, f"+{letter} {user.nick}", change)
            undo = restore if change else None
            self.response.publish(Publication(event, live.audience(), self.session, echo=True, undo=undo))
            change = None
        if change is not None:  # the room knows it already
            letter = min(role_letters(roles), default="v")
            event = self._event(Kind.MODE, source, live, f"+{letter} {user.nick}", change)
            self.hub.journal.submit(Publication(event, NOBODY, None, undo=restore))

    def _keep_marker(self, user: User, live: LiveRoom, time: int) -> None:
        """Let the account have read what the guest had read (draft/read-marker); `time` in ms, 0: nothing."""
        hub, room = self.hub, live.room
        if time > (hub.markers.get(user, room.id) or 0):
            hub.journal.submit(move(hub, user, room.id, room.name, time, self.session))

    def _show_own_rooms(self, user: User, stored: dict[int, RoomRole], brought: dict[LiveRoom, RoomRole]) -> None:
        """Bring the session into the account's other rooms: as at any login."""
        for room_id, roles in stored.items():
            live = self.hub.rooms_by_id[room_id]
            if live in brought:
                continue
            if user is self.guest:
                return_to_room(self.hub, self.session, self.response, user, live, roles)
            elif room_id in user.rooms:
                hear_room(self.hub, self.session, self.response, user, live)

    def _event(
        self, kind: Kind, source: Source, live: LiveRoom, text: str = "", change: RoomChange | None = None
    ) -> Event:
        return Event(kind, self.hub.now(), source, live.room.id, live.room.name, text, change=change)

    # Undoing

    def _not_stored(self, live: LiveRoom, *, told: bool = True) -> None:
        """Take the account out of a room again; unless its people were `told` of it, only who has brought it hears so.

        The account may be another user by now, or none.
        """
        hub = self.hub
        user = hub.users_of_account.get(self.account.id)
        if user is None or user not in live.members:
            hub.set_membership(self.account.id, live, None)
        elif told:
            hub.evict(user, live, NOT_STORED)
        else:
            event = self._event(Kind.EVICT, user.source, live, NOT_STORED)
            hub.leave(user, live)
            sessions = [self.session] if self.session in user.sessions else []
            hub.journal.submit(Publication(event, audience_of(sessions), None))
