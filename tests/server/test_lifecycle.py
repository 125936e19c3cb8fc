"""Every pair of a state and a step: where it leads, or that it is refused."""

import itertools

import pytest

from securechat.server.lifecycle import TRANSITIONS, State, Step, after

OPEN, NEGOTIATING, PRESENT, ENDED = State

# Written out by hand: rows are states, columns the steps in their order; None is refused.
EXPECTED: dict[State, tuple[State | None, ...]] = {
    #             NEGOTIATE    NEGOTIATED  WELCOME  END
    OPEN: (NEGOTIATING, OPEN, PRESENT, ENDED),
    NEGOTIATING: (NEGOTIATING, OPEN, None, ENDED),
    PRESENT: (PRESENT, PRESENT, None, ENDED),
    ENDED: (None, None, None, None),
}


@pytest.mark.parametrize(("state", "step"), list(itertools.product(State, Step)))
def test_every_pair(state: State, step: Step) -> None:
    wanted = EXPECTED[state][list(Step).index(step)]
    if wanted is None:
        with pytest.raises(ValueError, match=f"{step.name} cannot follow in state {state.name}"):
            after(state, step)
    else:
        assert after(state, step) is wanted


def test_every_state_can_be_reached_and_nothing_leads_out_of_the_end() -> None:
    assert set(TRANSITIONS.values()) | {OPEN} == set(State)
    assert not any(state is ENDED for state, _ in TRANSITIONS)
