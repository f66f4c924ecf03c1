"""The statements that the inbox's pages cost: a fixed number, whatever the numbers of threads, rows and profiles are."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode

from accounts.models import Profile, User
from interactions.clock import now
from interactions.models import Label, Note, SavedReply, SavedView, Thread
from interactions.threads.decisions import decide
from tests.inbox_pages import LIST, PANE, action, address, browser, htmx, whole
from tests.thread_requests import row
from tests.world import HOUR, NOW, T, comment, event, message, send, thread

MINUTE = timedelta(minutes=1)
ALL = "status=all"


def fill(user: User, size: int) -> None:
    """`size` profiles, live and demo, each with `size` threads in every state, of `size` rows, notes, decisions and labels."""
    for number in range(size):
        profile = Profile.objects.create(
            owner=user,
            platform="facebook",
            platform_id=f"brand-{number}",
            handle=f"brand{number}",
            is_demo=bool(number % 2),
        )
        send(profile, event("content.published", "piece"), *_events(number, size))
        of_profile = {"profile": profile, "is_demo": profile.is_demo}
        labels = [Label.objects.create(name=f"l{one}", **of_profile).pk for one in range(size)]
        for one in Thread.objects.filter(profile=profile):
            Thread.objects.filter(pk=one.pk).update(label_ids=labels)
            for place in range(size):
                Note.objects.create(thread=one, text="a note", created_at=T[0] + place * MINUTE, **of_profile)
                decide([one.pk], "done" if place % 2 else "open", T[0] + place * MINUTE)
        decide([one.pk for one in Thread.objects.filter(profile=profile)][1::3], "open", NOW)
    for number in range(size):
        SavedView.objects.store(user, f"view {number}", "inbox", "")
        SavedReply.objects.store(user, f"reply {number}", "Hello {first_name}", NOW)


def _events(profile: int, size: int):
    for number in range(size):
        root, author = f"c{profile}-{number}", {"id": f"a{number}", "name": f"A{number}"}
        yield comment(root, T[0] + number * MINUTE, author=author)
        yield message(f"m{profile}-{number}", T[0], author=author, conversation_id=f"t{profile}-{number}")
        for place in range(size):
            moment = T[1] + place * MINUTE
            author = {"id": f"b{place}", "name": f"B{place}"}
            yield comment(f"{root}-{place}", moment, parent_id=root, author=author)
            yield comment(f"{root}-{place}-r", moment, parent_id=f"{root}-{place}", author={"id": "a0"})
            yield message(f"n{profile}-{number}-{place}", moment, conversation_id=f"t{profile}-{number}")


def statements(ask: Callable[[], HttpResponse]) -> int:
    with CaptureQueriesContext(connection) as context:
        answer = ask()
    assert answer.status_code == 200, answer.content[:500]
    return len(context)


def requests(client: Client) -> dict[str, Callable[[], HttpResponse]]:
    """Every request that a page of the inbox sends."""
    headers = {target: htmx(client, target) for target in ("", LIST, PANE)}
    one, talk, all_ids = thread("c0-0"), thread("t0-0"), list(Thread.objects.values_list("pk", flat=True))
    told = browser(whole(client, address(one, query=ALL)))

    def get(path: str, target: str | None = ""):
        sent = {} if target is None else headers[target]
        return lambda: client.get(path, headers=sent)

    def post(path: str, target: str = PANE, **fields: object):
        return lambda: client.post(f"{path}?{ALL}", told | fields, headers=headers[target])

    return {
        "page": get(f"/inbox/?{ALL}", None),
        "page with a comment": get(address(one, query=ALL), None),
        "list": get(f"/inbox/?{ALL}", LIST),
        "list of a search": get(f"/inbox/?{ALL}&search=comment", LIST),
        "list of a label": get(f"/inbox/?{ALL}&label=l0", LIST),
        "older": get(f"/inbox/older/?{ALL}"),
        "comment": get(address(one), PANE),
        "conversation": get(address(talk), PANE),
        "person": get(f"/inbox/{one.pk}/person/"),
        "saved replies": get(f"/inbox/{one.pk}/replies/"),
        "whole text": get(f"/inbox/rows/{row('c0-0').pk}/text/"),
        "updates": get(f"/inbox/updates/?{ALL}&{urlencode(told)}"),
        "snooze": post(action(one, "status"), status="snoozed", until=(now() + HOUR).isoformat()),
        "done from a row": post(action(one, "status"), "", status="done"),
        "unread": post(action(one, "unread"), "", unread="1"),
        "labels": post(action(one, "labels"), label=["l0", "new"]),
        "reply": post(action(one, "write"), text="Hello", mode="reply"),
        "note": post(action(one, "write"), text="a note", mode="note"),
        "hide": post(f"/inbox/rows/{row('c0-0-0').pk}/hide/"),
        "selected": post("/inbox/bulk/", "", change="archived", ids=all_ids),
        "all that match": post("/inbox/bulk/", "", change="done", all="1", listed=""),
        "undo": post("/inbox/undo/", LIST, restore=",".join(f"{id} archived" for id in all_ids)),
    }


COSTS = {
    "page": 11,
    "page with a comment": 18,
    "list": 10,
    "list of a search": 22,
    "list of a label": 16,
    "older": 7,
    "comment": 10,
    "conversation": 10,
    "person": 7,
    "saved replies": 6,
    "whole text": 3,
    "updates": 16,
    "snooze": 27,
    "done from a row": 20,
    "unread": 19,
    "labels": 27,
    "reply": 37,
    "note": 26,
    "hide": 29,
    "selected": 20,
    "all that match": 19,
    "undo": 29,
}


def test_the_cost_does_not_depend_on_the_numbers_of_threads_rows_and_profiles(page, alice):
    for size in (2, 4):
        with transaction.atomic():  # rolled back
            fill(alice, size)
            assert {name: statements(ask) for name, ask in requests(page).items()} == COSTS
            transaction.set_rollback(True)
