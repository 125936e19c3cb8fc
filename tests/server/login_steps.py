"""What somebody may do who wants to be logged in, or keeps others from it: the steps of tests.server.login_machine."""

import base64

from securechat.errors import ProtocolError
from securechat.protocol.sasl import ScramClient, chunks
from tests.server.harness import code_of
from tests.server.login_machine import ADDRESSES, CAPABILITIES, NEVER, Machine, step
from tests.server.login_oracle import Owner, Right
from tests.server.login_people import Caller

PLAIN, SCRAM, EXTERNAL = "PLAIN", "SCRAM-SHA-256", "EXTERNAL"


def in_chunks(data: bytes) -> list[str]:
    """The lines that carry a response."""
    return [f"AUTHENTICATE {chunk}" for chunk in chunks(data)]


def data_of(lines: list[str]) -> bytes | None:
    """What the server has sent by AUTHENTICATE, if it has."""
    parts = [line.split()[2] for line in lines if code_of(line) == "AUTHENTICATE"]
    return base64.b64decode("".join(part for part in parts if part != "+")) if parts else None


# Connections


@step(3)
def connects(machine: Machine) -> None:
    """Somebody goes, and somebody else comes, perhaps with a certificate."""
    index = machine.choices.one_of(range(len(machine.callers)))
    machine.tell(f"{index}: connects anew")
    machine.callers[index].person.vanishes()
    machine.check()
    owner = machine.choices.one_of([None, *machine.owners.values()])
    ends = machine.now + machine.choices.one_of((NEVER, NEVER, 20_000))
    machine.callers[index] = machine.connect(owner, ends, machine.choices.one_of(ADDRESSES))


@step(2)
def leaves(machine: Machine) -> None:
    caller = machine.a_caller()
    if caller is not None:
        machine.tell(f"{machine.index(caller)}: QUIT")
        machine.say(caller, "QUIT")


@step(2)
def negotiates(machine: Machine) -> None:
    says(machine, ("CAP LS 302", f"CAP REQ :{CAPABILITIES}", "CAP END", "CAP LIST", "CAP REQ :-sasl"))


@step(3)
def names_itself(machine: Machine) -> None:
    caller = machine.a_caller()
    if caller is None:
        return
    nick = machine.choices.one_of((machine.name(f"guest{machine.index(caller)}"), machine.an_owner().name))
    line = machine.choices.one_of((f"NICK {nick}", "USER user 0 * :User"))
    machine.tell(f"{machine.index(caller)}: {line}")
    machine.say(caller, line)


@step(2)
def shows_a_token(machine: Machine) -> None:
    caller = machine.a_caller()
    if caller is None:
        return
    tokens = [one.token for one in machine.tickets.values()]
    token = machine.choices.one_of([machine.policy.password or "nothing", *tokens, "unknown-token---------"])
    machine.tell(f"{machine.index(caller)}: PASS {token}")
    if not caller.is_present:
        caller.passed.append(token)
    machine.say(caller, f"PASS {token}")


@step(2)
def does_something_else(machine: Machine) -> None:
    """What is stored, shown, or waits while something is under way."""
    says(machine, ("JOIN #tea", "PRIVMSG #tea :hi", "PING x", "JOIN 0", "TOTP STATUS", "APPPASSWORD LIST"))


def says(machine: Machine, lines: tuple[str, ...]) -> None:
    caller = machine.choices.one_of(machine.callers)
    line = machine.choices.one_of(lines)
    machine.tell(f"{machine.index(caller)}: {line}")
    machine.say(caller, line)


@step(4)
def comes_in(machine: Machine) -> None:
    """The way in that most take: negotiate, log in, complete the registration."""
    caller = machine.a_caller(lambda one: not one.is_present)
    if caller is None:
        return
    nick = machine.name(f"guest{machine.index(caller)}")
    machine.tell(f"{machine.index(caller)}: comes in as {nick}")
    if machine.policy.password and machine.choices.one_of((1, 1, 0)):
        caller.passed.append(machine.policy.password)
        machine.say(caller, f"PASS {machine.policy.password}")
    machine.say(caller, "CAP LS 302", f"CAP REQ :{CAPABILITIES}", f"NICK {nick}", "USER user 0 * :User")
    if machine.choices.one_of((1, 1, 1, 0)):
        by_password(machine, caller, machine.somebody_to_be())
    machine.say(caller, "CAP END")


# AUTHENTICATE


def may_log_in(caller: Caller) -> bool:
    """Mostly those who have not yet."""
    return not caller.told or caller.is_present


@step(8)
def logs_in(machine: Machine) -> None:
    caller = machine.a_caller(may_log_in)
    if caller is not None:
        by_password(machine, caller, machine.somebody_to_be())


