"""Requests to the API of threads, and what they leave; called by its tests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.db import connection
from django.test import Client

from accounts.models import User
from interactions.models import Decision, Interaction, Label, Note, Thread
from tests.lock_helpers import profiles_locked, wait_for_locks
from tests.world import at, thread

JSON = "application/json"
LIST = "/api/v1/threads/"


def row(platform_id: str) -> Interaction:
    return Interaction.objects.get(platform_id=platform_id)


def path_of(root: str, action: str = "") -> str:
    return f"{LIST}{thread(root).pk}/{action}"


def change(client: Client, root: str, **fields):
    return client.patch(path_of(root), fields, content_type=JSON)


def post(client: Client, path: str, **fields):
    return client.post(path, fields, content_type=JSON)


def roots(client: Client, query: str = "") -> list[str]:
    return [one["root_ref"] for one in client.get(f"{LIST}?{query}").json()["results"]]


def shown(moment: datetime) -> str:
    return at(moment).replace("+00:00", "Z")


def everything() -> list:
    return [
        list(table.objects.order_by("pk").values()) for table in (Thread, Interaction, Note, Decision, Label)
    ]


def simultaneously(user: User, profiles: list[int], *requests):
    """Send the requests by as many clients; all wait for the profiles' locks until each has begun."""

    def send_one(request):
        client = Client()
        client.force_login(user)
        try:
            return request(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        with profiles_locked(profiles):
            started = [pool.submit(send_one, request) for request in requests]
            wait_for_locks(len(requests))
        return [future.result() for future in started]
