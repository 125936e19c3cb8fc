"""The table of administrative operations: their names and parameters, and the one way in which they are run.

A request is a JSON object `{"operation": NAME, PARAMETER: VALUE, ...}`; the answer is `{"ok": true, "result": ...}`
or `{"ok": false, "code": WORD, "error": SENTENCE}`, whether a running server gives it or securechat-admin itself.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from securechat.errors import SecurechatError, StorageError
from securechat.server.administration import Administration, explain
from securechat.server.audit_operations import audit_export, audit_list, audit_verify

logger = logging.getLogger(__name__)

_WORDS: Final = {str: "text", bool: "true or false", int: "a whole number", list: "a list of texts"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: the method that does it, the parameters that it needs and those that it takes."""

    method: Callable[..., Any]
    needs: Mapping[str, type] = field(default_factory=dict)
    takes: Mapping[str, type] = field(default_factory=dict)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "user add": Operation(
        Administration.user_add, {"name": str, "password": str}, {"administrator": bool, "reason": str}
    ),
    "user list": Operation(Administration.user_list),
    "user passwd": Operation(Administration.user_passwd, {"name": str, "password": str}, {"reason": str}),
    "user suspend": Operation(Administration.user_suspend, {"name": str}, {"reason": str}),
    "user unsuspend": Operation(Administration.user_unsuspend, {"name": str}, {"reason": str}),
    "invite create": Operation(
        Administration.invite_create,
        takes={"rooms": list, "uses": int, "expires": str, "note": str, "administrator": bool, "host": str},
    ),
    "invite list": Operation(Administration.invite_list),
    "invite revoke": Operation(Administration.invite_revoke, {"number": int}, {"reason": str}),
    "room list": Operation(Administration.room_list),
    "audit list": Operation(audit_list, takes={"since": str, "account": str, "room": str, "limit": int}),
    "audit verify": Operation(audit_verify, takes={"head": str}),
    "audit export": Operation(audit_export, takes={"after": int}),
}


def perform(administration: Administration, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run the operation that `request` asks for and return the answer. Never raises; our own bugs are logged."""
    name = request.get("operation")
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        return _refusal("unknown_operation", f"The operations are: {', '.join(OPERATIONS)}.")
    parameters = {key: value for key, value in request.items() if key != "operation"}
    problem = _problem(operation, parameters)
    if problem:
        return _refusal("bad_request", f"{name}: {problem}.")
    try:
        return {"ok": True, "result": _plain(operation.method(administration, **parameters))}
    except StorageError as error:
        logger.error("%s failed: %s", name, error)
        return _refusal("storage", f"The database refused: {error}")
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
    known = {**operation.needs, **operation.takes}
    for key, value in parameters.items():
        if key not in known:
            return "there is a parameter too many"
        right = type(value) is known[key] and (
            not isinstance(value, list) or all(isinstance(one, str) for one in value)
        )
        if not right:
            return f"{key} must be {_WORDS[known[key]]}"
    missing = [key for key in operation.needs if key not in parameters]
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
