"""The order in which queued requests are processed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.web_server.fair_queue import FairQueue


def queue_of(tasks: list[str]) -> FairQueue[str]:
    """A queue of tasks such as "a1-3": the third of user 1 at client a."""
    queue: FairQueue[str] = FairQueue(lambda task: (task[0], task[1]))
    for task in tasks:
        queue.append(task)
    return queue


def drain(queue: FairQueue[str]) -> list[str]:
    return [queue.popleft() for _ in range(len(queue))]


def test_the_queue_is_round_robin_over_clients_and_over_the_users_of_each():
    queue = queue_of(["a1-1", "a1-2", "a1-3", "a2-1", "a2-2", "b1-1", "b1-2", "c1-1"])
    assert drain(queue) == ["a1-1", "b1-1", "c1-1", "a2-1", "b1-2", "a1-2", "a2-2", "a1-3"]
    assert (len(queue), bool(queue)) == (0, False)


def test_a_new_client_or_user_waits_for_one_task_of_each_other():
    queue = queue_of([f"a1-{number}" for number in range(1_000)])
    assert queue.popleft() == "a1-0"
    queue.append("b1-0")
    queue.append("a2-0")
    assert [queue.popleft() for _ in range(4)] == ["a1-1", "b1-0", "a2-0", "a1-2"]


def test_popping_from_an_empty_queue_is_a_lookup_error():
    with pytest.raises(LookupError):
        queue_of([]).popleft()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), max_size=40))
def test_no_task_is_lost_and_the_tasks_of_a_user_stay_in_order(users):
    tasks = [f"{client}{user}-{number:02}" for number, (client, user) in enumerate(users)]
    popped = drain(queue_of(tasks))
    assert sorted(popped) == sorted(tasks)
    for user in {task[:2] for task in tasks}:
        of_user = [task for task in popped if task[:2] == user]
        assert of_user == sorted(of_user)
