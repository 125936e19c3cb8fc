"""MANAGE: what securechat-admin does, by operators over IRC."""

import pytest

from securechat.domain.ports import UnitOfWork
from securechat.server import logs
from securechat.server.commands import managing
from securechat.server.management.rows import Argument, Operation
from securechat.server.operations import OPERATIONS
from securechat.server.presence import end_session
from tests.server.harness import Harness, Person
from tests.server.management.test_rows import burn

PASSWORD = "correct horse"


def administrator(harness: Harness) -> Person:
    harness.account("root", PASSWORD, administrator=True)
    return harness.person("root", "batch labeled-response sasl", password=PASSWORD)


def told(root: Person, line: str) -> list[str]:
    """What is answered, without what stands before each line."""
    return [one.removeprefix(":chat.test ") for one in root.answers(line)]


def on_record(harness: Harness) -> list[tuple[str, ...]]:
    def work(unit: UnitOfWork) -> list[tuple[str, ...]]:
        return [(one.origin, one.actor, one.act, one.target, one.reason) for one in unit.audit.page(0, 100)]

    return harness.database.read(work)


def test_an_account_is_suspended_and_its_sessions_end(harness: Harness) -> None:
    root = administrator(harness)
    harness.account("bob", PASSWORD)
    bob = harness.person("bob", password=PASSWORD)
    assert told(root, "MANAGE user suspend BOB --reason :left on Friday") == ["NOTE MANAGE RESULT :Suspended bob."]
    assert bob.outlet.closed is not None
    assert on_record(harness) == [("irc", "root", "user suspend", "bob", "left on Friday")]
    assert told(root, "MANAGE User Unsuspend bob --reason 'back again'") == [
        "NOTE MANAGE RESULT :bob may log in again."
    ]
    assert on_record(harness)[1][-1] == "back again"


def test_a_table_comes_line_by_line(harness: Harness) -> None:
    root = administrator(harness)
    first, *rows = told(root, "MANAGE user list")
    assert first.split() == ["NOTE", "MANAGE", "RESULT", ":NAME", "ROLE", "STATE", "SESSIONS", "CREATED", "(UTC)"]
    assert [row.split()[3:6] for row in rows] == [[":root", "administrator", "active"]]


def test_an_invite_is_of_who_asks(harness: Harness) -> None:
    root = administrator(harness)
    lines = told(root, "MANAGE invite create --note 'for Bob' --room tea --room general --uses 2")
    assert lines[-1].startswith("NOTE MANAGE RESULT :    securechat-client 'securechat://chat.test:6697/tea?invite=")
    assert "  root  for Bob" in told(root, "MANAGE invite list")[1]


@pytest.mark.parametrize("account", ["", "bob"])
def test_powers_that_end_with_a_session_make_no_invite_to_the_server(harness: Harness, account: str) -> None:
    """It would be good for longer than they are: nobody could say later by whose right."""
    harness.account("root", PASSWORD, administrator=True)
    if account:
        harness.account(account, PASSWORD)
    bob = harness.person("bob", password=PASSWORD if account else "")
    bob.sends(f"OPER root :{PASSWORD}")
    bob.received()
    assert told(bob, "MANAGE invite create --administrator")[0].startswith("FAIL MANAGE POWERS_OF_A_SESSION :")
    assert told(bob, "MANAGE invite list")[0].startswith("NOTE MANAGE RESULT :There are no invites.")


def test_a_label_and_a_long_line(harness: Harness) -> None:
    root = administrator(harness)
    harness.account("bob", PASSWORD)
    root.answers("@label=1 MANAGE user suspend bob --reason " + "я" * 150)
    lines = root.answers("@label=2 MANAGE audit list")
    assert lines[0].startswith("@label=2 :chat.test BATCH +")
    assert all(len(line.partition(" ")[2].encode()) <= 510 for line in lines)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("user suspend nobody", "NO_SUCH_ACCOUNT :There is no account nobody. See: securechat-admin user list"),
        ("user suspend", "INVALID_PARAMS :the following arguments are required: NAME; "),
        ("user suspend a b", "INVALID_PARAMS :unrecognized arguments: b; MANAGE HELP user suspend tells more"),
        ("user suspend 'a", "INVALID_PARAMS :There is a quotation mark that is not closed"),
        ("user suspend -h", "INVALID_PARAMS :the following"),
        ("user", "INVALID_SUBCOMMAND :There is no such operation here; MANAGE HELP lists"),
        (":", "INVALID_SUBCOMMAND :There is no such operation here"),
        ("user passwd root", "INVALID_SUBCOMMAND :There is no such operation here"),
        ("user add x", "INVALID_SUBCOMMAND :"),
        ("audit export", "INVALID_SUBCOMMAND :"),
        ("invite revoke x", "INVALID_PARAMS :argument NUMBER: 'x' is not a whole number"),
        ("invite create --expires soon", "BAD_DURATION :An invite expires after"),
    ],
)
def test_refusals(harness: Harness, line: str, answer: str) -> None:
    root = administrator(harness)
    (told_,) = told(root, f"MANAGE {line}")
    assert told_.startswith(f"FAIL MANAGE {answer}")
    assert on_record(harness) == []


