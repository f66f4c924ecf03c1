"""The order in which the requests that have arrived are answered.

Client addresses take turns, and within one address those who log in from there. Who sends a thousand requests at once
so keeps nobody else waiting for more than the requests that are being answered.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

Task = TypeVar("Task")


class FairQueue(Generic[Task]):
    """A queue with the methods of a deque that waitress calls, under a lock of its own.

    `key_of` gives the client of a task and the user at that client. Each step costs the same, whatever waits.
    """

    def __init__(self, key_of: Callable[[Task], tuple[str, str]]) -> None:
        self._key_of = key_of
        self._clients: OrderedDict[str, OrderedDict[str, deque[Task]]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, task: Task) -> None:
        client, user = self._key_of(task)
        self._clients.setdefault(client, OrderedDict()).setdefault(user, deque()).append(task)
        self._length += 1

    def popleft(self) -> Task:
        """Take the task whose turn it is; its user goes behind the client's others, and the client behind all others."""
        client, users = self._clients.popitem(last=False)
        user, tasks = users.popitem(last=False)
        task = tasks.popleft()
        self._length -= 1
        if tasks:
            users[user] = tasks
        if users:
            self._clients[client] = users
        return task
