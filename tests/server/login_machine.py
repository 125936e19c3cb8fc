"""Sequences of all that has to do with logins, each step held against a second opinion (tests.server.login_oracle).

A script of bytes chooses the steps and what they are about, so that hypothesis can shorten one that fails. After every
step `Machine.check` asks for the promises: nobody is logged in but by what they have shown on this very connection,
nobody changes their account, no right outlives its end, no account is made without what the policy asks for, nobody
has powers without right, and the replies say what has happened.

Steps may leave work undone (`put_off`), or find a full disk. Then there is more than one right outcome: what has
succeeded must have been right, what has failed is left alone.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from securechat.domain.account import Account, Credentials, Invite
from securechat.domain.ports import UnitOfWork
from securechat.domain.second_factor import SecondFactor
from securechat.server.invites import digest_of
from securechat.server.membership import GENERAL
from securechat.server.operations import perform
from securechat.server.passwords import Parameters, hash_password
from tests.server.harness import CHEAP, Harness, code_of
from tests.server.login_oracle import STEP, Failures, Owner, Right, Ticket, code_at, digest_of_code
from tests.server.login_people import Caller, Choices, Policy

T = TypeVar("T")

CALLERS = 4
CAPABILITIES = "sasl standard-replies"
ADDRESSES = ("192.0.2.1", "192.0.2.2")
NEVER = 1 << 60
TOKENS = ("once", "twice", "ended", "powers")


class BrokenPromiseError(AssertionError):
    """What must never be, and how it came to it."""


Step = Callable[["Machine"], None]
STEPS: list[Step] = []
"""Every step, as often as it is likely."""


def step(weight: int) -> Callable[[Step], Step]:
    """Register a step, which is done as often as its weight says."""

    def register(function: Step) -> Step:
        STEPS.extend([function] * weight)
        return function

    return register


class Machine:
    """A server, some people, and what is known of them."""

    def __init__(self, harness: Harness, policy: Policy, number: int, choices: Choices) -> None:
        self.harness, self.policy, self.choices = harness, policy, choices
        harness.time += STEP - harness.time % STEP  # the same script finds the same time
        self.number = number  # makes names that no sequence before has used
        self.story: list[str] = []
        self.seen: set[str] = set()  # what has happened, so that a run can be asked whether it was about anything
        self.owners: dict[str, Owner] = {}
        self.tickets: dict[str, Ticket] = {}
        self.failures = Failures(policy.failures)
        self.closed = False  # registration, by an administrator
        self.overheard: tuple[Owner, str] | None = None  # with what somebody has logged in
        self.serials = itertools.count(number << 16)
        self.heard = ""  # a line of SASL that somebody else has sent
        self.calm = True  # whether nothing is put off, and the disk is as it should be
        self.used_codes: set[object] = set()
        self.wishes: list[tuple[str, Ticket | None]] = []  # accounts that may be made now, and by which invite
        self._furnish()
        self.callers = [self.connect(None) for _ in range(CALLERS)]

    # What there is

    def name(self, word: str) -> str:
        """A name that belongs to this sequence alone."""
        return f"{word}{self.number}x"

    def _furnish(self) -> None:
        """Make accounts and invites, all of them at once."""
        harness = self.harness
        for word in ("root", "anna", "bob"):
            name = self.name(word)
            self.owners[name] = Owner(name, first_password(name), administrator=word == "root")
        for word in TOKENS:
            ends = self.now + (30_000 if word == "ended" else 1 << 40)
            token = f"{word}-token-{self.number:08}".ljust(22, "-")
            self.tickets[word] = Ticket(token, 2 if word == "twice" else 1, ends, word == "powers")

        def store(unit: UnitOfWork) -> tuple[list[Account], list[Invite]]:
            accounts = [
                unit.accounts.add(one.name, cheap_hash(one.password), administrator=one.administrator, time=self.now)
                for one in self.owners.values()
            ]
            invites = [
                unit.invites.add(
                    digest_of(one.token),
                    rooms=(GENERAL,),
                    administrator=one.administrator,
                    uses=one.left,
                    expires=one.ends,
                    note="",
                    created_by="test",
                    time=self.now,
                )
                for one in self.tickets.values()
            ]
            return accounts, invites

        accounts, invites = harness.journal.call(store).result(20)
        with harness.hub.lock:
            for account in accounts:
                harness.hub.add_account(account)
            for ticket, invite in zip(self.tickets.values(), invites, strict=True):
                harness.hub.invites.add(digest_of(ticket.token), invite)
                ticket.number = invite.id

    def connect(self, certificate: Owner | None, ends: int = NEVER, address: str = ADDRESSES[0]) -> Caller:
        person, serial = self.harness.connection(address), ""
        if certificate is not None:
            person.session.certificate_account = certificate.name
            person.session.certificate_ends = ends
            person.session.certificate_serial = serial = f"{next(self.serials):X}"
        return Caller(person, address, certificate, ends, serial)

    @property
    def now(self) -> int:
        return self.harness.time

    def administer(self, operation: str, **parameters: object) -> dict[str, object]:
        """What securechat-admin does."""
        administration = self.harness.hub.administration
        assert administration is not None
        answer = perform(administration, {"operation": operation, **parameters})
        self.harness.settle()
        return answer

    # Choosing

    def a_caller(self, fits: Callable[[Caller], bool] = lambda _: True) -> Caller | None:
        """One of those whose lines are run at once and who fit, if there is one."""
        fitting = [one for one in self.callers if one.is_free and fits(one)]
        return self.choices.one_of(fitting) if fitting else None

    def an_owner(self) -> Owner:
        return self.choices.one_of(list(self.owners.values()))

    def somebody_to_be(self) -> Owner:
        """One of the owners, mostly one who has more than a password."""
        owners = list(self.owners.values())
        return self.choices.one_of(owners + 3 * [one for one in owners if one.secret or one.app_passwords])

    def a_code(self, owner: Owner) -> str:
        """A code, right or not."""
        secret = owner.secret or b"nobody's"
        kind = self.choices.one_of(("right", "next", "recovery", "past") * 2 + ("old", "wrong"))
        shift = {"right": 0, "next": 1, "old": -2}.get(kind)
        if shift is not None:
            return code_at(secret, self.now // STEP + shift)
        if kind == "recovery" and owner.recovery:
            return owner.recovery[0]
        return self.choices.one_of(owner.past_codes) if kind == "past" and owner.past_codes else "000000"

    def something_given(self, owner: Owner) -> str:
        """What somebody says where a password is asked for: right, or something that is right elsewhere."""
        kind = self.choices.one_of(
            ("right", "right", "app") * 4 + ("alone", "other's", "past", "wrong", "token", "revoked")
        )
        others = [one for one in self.owners.values() if one is not owner]
        password = owner.password
        if kind == "app" and owner.app_passwords:
            return self.choices.one_of(list(owner.app_passwords.values()))
        if kind == "alone":
            return password
        if kind == "other's":
            password = self.choices.one_of(others).password
        elif kind in ("past", "revoked"):
            password = self.choices.one_of(owner.past) if owner.past else "past"
        elif kind == "wrong":
            password = "wrong"
        elif kind == "token":
            password = self.tickets["powers"].token
        return f"{password} {self.a_code(owner)}" if owner.secret is not None else password

    # Sending

    def index(self, caller: Caller) -> int:
        """What the story calls somebody."""
        return self.callers.index(caller)

    def say(self, caller: Caller, *lines: str) -> list[str]:
        """Send lines; return what came."""
        before = len(caller.lines)
        caller.person.sends(*lines)
        caller.lines += caller.person.received()
        return caller.lines[before:]

    def tell(self, text: str) -> None:
        self.story.append(text)

    def broken(self, text: str) -> BrokenPromiseError:
        return BrokenPromiseError("\n".join([*self.story, text]))

    # Judging

    def shows(
        self, caller: Caller, owner: Owner, given: str, purpose: str, *, app_passwords: bool = False
    ) -> Right | None:
        """Note that somebody shows `given` for an account; return what it proves."""
        right = owner.proved_by(given, self.now, app_passwords=app_passwords)
        if right is not None:
            caller.shown.append((right, purpose))
        if not self.calm:
            caller.later.append((owner, given, app_passwords, purpose))
        return right

    def expects_login(self, caller: Caller, right: Right | None, name: str) -> bool | None:
        """Whether an exchange that begins now must succeed; None: both is right."""
        if caller.told or right is None or not right.holds:
            return False
        if self.failures.must_refuse(self.harness.now, caller.address, name):
            return False
        if caller.is_present and right.owner.secret is None and self.policy.second_factor == "everybody":
            return False
        return None if self.failures.may_refuse(self.harness.now, caller.address) else True

    def wish(self, caller: Caller, name: str) -> None:
        """Note that somebody wants to make an account, if they may now."""
        if caller.told or self.closed or self.policy.registration == "closed":
            return
        if not caller.is_present and not self.policy.before_connect:
            return
        last = caller.passed[-1:] if not caller.is_present else []
        self.wishes += [(name, one) for one in self.tickets.values() if one.token in last and one.is_good(self.now)]
        if self.policy.registration == "open":
            self.wishes.append((name, None))

    def failed(self, caller: Caller, name: str = "") -> None:
        """Count a proof that was refused."""
        self.failures.note(self.harness.now, caller.address, name)

    def doubt(self, owner: Owner) -> None:
        """Believe the disk of what codes were used up by what has failed."""
        if self.calm:
            self.believe(owner)

    def used_up(self, right: Right | None) -> None:
        """What `right` needs was looked at: a code of it is good for nothing any more."""
        if right is not None and right.code is not None and self.calm:
            right.code.use()

    def granted(self, caller: Caller, purpose: str, name: str = "") -> Right:
        """By what `caller` has got something (of the account `name`); it must have proved that it may."""
        for right, wanted in caller.shown:
            if wanted == purpose and right.holds and name in ("", right.owner.name):
                if right.code is not None:
                    code = (right.owner.name, right.code.secret, right.code.step, right.code.recovery)
                    if code in self.used_codes:
                        raise self.broken(f"a code of {right.owner.name} was good twice")
                    self.used_codes.add(code)
                return right
        raise self.broken(f"{purpose} without right: {caller.lines}")

    # A sequence

    def run(self) -> None:
        """Do all that the script says."""
        while not self.choices.at_end:
            chosen = self.choices.one_of(STEPS)
            before = len(self.story)
            chosen(self)
            if len(self.story) == before:
                self.tell(f"({chosen.__name__})")
            self.check()
        if not self.calm:
            self.go_on()
            self.check()

    def go_on(self) -> None:
        """Do what was put off: what somebody has shown must be right now."""
        for caller in self.callers:
            for owner, given, app_passwords, purpose in caller.later:
                right = owner.proved_by(given, self.now, app_passwords=app_passwords)
                if right is not None:
                    caller.shown.append((right, purpose))
            caller.later.clear()
        self.harness.workers.work()
        self.harness.settle()
        self.check()
        self.calm = True
        self.believe()

    @contextmanager
    def unquiet(self) -> Iterator[None]:
        """Inside, no outcome is certain; afterwards, what is on disk is believed."""
        calm, self.calm = self.calm, False
        try:
            yield
        finally:
            self.calm = calm
            if calm:
                self.believe()

    def believe(self, *owners: Owner) -> None:
        """Learn from the disk what a step that was not certain has changed of people's means."""
        read = self.harness.database.read
        for ticket in self.tickets.values() if not owners else ():
            invite = read(partial(invite_of, ticket.token))
            assert invite is not None
            ticket.left = invite.uses_left
        for owner in owners or self.owners.values():
            factor, kept = read(partial(means_of, self.harness.hub.accounts[owner.name.lower()].id))
            owner.app_passwords = {name: one for name, one in owner.app_passwords.items() if name in kept}
            if factor is None:
                owner.secret = None
            else:
                owner.secret, owner.newest = factor.secret, factor.last_step
                owner.recovery = [one for one in owner.recovery if digest_of_code(one) in factor.recovery]

    # The promises

    def check(self) -> None:
        """All that must hold after every step."""
        for caller in self.callers:
            caller.lines += caller.person.received()
        for caller in self.callers:
            self._check_replies(caller)
            self._check_right(caller)
            self._check_presence(caller)
        for caller in self.callers:
            self._check_powers(caller)
            caller.lines.clear()
            if not caller.person.session.busy:
                caller.shown.clear()
        for owner in self.owners.values():
            if not any(one.is_present and one.told == owner.name for one in self.callers):
                owner.resigned = False
        self._check_accounts()
        if self.calm:
            self.wishes.clear()

    def _check_replies(self, caller: Caller) -> None:
        codes = caller.codes
        told = [line.split()[4] for line in caller.lines if code_of(line) == "900"]
        made = any(" REGISTER SUCCESS " in line for line in caller.lines)
        if "901" in codes:
            raise self.broken("somebody was logged out, which there is not")
        if "381" in codes:
            caller.powers.append(self.granted(caller, "powers"))
            self.seen.add("powers")
        if len(told) > 1 or (told and caller.told):
            raise self.broken(f"told twice to be logged in: {caller.lines}")
        if codes.count("903") != (len(told) if not made else 0):
            raise self.broken(f"900 and 903 do not belong together: {caller.lines}")
        if not set(codes).isdisjoint({"904", "464"}) or any(
            " INVALID_C" in line or " INVITE_" in line for line in caller.lines
        ):
            self.failed(caller)
        if not set(codes).isdisjoint({"900", "904", "906"}):
            caller.proved = None
        if told:
            caller.told = told[0]
            if any(one.told == caller.told and one.is_present for one in self.callers if one is not caller):
                caller.powers.clear()  # one more session of a user that is here
            caller.right = self._right_of_maker(caller) if made else self.granted(caller, "login", told[0])
            self.seen.add("made an account" if made else how(caller.right))

    def _right_of_maker(self, caller: Caller) -> Right:
        """Whoever has made an account is logged in to it; `_check_accounts` asks whether it might be made."""
        if caller.told not in self.owners:
            self._note_made(caller.told)
        return Right(self.owners[caller.told], 0, changes=0, made=True)

    def _check_right(self, caller: Caller) -> None:
        """Nobody is logged in but as they were told, and only as long as they may be."""
        session = caller.person.session
        if caller.is_gone:
            return
        name = session.account.name if session.account is not None else ""
        if name != caller.told:
            raise self.broken(f"{name or 'nobody'} instead of {caller.told or 'nobody'}")
        if caller.right is not None and not caller.right.holds:
            raise self.broken(f"{name} is still logged in")
        if caller.sent_away:
            raise self.broken(f"{name} is still logged in here, and was sent away")
        user = session.user
        if user is not None and (user.account.name if user.account else "") != caller.told:
            raise self.broken(f"present as somebody else than {caller.told or 'a guest'}")

    def _check_presence(self, caller: Caller) -> None:
        """Nobody is present whom the policy keeps out."""
        if not caller.is_present:
            return
        owner = self.owners.get(caller.told)
        if owner is None:
            if not self.policy.guests:
                raise self.broken("a guest, where there are none")
            if self.policy.password and self.policy.password not in caller.passed:
                raise self.broken("present without the server's password")
        elif self.policy.second_factor == "everybody" and owner.secret is None and self.calm and not caller.may_stay:
            raise self.broken(f"{owner.name} is present without a second factor")

    def _check_powers(self, caller: Caller) -> None:
        """Nobody has an administrator's powers but an administrator, and who has proved to be one."""
        user = caller.person.session.user
        if not caller.is_present or user is None:
            return
        if user.operator and not self.has_powers(caller):
            raise self.broken(f"{user.nick} has powers without right")
        if self.calm and self.has_powers(caller) and not user.operator:
            raise self.broken(f"{user.nick} has no powers, of right")

    def has_powers(self, caller: Caller) -> bool:
        """Whether the user of `caller` may do what administrators may."""
        owner = self.owners.get(caller.told)
        user = caller.person.session.user
        together = [one for one in self.callers if one.is_present and one.person.session.user is user]
        if any(right.holds for one in together for right in one.powers):
            return True
        if owner is None or not owner.administrator or owner.resigned:
            return False
        return not owner.lacks_factor(self.policy.second_factor)

    def _check_accounts(self) -> None:
        """Nobody has made an account without what the policy asks for, nor got more by it."""
        hub = self.harness.hub
        for account in list(hub.accounts.values()):
            if account.name.endswith(self.name("")) and account.name not in self.owners:
                self._note_made(account.name)
        for owner in self.owners.values():
            account = hub.accounts[owner.name.lower()]
            if account.administrator != owner.administrator:
                raise self.broken(f"{owner.name} is an administrator, or none, without right")
            if account.suspended != owner.suspended:
                raise self.broken(f"{owner.name} is suspended, or not, without right")

    def _note_made(self, name: str) -> None:
        """Somebody has made the account `name`: with what right?"""
        administrator = self.harness.hub.accounts[name.lower()].administrator
        for wish, ticket in self.wishes:
            if wish == name and administrator == (ticket is not None and ticket.administrator):
                if ticket is not None:
                    if ticket.left < 1:
                        continue
                    ticket.left -= 1
                self.owners[name] = Owner(name, first_password(name), administrator)
                return
        raise self.broken(f"{name} was made by nobody who might")


@functools.cache
def cheap_hash(password: str, _: Parameters = CHEAP) -> Credentials:
    """`hash_password`, once for each password."""
    return hash_password(password, CHEAP)


def invite_of(token: str, unit: UnitOfWork) -> Invite | None:
    return unit.invites.by_token(digest_of(token))


def means_of(account_id: int, unit: UnitOfWork) -> tuple[SecondFactor | None, set[str]]:
    """An account's second factor, and the names of its app passwords."""
    return unit.second_factors.of(account_id), {one.name for one in unit.second_factors.app_passwords(account_id)}


def first_password(name: str) -> str:
    """With which password an account is made."""
    return f"first-of-{name}"


def how(right: Right) -> str:
    """In a word, by what somebody has logged in."""
    if right.certificate:
        return "logged in by a certificate"
    if right.app_password:
        return "logged in by an app password"
    if right.code is not None:
        return f"logged in by a {'recovery code' if right.code.recovery else 'code'}"
    return "logged in"
