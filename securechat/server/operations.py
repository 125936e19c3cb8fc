"""The table of administrative operations: their names and parameters, and the one way in which they are run.

A request is a JSON object `{"operation": NAME, PARAMETER: VALUE, ...}`; the answer is `{"ok": true, "result": ...}`
or `{"ok": false, "code": WORD, "error": SENTENCE}`, whether a running server gives it or securechat-admin itself.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from securechat.errors import SecurechatError, StorageError
from securechat.server.administration import Administration, explain, sentence
from securechat.server.management import (
    audit,
    bans,
    certificates,
    database,
    invites,
    messages,
    registration,
    reports,
    rooms,
    sessions,
    users,
)
from securechat.server.management.rows import Family, Operation, Where

logger = logging.getLogger(__name__)

FAMILIES: Final[tuple[Family, ...]] = (
    users.FAMILY,
    sessions.FAMILY,
    certificates.FAMILY,
    invites.FAMILY,
    rooms.FAMILY,
    messages.FAMILY,
    reports.FAMILY,
    bans.FAMILY,
    registration.FAMILY,
    audit.FAMILY,
    database.FAMILY,
)
"""Every family of operations, in the order in which people are told of them."""

OPERATIONS: Final[Mapping[str, Operation]] = {one.name: one for family in FAMILIES for one in family.operations}
"""Every operation by its name."""

QUESTION: Final = "question"
"""A request that has this (true) is not carried out: its answer is the question that must be asked before."""

_WORDS: Final = {str: "text", bool: "true or false", int: "a whole number", list: "a list of texts"}
_RESERVED: Final = {"operation", QUESTION}


def perform(
    administration: Administration, request: Mapping[str, Any], check: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Run the operation that `request` asks for and return the answer. Never raises; our own bugs are logged.

    `check` raises what refuses it. It is called when the turn has come, as the right to ask for it may end meanwhile.
    """
    name = request.get("operation")
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        return _refusal("unknown_operation", f"The operations are: {', '.join(OPERATIONS)}.")
    parameters = {key: value for key, value in request.items() if key not in _RESERVED}
    problem = _problem(operation, parameters)
    if problem:
        return _refusal("bad_request", f"{name}: {problem}.")
    if operation.where is Where.STOPPED and administration.runs:
        return _refusal("server_runs", f"{name} is possible only while no server runs; stop it first.")
    if operation.where is Where.RUNNING and not administration.runs:
        return _refusal("no_server", f"{name} is possible only beside a running server; none runs here.")
    run = operation.run
    if request.get(QUESTION):
        if operation.question is None:
            return _refusal("bad_request", f"{name}: there is nothing to ask before it.")
        run = operation.question
    return _carried_out(operation.name, lambda: run(administration, **parameters), administration, check)


def _carried_out(
    name: str, run: Callable[[], object], administration: Administration, check: Callable[[], None]
) -> dict[str, Any]:
    try:
        with administration.turn:
            check()
            return {"ok": True, "result": _plain(run())}
    except StorageError as error:
        logger.error("%s failed: %s", name, error)
        return _refusal("storage", f"{sentence(str(error))} Nothing was changed.")
    except SecurechatError as error:
        return _refusal(*explain(error))
    except TimeoutError:
        logger.error("%s waited in vain for the journal", name)
        return _refusal("timeout", "The server is too busy; what was asked may be done or not.")
    except Exception:
        logger.exception("Bug in the operation %s", name)
        return _refusal("bug", "The server made a mistake of its own; its log says more.")


def _problem(operation: Operation, parameters: Mapping[str, object]) -> str:
    """Return what is wrong with the parameters, or nothing. Values are not quoted: one may be a password."""
    known = {argument.name: argument.type for argument in operation.arguments}
    for key, value in parameters.items():
        if key not in known:
            return "there is a parameter too many"
        right = type(value) is known[key] and (
            not isinstance(value, list) or all(isinstance(one, str) for one in value)
        )
        if not right:
            return f"{key} must be {_WORDS[known[key]]}"
    missing = [one.name for one in operation.arguments if one.needed and one.name not in parameters]
    return f"{missing[0]} is missing" if missing else ""


def _plain(result: object) -> object:
    """Return a result as JSON can hold it."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    if isinstance(result, list):
        return [_plain(one) for one in result]
    return result


def _refusal(code: str, text: str) -> dict[str, Any]:
    return {"ok": False, "code": code, "error": text}
