"""The life of a session as a table: which step may follow which."""

from enum import Enum, auto


class State(Enum):
    """Where a session stands."""

    OPEN = auto()  # connected; registers as soon as NICK and USER are there
    NEGOTIATING = auto()  # CAP was begun: registration waits for CAP END
    PRESENT = auto()  # welcomed: it has a user
    ENDED = auto()  # nothing of it counts any more


class Step(Enum):
    """What moves a session on."""

    NEGOTIATE = auto()  # CAP LS or CAP REQ
    NEGOTIATED = auto()  # CAP END
    WELCOME = auto()  # nick, user and right are there
    END = auto()  # QUIT, error, or the connection is gone


TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.OPEN, Step.NEGOTIATE): State.NEGOTIATING,
    (State.NEGOTIATING, Step.NEGOTIATE): State.NEGOTIATING,
    (State.NEGOTIATING, Step.NEGOTIATED): State.OPEN,
    (State.OPEN, Step.NEGOTIATED): State.OPEN,
    (State.OPEN, Step.WELCOME): State.PRESENT,
    # A client may ask for capabilities at any time; CAP END means nothing then (capability negotiation, "CAP END").
    (State.PRESENT, Step.NEGOTIATE): State.PRESENT,
    (State.PRESENT, Step.NEGOTIATED): State.PRESENT,
    (State.OPEN, Step.END): State.ENDED,
    (State.NEGOTIATING, Step.END): State.ENDED,
    (State.PRESENT, Step.END): State.ENDED,
}


def after(state: State, step: Step) -> State:
    """Return the state after `step`. Raises ValueError when the table has no such row: a bug of ours."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise ValueError(f"{step.name} cannot follow in state {state.name}") from None
