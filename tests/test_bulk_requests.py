"""Bodies of bulk changes that are refused, how many a user may send, and what they cost."""

from itertools import product

import pytest

from interactions.api.throttling import BulkChanges
from interactions.clock import now
from interactions.models import Interaction, Label, Thread
from tests.bulk_threads import BULK, DONE, comments, connect, everything, ids_of, post
from tests.world import DAY, HOUR, at, send


@pytest.mark.parametrize(
    ("body", "name", "sentence"),
    [
        ({"set": DONE}, None, "Send either ids or filter."),
        ({"ids": [1], "filter": {}, "set": DONE}, None, "Send either ids or filter."),
        ({"ids": [], "set": DONE}, "ids", "at least 1"),
        ({"ids": [1] * 5_001, "set": DONE}, "ids", "no more than 5000"),
        ({"ids": [0], "set": DONE}, "ids", "greater than or equal to 1"),
        ({"ids": [2**63], "set": DONE}, "ids", "less than or equal to"),
        ({"ids": ["1"], "set": DONE}, "ids", "Each of ids must be a whole number"),
        ({"ids": [True], "set": DONE}, "ids", "not true"),
        ({"ids": 1, "set": DONE}, "ids", "ids must be a list, not a number."),
        ({"ids": None, "set": DONE}, "ids", "not null"),
        ({"filter": None, "set": DONE}, "filter", "filter must be an object, not null."),
        ({"filter": [], "set": DONE}, "filter", "filter must be an object, not a list."),
        ({"filter": {"stauts": "open"}, "set": DONE}, "filter", "There is no such field; there are kind, platform"),
        ({"filter": {"cursor": "x"}, "set": DONE}, "filter", "There is no such field"),
        ({"filter": {"kind": "letter"}, "set": DONE}, "filter", "Select a valid choice"),
        ({"filter": {"status": "hidden"}, "set": DONE}, "filter", "Select a valid choice"),
        ({"filter": {"unread": "true"}, "set": DONE}, "filter", "unread must be true or false, not a string."),
        ({"filter": {"profile": "1"}, "set": DONE}, "filter", "profile must be a whole number, not a string."),
        ({"filter": {"profile": 10**20}, "set": DONE}, "filter", "Send a whole number of at most 20"),
        ({"filter": {"search": " "}, "set": DONE}, "filter", "search is empty"),
        ({"filter": {"label": ""}, "set": DONE}, "filter", "label is empty"),
        ({"filter": {"label": "\u200b"}, "set": DONE}, "filter", "label must be a name"),
        ({"filter": {"search": "x" * 101}, "set": DONE}, "filter", "search must have at most 100 characters"),
        ({"filter": {"search": "a\x00"}, "set": DONE}, "filter", "Null characters are not allowed."),
        ({"filter": {"active_after": "soon"}, "set": DONE}, "filter", "Send a day such as"),
        (
            {"filter": {"active_after": "2026-03-02", "active_before": "2026-03-01"}, "set": DONE},
            "filter",
            "active_after must be earlier",
        ),
        ({"filter": {}}, "set", "This field is required."),
        ({"filter": {}, "set": {}}, "set", "Send at least one of status, unread, labels, add_labels, remove_labels."),
        ({"filter": {}, "set": None}, "set", "set must be an object, not null."),
        ({"filter": {}, "set": {"covers": 5}}, "set", "There is no such field"),
        ({"filter": {}, "set": {"status": "hidden"}}, "set", "is not a valid choice"),
        ({"filter": {}, "set": {"status": "snoozed"}}, "set", "Send snoozed_until, the end"),
        ({"filter": {}, "set": {"snoozed_until": "{end}"}}, "set", "Send snoozed_until only with"),
        ({"filter": {}, "set": {"status": "snoozed", "snoozed_until": "{past}"}}, "set", "must be in the future"),
        ({"ids": ["{id}"], "set": {"status": "snoozed", "snoozed_until": "{far}"}}, "set", "at most 365 days"),
        ({"filter": {}, "set": {"unread": 1}}, "set", "unread must be true or false, not a number."),
        ({"filter": {}, "set": {"labels": ["a"], "add_labels": ["b"]}}, "set", "Send only one of labels"),
        ({"filter": {}, "set": {"add_labels": []}}, "set", "at least 1"),
        ({"filter": {}, "set": {"remove_labels": ["x" * 51]}}, "set", ""),
        ({"filter": {}, "set": {"labels": [str(n) for n in range(21)]}}, "set", "no more than 20"),
        ({"filter": {}, "until": "2026-01-31", "set": DONE}, "until", "Send a time with an offset"),
        ({"filter": {}, "until": "{year 10000}", "set": DONE}, "until", "Send a time with an offset"),
        ({"filter": {}, "limit": 5, "set": DONE}, "limit", "there are ids, filter, until, set."),
    ],
)  # fmt: skip
def test_an_invalid_body_is_400_and_changes_nothing(page, profiles, body, name, sentence):
    send(profiles[0], *comments("c", 1))
    values = {
        "{end}": at(now() + HOUR),
        "{past}": at(now()),
        "{far}": at(now() + 366 * DAY),
        "{id}": ids_of(profiles[0])[0],
        "{year 10000}": "9999-12-31T23:59:59-01:00",
    }

    def replaced(value):
        if isinstance(value, dict):
            return {name: replaced(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [replaced(inner) for inner in value]
        return values.get(value, value) if isinstance(value, str) else value

    before = everything()
    answer = post(page, **replaced(body))
    errors = answer.json()["errors"]
    assert (answer.status_code, list(errors)) == (400, [name or "non_field_errors"]), errors
    assert sentence in answer.json()["detail"]
    assert "non_field_errors" not in answer.json()["detail"]
    assert everything() == before


def test_a_user_may_send_a_number_of_changes_within_a_minute(page, profiles, bob, monkeypatch):
    monkeypatch.setitem(BulkChanges.THROTTLE_RATES, "bulk", "2/min")
    codes = [post(page, filter={}, set=DONE).status_code for _ in range(3)]
    assert (codes, page.get(BULK).status_code) == ([200, 200, 429], 200)
    page.force_login(bob)
    assert post(page, filter={}, set=DONE).status_code == 200


def test_the_query_counts_do_not_depend_on_the_numbers_of_threads_and_profiles(
    page, alice, profiles, django_assert_num_queries
):
    change = {"status": "archived", "unread": True, "labels": ["a", "b"]}
    # Session, user, time; for ids the threads, for a filter labels and threads. Of the transaction: savepoint, lock, labels, new
    # labels, profiles, threads, three for the decision, two for unread, labels of the threads, savepoint.
    counts = {"ids": 3 + 1 + 13, "filter": 3 + 2 + 13}
    many = [*profiles, *(connect(alice, f"profile-{number}") for number in range(8))]
    for by, (chosen, each) in product(counts, ((profiles, 5), (many, 50))):
        for model in (Thread, Interaction, Label):
            model.objects.all().delete()
        for profile in chosen:
            send(profile, *comments(f"{profile.handle}-", each))
        body = {"ids": ids_of(*chosen)} if by == "ids" else {"filter": {}}
        with django_assert_num_queries(counts[by]):
            answer = post(page, **body, set=change)
        assert answer.json() == {"changed": each * len(chosen), "left": 0}
