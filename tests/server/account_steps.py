"""What somebody may do with an account, and what may be done to it: more steps of tests.server.login_machine."""

import base64
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from securechat.server.live_effects import HubEffects
from tests.server.harness import code_of
from tests.server.login_machine import Machine, first_password, step
from tests.server.login_oracle import STEP, Failures, Owner, Right, code_at
from tests.server.login_people import Caller
from tests.server.login_steps import by_password, comes_in, logs_in, sends_something_of_sasl

SETUP_SECONDS = 600
PASSWORD_SECONDS = 120

# Accounts


@step(5)
def registers(machine: Machine) -> None:
    """With an invite or without, before the welcome or after it, for a name that is free or not."""
    caller = machine.a_caller(lambda one: not one.told)
    if caller is None:
        return
    name = machine.choices.one_of([machine.name("carl"), machine.name("dora"), machine.an_owner().name])
    ticket = machine.choices.one_of([None, *machine.tickets.values()])
    if ticket is not None and not caller.is_present and not caller.told:
        caller.passed.append(ticket.token)
        machine.say(caller, f"PASS {ticket.token}", f"NICK {machine.name(f'guest{machine.index(caller)}')}")
    machine.tell(f"{machine.index(caller)}: REGISTER {name} with {ticket.token if ticket else 'no invite'}")
    machine.wish(caller, name)
    machine.say(caller, f"REGISTER {name} * {first_password(name)}")


@step(5)
def sets_up_a_second_factor(machine: Machine) -> None:
    """All of it, or the beginning."""
    caller = machine.a_caller(lambda one: bool(one.told))
    if caller is None:
        return
    owner = machine.owners[caller.told]
    given = machine.something_given(owner)
    machine.tell(f"{machine.index(caller)}: TOTP SETUP :{given}")
    ask(machine, caller, owner, given, f"TOTP SETUP :{given}", "setup", " TOTP_SECRET ")
    if machine.choices.one_of((1, 1, 0)):
        confirms(machine, caller)


@step(3)
def confirms_a_second_factor(machine: Machine) -> None:
    caller = machine.a_caller(lambda one: one.setup is not None)
    if caller is not None:
        confirms(machine, caller)