def test_help(harness: Harness) -> None:
    root = administrator(harness)
    lines = told(root, "MANAGE help")
    assert "NOTE MANAGE RESULT :MANAGE user suspend: Keep an account out, at once and until it is unsuspended." in lines
    assert len(lines) == len(managing.OFFERED)
    assert told(root, "MANAGE HELP invite revoke") == [
        "NOTE MANAGE RESULT :MANAGE invite revoke [--reason TEXT] NUMBER",
        "NOTE MANAGE RESULT :Make an invite useless; accounts made with it stay.",
        "NOTE MANAGE RESULT :NUMBER: as `invite list` shows it",
        "NOTE MANAGE RESULT :TEXT: why, for the record (audit list)",
    ]


def test_what_cannot_be_undone_is_told_first(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Operation(
        "room burn",
        burn,
        str,
        "Burn a room.",
        (Argument("name", needed=True),),
        question=lambda _, name: f"All of {name} goes for good.",
        over_irc=OPERATIONS["user list"].over_irc,
    )
    monkeypatch.setitem(managing.OFFERED, row.name, row)
    monkeypatch.setattr("securechat.server.operations.OPERATIONS", {row.name: row})
    root = administrator(harness)
    assert told(root, "MANAGE room burn tea") == [
        "NOTE MANAGE CONFIRM :All of tea goes for good.",
        "NOTE MANAGE CONFIRM :Nothing is done yet. If you mean it, repeat it with --yes",
    ]
    assert told(root, "MANAGE room burn tea --yes") == ["NOTE MANAGE RESULT :tea 1 None"]


def test_nobody_else_may(harness: Harness) -> None:
    harness.account("root", PASSWORD, administrator=True)
    bob = harness.person("bob")
    assert told(bob, "MANAGE user list") == ["481 bob :Only administrators may do this"]
    bob.answers(f"OPER root :{PASSWORD}")
    harness.account("carol", administrator=True)
    assert "NOTE MANAGE RESULT :Suspended root." in told(bob, "MANAGE user suspend root")
    assert on_record(harness)[-1][:2] == ("irc", "bob (guest)")


def test_powers_that_went_while_it_waited(harness: Harness) -> None:
    root = administrator(harness)
    other = harness.person("root", password=PASSWORD)
    root.received()
    root.sends_unsettled(b"MANAGE user list\r\n")
    other.sends("MODE root -o")
    assert ":chat.test FAIL MANAGE NOT_PERMITTED :You are not allowed to do this" in root.received()


def test_powers_that_went_while_another_operation_was_run(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the console somebody has the turn for long, and is followed by who takes the powers away."""
    root, bob = administrator(harness), harness.account("bob")
    administration = harness.hub.administration
    assert administration is not None

    class Turn:
        def __enter__(self) -> None:
            with harness.hub.lock:
                harness.hub.accounts["root"].suspended = True
                end_session(harness.hub, root.session, "The account is suspended")

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(administration, "turn", Turn())
    root.sends("MANAGE user suspend bob")
    assert not bob.suspended
    assert on_record(harness) == []


def test_when_it_cannot_be_done_now(harness: Harness) -> None:
    root = administrator(harness)
    harness.workers.full = True
    assert told(root, "MANAGE user list")[0].startswith("FAIL MANAGE TEMPORARILY_UNAVAILABLE :")
    harness.workers.full = False
    harness.hub.administration = None
    assert told(root, "MANAGE user list")[0].startswith("FAIL MANAGE TEMPORARILY_UNAVAILABLE :")


def test_nothing_of_it_is_in_a_log() -> None:
    assert logs.redact("> MANAGE user passwd bob hunter2") == "> MANAGE (hidden)"