@step(3)
def listens_and_repeats(machine: Machine) -> None:
    """Log in with what somebody has logged in with before."""
    caller = machine.a_caller(lambda one: not one.told)
    if caller is not None and machine.overheard is not None:
        owner, given = machine.overheard
        by_password(machine, caller, owner, given)


@step(2)
def guesses(machine: Machine) -> None:
    """Wrong passwords in a row, then the right one."""
    caller = machine.a_caller(lambda one: not one.told)
    if caller is None:
        return
    owner = machine.an_owner()
    for given in ("wrong", "wrong again", "wrong as ever", owner.password):
        by_password(machine, caller, owner, given)
        machine.check()
        if not caller.is_free:
            return


def by_password(machine: Machine, caller: Caller, owner: Owner, repeated: str = "") -> None:
    """A whole exchange by PLAIN or SCRAM, with whatever somebody may say where a password is asked for."""
    mechanism = machine.choices.one_of((PLAIN, PLAIN, SCRAM))
    given = repeated or machine.something_given(owner)
    acts_as = machine.an_owner().name if machine.choices.one_of((0, 0, 0, 0, 1)) else ""
    machine.tell(f"{machine.index(caller)}: logs in to {owner.name} by {mechanism} with {given!r}, as {acts_as!r}")
    machine.say(caller, "AUTHENTICATE *", f"AUTHENTICATE {mechanism}")
    foreign = acts_as not in ("", owner.name) if mechanism == PLAIN else bool(acts_as)  # it is not in SCRAM's proof
    shown = given
    if mechanism == SCRAM and owner.secret is None:
        shown = given.rpartition(" ")[0] or given  # a code that nobody asks for is not looked at
    right = None if foreign else machine.shows(caller, owner, shown, "login", app_passwords=mechanism == PLAIN)
    expected = machine.expects_login(caller, right, owner.name)
    if mechanism == PLAIN:
        lines = machine.say(caller, *in_chunks(f"{acts_as}\0{owner.name}\0{given}".encode()))
    else:
        begin_scram(machine, caller, owner, given, acts_as)
        lines = machine.say(caller) if caller.scram is None else end_scram(machine, caller, given)
    conclude(machine, caller, owner.name, right, lines, expected=expected)
    if "903" in caller.codes:
        machine.overheard = owner, given


def conclude(
    machine: Machine, caller: Caller, name: str, right: Right | None, lines: list[str], *, expected: bool | None
) -> None:
    """Hold what came of an exchange against what had to come."""
    codes = [code_of(line) for line in caller.lines]
    limited = any(" RATE_LIMITED " in line for line in caller.lines)
    if not limited and not caller.told:
        machine.used_up(right)
    if limited and not machine.failures.may_refuse(machine.harness.now, caller.address):
        raise machine.broken(f"told to wait for nothing: {caller.lines}")
    if machine.calm and not caller.told and not caller.is_gone:
        if codes.count("903") + codes.count("904") != 1:
            raise machine.broken(f"neither logged in nor not: {caller.lines}")
        if expected is not None and ("903" in codes) != expected:
            raise machine.broken(f"logged in to {name}: {'903' in codes} instead of {expected}: {caller.lines}")
    if "904" in codes and not limited:
        if machine.calm and right is None:
            machine.failed(caller, name)
        machine.seen.add("refused")
    if limited:
        machine.seen.add("told to wait")


def begin_scram(machine: Machine, caller: Caller, owner: Owner, given: str, acts_as: str = "") -> list[str]:
    """The first message, and what the client makes of the challenge."""
    password, _, code = given.rpartition(" ") if " " in given else (given, "", "")
    client = ScramClient(owner.name, password, "nonce-of-client", code)
    first = client.first().replace(b"n,,", f"n,{f'a={acts_as}' if acts_as else ''},".encode(), 1)
    lines = machine.say(caller, *in_chunks(first))
    challenge = data_of(lines)
    caller.scram, caller.challenge = (client, challenge) if challenge else (None, b"")
    caller.scram_of = owner, password, owner.changes, code if owner.secret is not None else ""
    return lines


def end_scram(machine: Machine, caller: Caller, given: str) -> list[str]:
    """The final message, and the line that ends the exchange."""
    assert caller.scram is not None
    client, caller.scram = caller.scram, None
    try:
        final = client.final(caller.challenge or b"")
    except ProtocolError:
        return machine.say(caller, "AUTHENTICATE *")
    machine.heard = in_chunks(final)[0]
    lines = machine.say(caller, *in_chunks(final))
    if data_of(lines):
        client.check(data_of(lines) or b"")
        lines += machine.say(caller, "AUTHENTICATE +")
    return lines


@step(3)
def begins_scram(machine: Machine) -> None:
    """Half an exchange: much may happen before the other half."""
    caller = machine.a_caller(may_log_in)
    if caller is None:
        return
    owner = machine.an_owner()
    given = machine.something_given(owner)
    machine.tell(f"{machine.index(caller)}: begins SCRAM for {owner.name} with {given!r}")
    machine.say(caller, "AUTHENTICATE *", f"AUTHENTICATE {SCRAM}")
    begin_scram(machine, caller, owner, given)