def confirms(machine: Machine, caller: Caller) -> None:
    owner = machine.owners.get(caller.told)
    if not caller.is_free or owner is None or not machine.calm:  # else it may be in force before anybody reads so
        return
    secret, until = caller.setup or (b"nothing was set up", 0.0)
    step_of_code = machine.now // STEP + machine.choices.one_of((0, 0, 0, 0, -1, 1, 5))
    code = code_at(secret, step_of_code)
    machine.tell(f"{machine.index(caller)}: TOTP CONFIRM {code}")
    lines = machine.say(caller, f"TOTP CONFIRM {code}")
    good = caller.setup is not None and machine.harness.now <= until
    good &= code in [code_at(secret, machine.now // STEP + shift) for shift in (-1, 0, 1)]
    confirmed = any(" TOTP_CONFIRMED " in line for line in lines)
    if confirmed and not good:
        raise machine.broken(f"a second factor was set up by a wrong code: {lines}")
    if confirmed:
        caller.setup = None
        machine.seen.add("set up a second factor")
        owner.secret, owner.newest = secret, step_of_code
        owner.recovery = recovery_codes(lines)


def recovery_codes(lines: list[str]) -> list[str]:
    return [line.rpartition(":")[2] for line in lines if " RECOVERY_CODE " in line]


def ask(machine: Machine, caller: Caller, owner: Owner, given: str, line: str, purpose: str, sign: str) -> str:
    """Do what asks for the password again; return the line that says that it is done."""
    right = machine.shows(caller, owner, given, purpose)
    wait = machine.failures.may_refuse(machine.harness.now, caller.address)
    must_wait = machine.failures.must_refuse(machine.harness.now, caller.address, caller.told)
    lines = machine.say(caller, line)
    done = next((one for one in lines if sign in one), "")
    if done:
        machine.granted(caller, purpose, owner.name)
        machine.seen.add(purpose)
        if purpose == "setup":
            secret = base64.b32decode(done.split()[4])
            caller.setup = secret, machine.harness.now + SETUP_SECONDS
    if caller.told and not any(" RATE_LIMITED " in one for one in lines):
        machine.used_up(right)
        if machine.calm and any(" INVALID_CREDENTIALS " in one for one in lines):
            machine.failed(caller, caller.told)
    if done and must_wait:
        raise machine.broken(f"looked at, although too many have failed: {lines}")
    if right is not None and right.holds and machine.calm and not wait and not done and purpose == "setup":
        raise machine.broken(f"refused who has the right: {lines}")
    return done


@step(4)
def takes_its_second_factor_away(machine: Machine) -> None:
    """Or asks for new recovery codes."""
    caller = machine.a_caller(lambda one: bool(one.told))
    owner = machine.owners.get(caller.told) if caller is not None else None
    if caller is None or owner is None or owner.secret is None:
        return
    subcommand = machine.choices.one_of(("REMOVE", "RECOVERY"))
    code = machine.a_code(owner)
    machine.tell(f"{machine.index(caller)}: TOTP {subcommand} {code}")
    fitting = owner.fitting_code(code, machine.now)
    right = Right(owner, owner.turn, code=fitting) if fitting is not None else None
    required = owner.lacks_factor_without(machine.policy.second_factor)
    if right is not None and not (required and subcommand == "REMOVE"):
        caller.shown.append((right, "code"))
    lines = machine.say(caller, f"TOTP {subcommand} {code}")
    if machine.calm and any(" INVALID_CODE " in line for line in lines):
        machine.failed(caller, owner.name)
    if subcommand == "REMOVE" and any(" TOTP_REMOVED " in line for line in lines):
        machine.granted(caller, "code", owner.name)
        machine.used_up(right)
        owner.secret, owner.recovery = None, []
        machine.seen.add("took the second factor away")
    if subcommand == "RECOVERY" and recovery_codes(lines):
        machine.granted(caller, "code", owner.name)
        machine.used_up(right)
        owner.past_codes += owner.recovery[:1]
        owner.recovery = recovery_codes(lines)


@step(6)
def makes_an_app_password(machine: Machine) -> None:
    caller = machine.a_caller(lambda one: one.is_present and bool(one.told))
    if caller is None:
        return
    owner = machine.owners[caller.told]
    given = machine.something_given(owner)
    name = machine.choices.one_of(("phone", "mail"))
    machine.tell(f"{machine.index(caller)}: APPPASSWORD ADD {name} :{given}")
    line = f"APPPASSWORD ADD {name} :{given}"
    done = ask(machine, caller, owner, given, line, "made an app password", " APP_PASSWORD_ADDED ")
    if done:
        owner.app_passwords[name] = done.rpartition(":")[2]


@step(3)
def revokes_an_app_password(machine: Machine) -> None:
    caller = machine.a_caller(lambda one: one.is_present and bool(one.told))
    owner = machine.owners.get(caller.told) if caller is not None else None
    if caller is None or owner is None:
        return
    program = machine.a_caller(lambda one: not one.told)
    if program is not None and owner.app_passwords and machine.choices.one_of((1, 0)):
        by_password(machine, program, owner, machine.choices.one_of(list(owner.app_passwords.values())))
        machine.check()
    if not caller.is_free:
        return
    name = machine.choices.one_of((*owner.app_passwords, "phone", "mail"))
    machine.tell(f"{machine.index(caller)}: APPPASSWORD REVOKE {name}")
    lines = machine.say(caller, f"APPPASSWORD REVOKE {name}")
    revoked = any(" APP_PASSWORD_REVOKED " in line for line in lines)
    if revoked or (caller.is_gone and machine.calm):
        owner.past.append(owner.app_passwords.pop(name, "none"))
        machine.seen.add("revoked an app password")


@step(4)
def changes_its_password(machine: Machine) -> None:
    """Both halves of it, or the first one."""
    caller = machine.a_caller(lambda one: one.is_present and bool(one.told))
    if caller is None or not machine.calm:
        return
    owner = machine.owners[caller.told]
    given = machine.something_given(owner)
    machine.tell(f"{machine.index(caller)}: PASSWD OLD :{given}")
    shown = ask(machine, caller, owner, given, f"PASSWD OLD :{given}", "showed the password", " PASSWORD_SHOWN ")
    if shown:
        caller.showed = owner.password, owner.secret, machine.harness.now + PASSWORD_SECONDS
    if machine.choices.one_of((1, 1, 0)) and caller.is_free:
        changed = says_the_new_password(machine, caller, owner)
        if shown and not changed:
            raise machine.broken(f"the password was not changed: {caller.lines}")


@step(2)
def changes_its_password_later(machine: Machine) -> None:
    caller = machine.a_caller(lambda one: one.is_present and bool(one.told))
    if caller is not None and machine.calm:
        says_the_new_password(machine, caller, machine.owners[caller.told])


def says_the_new_password(machine: Machine, caller: Caller, owner: Owner) -> bool:
    """The second half; whether it is in force."""
    password = f"{owner.changes + 2}-{first_password(owner.name)}"
    machine.tell(f"{machine.index(caller)}: PASSWD NEW :{password}")
    (shown, secret, until), caller.showed = caller.showed or ("", None, 0.0), None
    lines = machine.say(caller, f"PASSWD NEW :{password}")
    if not any(" PASSWORD_CHANGED " in line for line in lines):
        return False
    if (shown, secret) != (owner.password, owner.secret) or machine.harness.now > until:
        raise machine.broken(f"another password without right: {lines}")
    owner.past.append(owner.password)
    owner.password = password
    owner.changes += 1
    if caller.right is not None and caller.right.changes is not None:
        caller.right = replace(caller.right, changes=owner.changes)  # whoever has changed it stays
    machine.seen.add("changed the own password")
    return True


# Powers


@step(4)
def wants_powers(machine: Machine) -> None:
    caller = machine.a_caller(lambda one: one.is_present)
    if caller is None:
        return
    owner = machine.choices.one_of([machine.owners[machine.name("root")], machine.an_owner()])
    given = machine.something_given(owner)
    machine.tell(f"{machine.index(caller)}: OPER {owner.name} {given}")
    lacks = owner.lacks_factor(machine.policy.second_factor)
    must_wait = machine.failures.must_refuse(machine.harness.now, caller.address, owner.name)
    may_wait = machine.failures.may_refuse(machine.harness.now, caller.address)
    right = machine.shows(caller, owner, given, "powers") if owner.administrator and not lacks else None
    lines = machine.say(caller, f"OPER {owner.name} {given}")
    codes = [code_of(line) for line in lines]
    if not any(" RATE_LIMITED " in line for line in lines):
        machine.used_up(right)
        if lacks:
            machine.doubt(owner)
        if "464" in codes and machine.calm and right is None and not lacks:
            machine.failed(caller, owner.name)
    if machine.calm and not caller.is_gone:
        expected = right is not None and right.holds and not must_wait
        if ("381" in codes) != expected and not (expected and may_wait):
            raise machine.broken(f"powers: {'381' in codes} instead of {expected}: {lines}")


@step(1)
def puts_powers_aside(machine: Machine) -> None:
    caller = machine.a_caller(lambda one: one.is_present)
    if caller is None or not machine.calm:
        return
    user = caller.person.session.user
    assert user is not None
    machine.tell(f"{machine.index(caller)}: MODE {user.nick} -o")
    machine.say(caller, f"MODE {user.nick} -o")
    owner = machine.owners.get(caller.told)
    if owner is not None and machine.has_powers(caller):
        owner.resigned = True
    for one in machine.callers:
        if one.person.session.user is user:
            one.powers.clear()


@step(2)
def manages(machine: Machine) -> None:
    """Suspend somebody by MANAGE, with powers or without."""
    caller = machine.a_caller(lambda one: one.is_present)
    if caller is None:
        return
    owner = machine.an_owner()
    line = f"MANAGE user suspend {owner.name}"
    machine.tell(f"{machine.index(caller)}: {line}")
    before, may = owner.suspended, machine.has_powers(caller)
    lines = machine.say(caller, line)
    account = machine.harness.hub.accounts[owner.name.lower()]
    if account.suspended and not before:
        if not may:
            raise machine.broken(f"{owner.name} was suspended without right: {lines}")
        machine.seen.add("suspended over IRC")
        owner.suspended = True
        owner.end_rights()


# What happens to them


@step(4)
def is_suspended(machine: Machine) -> None:
    """Or not any more."""
    owner = machine.an_owner()
    operation = "user unsuspend" if owner.suspended else "user suspend"
    machine.tell(f"securechat-admin {operation} {owner.name}")
    given = {} if owner.suspended else {"last_administrator": True}
    if machine.administer(operation, name=owner.name, **given)["ok"]:
        owner.suspended = not owner.suspended
        if owner.suspended:
            owner.end_rights()
            machine.seen.add("suspended")


@step(3)
def gets_another_password(machine: Machine) -> None:
    owner = machine.an_owner()
    password = f"{owner.changes + 2}-{first_password(owner.name)}"
    machine.tell(f"securechat-admin user passwd {owner.name}: {password}")
    if machine.administer("user passwd", name=owner.name, password=password)["ok"]:
        owner.past.append(owner.password)
        owner.password = password
        owner.changes += 1
        owner.end_rights()


@step(2)
def loses_what_it_had_beside_the_password(machine: Machine) -> None:
    """An administrator takes the second factor away, or an app password."""
    owner = machine.somebody_to_be()
    name = machine.choices.one_of([*owner.app_passwords, *owner.app_passwords, ""])
    if not name:
        machine.tell(f"securechat-admin user second-factor-reset {owner.name}")
        if machine.administer("user second-factor-reset", name=owner.name)["ok"]:
            owner.secret, owner.recovery = None, []
            for one in machine.callers:
                one.may_stay |= one.is_present and one.told == owner.name
                if owner.lacks_factor(machine.policy.second_factor):
                    one.powers = [right for right in one.powers if right.owner is not owner]
            machine.seen.add("an administrator took the second factor away")
        return
    listed: object = machine.administer("user app-passwords", name=owner.name)["result"]
    assert isinstance(listed, list)
    number = next((one["number"] for one in listed if one["name"] == name), 0)
    machine.tell(f"securechat-admin user app-password-revoke {owner.name} {number}")
    if machine.administer("user app-password-revoke", name=owner.name, number=number)["ok"]:
        owner.past.append(owner.app_passwords.pop(name, "none"))
        machine.seen.add("an administrator revoked an app password")


@step(2)
def certificate_is_revoked(machine: Machine) -> None:
    caller = machine.choices.one_of(machine.callers)
    owner = caller.certificate
    if owner is None:
        return
    machine.tell(f"the certificate of {machine.index(caller)} is revoked")
    owner.revoked.add(caller.serial)
    revoke_again(machine)
    machine.seen.add("revoked a certificate")


def revoke_again(machine: Machine) -> None:
    """Let the server know of all that are revoked; the list itself is no part of the database."""
    serials = {one for owner in machine.owners.values() for one in owner.revoked}
    HubEffects(machine.harness.hub).certificates_revoked(serials)
    machine.harness.settle()


@step(2)
def sends_others_away(machine: Machine) -> None:
    """End the other sessions of the own account."""
    caller = machine.a_caller(lambda one: one.is_present and bool(one.told))
    if caller is None:
        return
    machine.tell(f"{machine.index(caller)}: SESSIONS REVOKE others")
    others = [one for one in machine.callers if one is not caller and one.told == caller.told and not one.is_gone]
    lines = machine.say(caller, "SESSIONS REVOKE others")
    if any(" SESSIONS_END " in line for line in lines):
        machine.seen.add("sent others away")
        for one in others:
            one.sent_away = True


@step(1)
def invites_change(machine: Machine) -> None:
    """An invite is revoked, or registration closed or opened."""
    ticket = machine.choices.one_of([None, *machine.tickets.values()])
    if ticket is None:
        operation = f"registration {'open' if machine.closed else 'close'}"
        machine.tell(f"securechat-admin {operation}")
        if machine.administer(operation)["ok"]:
            machine.closed = not machine.closed
    elif not ticket.revoked:
        machine.tell(f"securechat-admin invite revoke: {ticket.token}")
        ticket.revoked = bool(machine.administer("invite revoke", number=ticket.number)["ok"])


@step(4)
def time_passes(machine: Machine) -> None:
    seconds = machine.choices.one_of((1, 30, 30, 61, 601))
    machine.tell(f"{seconds} seconds pass")
    machine.harness.time += seconds * 1000
    machine.harness.now += seconds


@step(2)
def work_waits(machine: Machine) -> None:
    """Passwords are looked at later, or now."""
    if machine.calm:
        machine.tell("work is put off")
        machine.harness.workers.put_off()
        machine.calm = False
    else:
        machine.tell("work goes on")
        machine.go_on()


@step(2)
def trouble(machine: Machine) -> None:
    """The next step finds a full disk, or too many who wait already."""
    if not machine.calm:
        return
    kind = machine.choices.one_of(("disk", "workers"))
    machine.tell(f"trouble with {kind}:")
    harness = machine.harness
    inside: AbstractContextManager[None] = harness.disk_full() if kind == "disk" else nullcontext()
    harness.workers.full = kind == "workers"
    try:
        with machine.unquiet(), inside:
            next_step(machine)
            machine.check()
    finally:
        harness.workers.full = False


def next_step(machine: Machine) -> None:
    """One that can be done while nothing works."""
    machine.choices.one_of(UNTROUBLED)(machine)


UNTROUBLED = (
    logs_in,
    registers,
    confirms_a_second_factor,
    makes_an_app_password,
    revokes_an_app_password,
    wants_powers,
    is_suspended,
    gets_another_password,
    sends_something_of_sasl,
    takes_its_second_factor_away,
    comes_in,
)


@step(1)
def server_starts_anew(machine: Machine) -> None:
    """Everybody is gone, and what is on disk counts."""
    if not machine.calm:
        return
    machine.tell("the server starts anew")
    for caller in machine.callers:
        caller.person.vanishes()
    machine.check()
    machine.harness.restart()
    revoke_again(machine)
    machine.failures = Failures(machine.policy.failures)  # they are in memory only
    machine.callers = [machine.connect(None) for _ in machine.callers]
    machine.believe()
