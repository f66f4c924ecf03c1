"""Fair queueing of complete requests before they get a thread. Used by `BufferingWorker`.

Round robin over client addresses, and within an address over its users. A client that sends a thousand requests at once
delays another client's request by one request per client, not by a thousand.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

Task = TypeVar("Task")


class FairQueue(Generic[Task]):
    """Has the methods of `deque` that waitress calls; waitress holds its own lock around each call.

    `key_of` returns a task's client address and user. Every method takes constant time.
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
        """Remove and return the next task. Its user moves behind the client's other users, its client behind all others.

        Raises KeyError when the queue is empty.
        """
        client, users = self._clients.popitem(last=False)
        user, tasks = users.popitem(last=False)
        task = tasks.popleft()
        self._length -= 1
        if tasks:
            users[user] = tasks
        if users:
            self._clients[client] = users
        return task
