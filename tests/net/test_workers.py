"""The worker pools: every wait is on an event with a deadline."""

import gc
import threading
import weakref
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from securechat.net.workers import THREADS, WorkerPools
from securechat.server.ports import Pool

DEADLINE = 20.0
Outcome = tuple[Any, BaseException | None]


@pytest.fixture
def pools() -> Iterator[WorkerPools]:
    made = WorkerPools(most_waiting=3)
    made.start()
    yield made
    made.stop(DEADLINE)


class Gate:
    """A job that waits until it is opened."""

    def __init__(self) -> None:
        self.running = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self) -> str:
        self.running.release()
        assert self._open.wait(DEADLINE)
        return threading.current_thread().name

    def open(self) -> None:
        self._open.set()

    def occupy(self, pools: WorkerPools, pool: Pool, outcomes: "SimpleQueue[Outcome]") -> None:
        """Keep every thread of the pool busy."""
        for _ in range(THREADS[pool]):
            assert pools.submit(pool, self, lambda *outcome: outcomes.put(outcome))
            assert self.running.acquire(timeout=DEADLINE)


@pytest.mark.parametrize("pool", Pool)
def test_the_result_comes_back_on_a_thread_of_the_pool(pools: WorkerPools, pool: Pool) -> None:
    outcomes: SimpleQueue[tuple[Any, BaseException | None, str]] = SimpleQueue()
    pools.submit(pool, lambda: 42, lambda *outcome: outcomes.put((*outcome, threading.current_thread().name)))
    result, error, thread = outcomes.get(timeout=DEADLINE)
    assert (result, error) == (42, None)
    assert thread.startswith(f"worker-{pool.value}-")


def test_an_error_goes_to_whoever_asked_and_the_worker_goes_on(pools: WorkerPools) -> None:
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    problem = ValueError("no")

    def fail() -> None:
        raise problem

    for _ in range(5):
        assert pools.submit(Pool.READING, fail, lambda *outcome: outcomes.put(outcome))
        assert outcomes.get(timeout=DEADLINE) == (None, problem)
    pools.submit(Pool.READING, lambda: "well", lambda *outcome: outcomes.put(outcome))
    assert outcomes.get(timeout=DEADLINE) == ("well", None)


def test_a_bug_in_giving_back_is_logged_and_the_worker_goes_on(
    pools: WorkerPools, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: SimpleQueue[Outcome] = SimpleQueue()

    def broken(result: Any, error: BaseException | None) -> None:
        outcomes.put((result, error))
        raise RuntimeError("in done")

    for _ in range(THREADS[Pool.HASHING] + 1):
        assert pools.submit(Pool.HASHING, lambda: "broken", broken)
        assert outcomes.get(timeout=DEADLINE) == ("broken", None)
    pools.submit(Pool.HASHING, lambda: "well", lambda *outcome: outcomes.put(outcome))
    assert outcomes.get(timeout=DEADLINE) == ("well", None)
    pools.stop(DEADLINE)
    assert caplog.text.count("Bug while a worker gave back its result") == THREADS[Pool.HASHING] + 1


def test_a_full_queue_refuses_and_the_other_pool_does_not_notice(pools: WorkerPools) -> None:
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    gate = Gate()
    gate.occupy(pools, Pool.HASHING, outcomes)
    for _ in range(3):
        assert pools.submit(Pool.HASHING, lambda: "waited", lambda *outcome: outcomes.put(outcome))
    assert not pools.submit(Pool.HASHING, lambda: "too many", lambda *outcome: outcomes.put(outcome))

    read: SimpleQueue[Outcome] = SimpleQueue()
    assert pools.submit(Pool.READING, lambda: "read", lambda *outcome: read.put(outcome))
    assert read.get(timeout=DEADLINE) == ("read", None)

    gate.open()
    results = [outcomes.get(timeout=DEADLINE)[0] for _ in range(THREADS[Pool.HASHING] + 3)]
    assert results.count("waited") == 3
    assert "too many" not in results


def test_stop_drops_what_waits_and_lets_what_runs_finish(pools: WorkerPools) -> None:
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    gate = Gate()
    gate.occupy(pools, Pool.READING, outcomes)
    pools.submit(Pool.READING, lambda: "dropped", lambda *outcome: outcomes.put(outcome))
    pools.stop(0)  # what waits is dropped at once; the threads are at work still
    assert outcomes.empty()
    gate.open()
    pools.stop(DEADLINE)
    results = [outcomes.get(timeout=DEADLINE)[0] for _ in range(THREADS[Pool.READING])]
    assert "dropped" not in results
    assert outcomes.empty()


def test_a_job_that_is_done_is_let_go(pools: WorkerPools) -> None:
    """It may hold a password, which must not live in the idle thread until the next job."""

    class Secret:
        pass

    outcomes: SimpleQueue[str] = SimpleQueue()
    secret = Secret()
    gone = threading.Event()
    weakref.finalize(secret, gone.set)

    def job(held: Secret = secret) -> Secret:
        return held

    pools.submit(Pool.HASHING, job, lambda *_: outcomes.put("done"))
    del job, secret
    assert outcomes.get(timeout=DEADLINE) == "done"
    gc.collect()
    assert gone.wait(DEADLINE)
