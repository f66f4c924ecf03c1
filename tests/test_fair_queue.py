"""The order in which waiting requests are answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.fair_queue import FairQueue


def queue_of(tasks: list[str]) -> FairQueue[str]:
    """A queue of tasks such as "a1-3": the third of user 1 at client a."""
    queue: FairQueue[str] = FairQueue(lambda task: (task[0], task[1]))
    for task in tasks:
        queue.append(task)
    return queue


def drained(queue: FairQueue[str]) -> list[str]:
    return [queue.popleft() for _ in range(len(queue))]


def test_clients_take_turns_and_so_do_their_users():
    queue = queue_of(["a1-1", "a1-2", "a1-3", "a2-1", "a2-2", "b1-1", "b1-2", "c1-1"])
    assert drained(queue) == ["a1-1", "b1-1", "c1-1", "a2-1", "b1-2", "a1-2", "a2-2", "a1-3"]
    assert (len(queue), bool(queue)) == (0, False)


def test_who_comes_late_waits_for_one_of_each_other():
    queue = queue_of([f"a1-{number}" for number in range(1_000)])
    assert queue.popleft() == "a1-0"
    queue.append("b1-0")
    queue.append("a2-0")
    assert [queue.popleft() for _ in range(4)] == ["a1-1", "b1-0", "a2-0", "a1-2"]


def test_an_empty_queue_has_nothing_to_take():
    with pytest.raises(LookupError):
        queue_of([]).popleft()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), max_size=40))
def test_nothing_is_lost_and_each_users_own_stay_in_order(users):
    tasks = [f"{client}{user}-{number:02}" for number, (client, user) in enumerate(users)]
    taken = drained(queue_of(tasks))
    assert sorted(taken) == sorted(tasks)
    for user in {task[:2] for task in tasks}:
        own = [task for task in taken if task[:2] == user]
        assert own == sorted(own)