@step(4)
def goes_on_with_scram(machine: Machine) -> None:
    """The proof, or the line after it; right only if nothing has ended the account's rights since the first half."""
    caller = machine.a_caller(lambda one: one.scram is not None or one.proved is not None)
    if caller is None:
        return
    if caller.scram is None or caller.scram_of is None:
        sends(machine, caller, "AUTHENTICATE +")
        return
    owner, password, changes, code = caller.scram_of
    given = f"{password} {code}" if code else password
    machine.tell(f"{machine.index(caller)}: goes on with SCRAM for {owner.name}")
    right = owner.proved_by(given, machine.now, app_passwords=False) if owner.changes == changes else None
    client, caller.scram = caller.scram, None
    try:
        final = client.final(caller.challenge or b"")
    except ProtocolError:
        return
    machine.heard = in_chunks(final)[0]
    lines = machine.say(caller, *in_chunks(final))
    if data_of(lines):
        machine.used_up(right)
        if machine.choices.one_of((1, 0)) and right is not None:
            caller.shown.append((right, "login"))
            machine.say(caller, "AUTHENTICATE +")
        elif right is not None:
            caller.proved = right  # what remains may come later
        else:
            raise machine.broken(f"the server proves to know {owner.name} to who does not: {lines}")
    elif "904" in [code_of(line) for line in lines]:
        machine.doubt(owner)


@step(3)
def shows_its_certificate(machine: Machine) -> None:
    caller = machine.a_caller(lambda one: one.certificate is not None)
    if caller is None:
        return
    owner = caller.certificate
    acts_as = machine.an_owner().name if machine.choices.one_of((0, 0, 1)) else ""
    machine.tell(f"{machine.index(caller)}: EXTERNAL, as {acts_as!r}")
    good = owner is not None and machine.now < caller.certificate_ends and acts_as in ("", owner.name)
    right = Right(owner, owner.turn, certificate=caller.serial) if good and owner is not None else None
    name = owner.name if owner is not None else ""
    expected = machine.expects_login(caller, right, name)
    if right is not None:
        caller.shown.append((right, "login"))
    machine.say(caller, "AUTHENTICATE *", f"AUTHENTICATE {EXTERNAL}")
    lines = machine.say(caller, *in_chunks(acts_as.encode())) if owner is not None else []
    conclude(machine, caller, name, right, lines, expected=expected)


@step(5)
def sends_something_of_sasl(machine: Machine) -> None:
    """Lines of any exchange, in any order: of another one, of somebody else, too long, or nonsense."""
    caller = machine.a_caller()
    if caller is None:
        return
    owner = machine.an_owner()
    given = machine.something_given(owner)
    right = owner.proved_by(given, machine.now, app_passwords=True)
    response = in_chunks(f"\0{owner.name}\0{given}".encode())[0]
    line = machine.choices.one_of(
        (
            response,
            "AUTHENTICATE *",
            "AUTHENTICATE PLAIN",
            response,
            f"AUTHENTICATE {SCRAM}",
            f"AUTHENTICATE {EXTERNAL}",
            "AUTHENTICATE +",
            f"AUTHENTICATE {'A' * 400}",
            f"AUTHENTICATE {'A' * 401}",
            "AUTHENTICATE !",
            "AUTHENTICATE GSSAPI",
            "AUTHENTICATE",
            machine.heard or "AUTHENTICATE *",
        )
    )
    if line == response:
        machine.shows(caller, owner, given, "login", app_passwords=True)
    sends(machine, caller, line)
    if "904" in caller.codes and line == response:
        machine.doubt(owner)
    elif right is not None and line == response and "900" in caller.codes:
        machine.used_up(right)


def sends(machine: Machine, caller: Caller, line: str) -> None:
    """Send one line of SASL; it may be the last one of an exchange that has proved something already."""
    machine.tell(f"{machine.index(caller)}: {line}")
    certificate = caller.certificate
    if certificate is not None and machine.now < caller.certificate_ends:
        caller.shown.append((Right(certificate, certificate.turn, certificate=caller.serial), "login"))
    if caller.proved is not None:
        caller.shown.append((caller.proved, "login"))
    before, told = caller.codes, caller.told
    machine.say(caller, line)
    codes = caller.codes[len(before) :]
    if told and codes not in (["907"], ["461"]) and machine.calm and not caller.is_gone:
        raise machine.broken(f"who is logged in may not go on: {caller.lines}")
    if line == "AUTHENTICATE *" and not told and machine.calm and codes != ["906"] and not caller.is_gone:
        raise machine.broken(f"not aborted: {caller.lines}")
