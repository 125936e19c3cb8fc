"""The repositories of one transaction, bound to its connection."""

from sqlalchemy import Connection

from securechat.storage.accounts import Accounts
from securechat.storage.audit import Audit
from securechat.storage.blocks import Blocks
from securechat.storage.history import History
from securechat.storage.invites import Invites
from securechat.storage.metadata import Metadata
from securechat.storage.naming import Naming
from securechat.storage.reports import Reports
from securechat.storage.rooms import Rooms
from securechat.storage.second_factors import SecondFactors
from securechat.storage.server_rules import ServerRules


class SqlUnitOfWork:
    """Implements domain.ports.UnitOfWork. Good for as long as the transaction that it was made in."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def accounts(self) -> Accounts:
        """Accounts and credentials."""
        return Accounts(self._connection)

    @property
    def invites(self) -> Invites:
        """Invites."""
        return Invites(self._connection)

    @property
    def rooms(self) -> Rooms:
        """Rooms, membership and direct conversations."""
        return Rooms(self._connection)

    @property
    def history(self) -> History:
        """What was said."""
        return History(self._connection)

    @property
    def metadata(self) -> Metadata:
        """What accounts and rooms carry."""
        return Metadata(self._connection)

    @property
    def blocks(self) -> Blocks:
        """Who blocks whom."""
        return Blocks(self._connection)

    @property
    def reports(self) -> Reports:
        """Reports of messages."""
        return Reports(self._connection)

    @property
    def audit(self) -> Audit:
        """The record of acts of power."""
        return Audit(self._connection)

    @property
    def server_rules(self) -> ServerRules:
        """What administrators have decided for the whole server."""
        return ServerRules(self._connection)

    @property
    def second_factors(self) -> SecondFactors:
        """Second factors and app passwords."""
        return SecondFactors(self._connection)

    @property
    def naming(self) -> Naming:
        """The name of the database."""
        return Naming(self._connection)
