"""Every DomainError has a row, and every row answers with one line that names what it is about."""

from securechat import errors
from securechat.domain.account import Invite, refusal
from securechat.domain.permissions import Action
from securechat.errors import DomainError
from securechat.protocol.message import parse
from securechat.server.context import Context
from securechat.server.error_replies import ANSWERS, answer_error
from securechat.server.response import Response
from tests.server.harness import Harness, Person

# One for each class, and more where the data decides; with the answer.
CASES: list[tuple[DomainError, str]] = [
    (errors.AccountExists("alice"), "FAIL TEST ACCOUNT_EXISTS alice :"),
    (errors.NoSuchAccount("alice"), "401 bob alice :"),
    (errors.NoSuchRoom("#tea"), "403 bob #tea :"),
    (errors.NoSuchInvite(7), "FAIL TEST INVITE_UNKNOWN 7 :"),
    (errors.InviteRefused("unknown"), "FAIL TEST INVITE_UNKNOWN bob :"),
    (errors.InviteRefused("revoked"), "FAIL TEST INVITE_REVOKED bob :"),
    (errors.InviteRefused("used"), "FAIL TEST INVITE_USED bob :"),
    (errors.InviteRefused("expired"), "FAIL TEST INVITE_EXPIRED bob :"),
    (errors.InviteRefused("withdrawn"), "FAIL TEST INVITE_REVOKED bob :"),
    (errors.InviteRefused("for members"), "FAIL TEST INVITE_FOR_MEMBERS bob :"),
    (errors.InviteRefused("guest", "#tea"), "FAIL TEST ACCOUNT_REQUIRED #tea :"),
    (errors.InviteRefused("hidden", "#tea"), "FAIL TEST INVITE_UNKNOWN #tea :"),
    (errors.TooManyInvites(20, "yours"), "FAIL TEST TOO_MANY_INVITES 20 :20 invites of yours are open already"),
    (errors.NotInRoom("#tea"), "442 bob #tea :"),
    (errors.InvalidRoomName("a,b", "a comma"), "476 bob a,b :"),
    (errors.InvalidName("1a", "a digit"), "432 bob 1a :"),
    (errors.NotPermitted("SPEAK", "#tea"), "404 bob #tea :"),
    (errors.NotPermitted("SET_TOPIC", "#tea"), "482 bob #tea :"),
    (errors.NotPermitted("JOIN_ROOM", "#tea"), "403 bob #tea :"),
    (errors.NotPermitted("CREATE_ROOM"), "FAIL TEST NOT_PERMITTED CREATE_ROOM :"),
]


def subclasses(of: type[DomainError]) -> set[type[DomainError]]:
    found = set(of.__subclasses__())
    return found.union(*(subclasses(one) for one in found))


def test_every_domain_error_has_a_row_and_is_tested() -> None:
    assert set(ANSWERS) == subclasses(DomainError) == {type(error) for error, _ in CASES}


def test_every_reason_to_refuse_an_invite_is_tested() -> None:
    fresh = {"administrator": False, "created": 0, "created_by": "", "note": ""}
    invites = [
        None,
        Invite(1, (), uses_left=1, expires=None, revoked=True, **fresh),  # type: ignore[arg-type]
        Invite(1, (), uses_left=0, expires=None, revoked=False, **fresh),  # type: ignore[arg-type]
        Invite(1, (), uses_left=1, expires=5, revoked=False, **fresh),  # type: ignore[arg-type]
    ]
    reasons = {error.reason for error, _ in CASES if isinstance(error, errors.InviteRefused)}
    assert {refusal(invite, 5) for invite in invites} | {"withdrawn", "for members", "guest", "hidden"} == reasons


def answer_to(harness: Harness, bob: Person, error: DomainError) -> str:
    response = Response(bob.session, harness.journal, "chat.test")
    answer_error(Context(harness.hub, bob.session, parse(b"TEST"), response), error)
    response.flush()
    (line,) = bob.received()
    return line


def test_the_answers(harness: Harness) -> None:
    bob = harness.person("bob")
    for error, answer in CASES:
        assert answer_to(harness, bob, error).startswith(f":chat.test {answer}")


def test_whatever_is_not_permitted_in_a_room_is_worded(harness: Harness) -> None:
    bob = harness.person("bob")
    for action in Action:
        assert " #tea :" in answer_to(harness, bob, errors.NotPermitted(action.name, "#tea"))
