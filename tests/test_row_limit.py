"""The row limit of a demo (DEMO_MAX_ROWS) in the API, the pages and the admin."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from demo.engine.planning import plan_due
from demo.exceptions import InvalidOption
from demo.lifecycle import transitions
from demo.models import DemoAccount, StoryEvent
from tests.timeline import FIRST_INTERACTIONS
from tests.world import NOW, demo_of

JSON = "application/json"
MAX_SETTINGS = {"content_per_day": 20, "comments_per_window": 200, "messages_per_window": 100}
SENTENCE = (
    "(comments_per_window 200 × 4 + messages_per_window 100 × 4 + content_per_day 20 × 1) rows a day"
    " × 41 days of retention are 50,020 rows;"
    " a demo may have 50,000. Lower these settings or retention_days."
)


def patch(page, **settings):
    return page.patch("/api/v1/demo/", {"settings": settings}, JSON)


def test_the_largest_numbers_are_accepted_with_a_retention_of_40_days(page, alice):
    demo_of(alice, timezone.now())
    assert patch(page, **MAX_SETTINGS).status_code == 200
    assert patch(page, retention_days=40).status_code == 200


def test_settings_above_the_row_limit_are_refused_with_the_calculation(page, alice):
    demo_of(alice, timezone.now())
    answer = patch(page, **MAX_SETTINGS, retention_days=41)
    assert (answer.status_code, answer.json()["detail"]) == (400, SENTENCE)
    assert DemoAccount.objects.get().retention_days == 30


@pytest.mark.parametrize(
    ("before", "after"), [(MAX_SETTINGS, {"retention_days": 41}), ({"retention_days": 41}, MAX_SETTINGS)]
)
def test_unchanged_settings_count_too(page, alice, before, after):
    demo_of(alice, timezone.now())
    assert patch(page, **before).status_code == 200
    assert patch(page, **after).json()["detail"] == SENTENCE


def test_an_account_above_the_limit_continues_and_may_become_smaller(page, alice):
    account = demo_of(alice)
    DemoAccount.objects.update(**MAX_SETTINGS, retention_days=365)
    assert plan_due(FIRST_INTERACTIONS).comments == 200
    transitions.change_settings(alice, FIRST_INTERACTIONS, {"time_zone": "Asia/Tokyo"})
    transitions.change_settings(alice, FIRST_INTERACTIONS, {"retention_days": 300})
    with pytest.raises(InvalidOption, match="are 367,220 rows"):
        transitions.change_settings(alice, FIRST_INTERACTIONS, {"retention_days": 301})
    account.refresh_from_db()
    assert (account.time_zone, account.retention_days) == ("Asia/Tokyo", 300)


def test_the_settings_page_shows_the_error_and_keeps_the_input(page, alice):
    demo_of(alice, timezone.now())
    form = MAX_SETTINGS | {"retention_days": 41, "time_zone": "UTC", "rhythm": "steady", "posting_hour": ""}
    shown = page.post("/settings/demo/", form).content.decode()
    assert "are 50,020 rows; a demo may have 50,000" in shown
    assert 'value="41"' in shown
    assert DemoAccount.objects.get().retention_days == 30


def test_the_admin_shows_the_error(operator, alice):
    account = demo_of(alice, timezone.now())
    change = reverse("admin:demo_demoaccount_change", args=[account.pk])
    form = operator.get(change).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value is not None}
    answer = operator.post(change, values | MAX_SETTINGS | {"retention_days": 41}, follow=True)
    assert "are 50,020 rows" in str([str(message) for message in answer.context["messages"]])
    assert DemoAccount.objects.get().retention_days == 30


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_do_not_exceed_the_limit_together(alice):
    demo_of(alice)

    def change(changes) -> bool:
        try:
            transitions.change_settings(alice, NOW, changes)
            return True
        except InvalidOption:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, (MAX_SETTINGS, {"retention_days": 365}))) == [False, True]


def test_the_limit_is_the_setting_demo_max_rows(page, alice, settings):
    demo_of(alice, timezone.now())
    settings.DEMO_MAX_ROWS = 1_860
    assert patch(page, comments_per_window=11).status_code == 400
    assert patch(page, comments_per_window=10).status_code == 200


TOO_MANY_ROWS = (
    "The story of this demo has more than 2,000 rows. Lower its settings (comments_per_window, messages_per_window,"
    " content_per_day, retention_days), and try again when cleanup has purged the expired rows, which takes up to two"
    " weeks; or reset the demo."
)
REQUESTS = {
    "advance/": {"days": 1},
    "generate/interactions/": {},
    "generate/daily-content/": {},
    "scenarios/product-launch/": {},
}


def fill_story(account: DemoAccount, rows: int) -> None:
    """Add expired events until the story has `rows` rows."""
    profile = account.profiles.first()
    StoryEvent.objects.bulk_create(
        StoryEvent(
            account=account,
            profile=profile,
            type="comment.created",
            platform_id=f"old{number}",
            origin="window",
            due_at=NOW,
            payload={},
            delivered_at=NOW,
            expired_at=NOW,
        )
        for number in range(rows - account.story.count())
    )


@pytest.mark.sample(3)
@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize(("rows", "is_refused"), [(2_000, False), (2_001, True)])
def test_events_beyond_the_quotas_are_refused_above_twice_the_limit(
    page, alice, settings, path, rows, is_refused
):
    settings.DEMO_MAX_ROWS = 1_000
    fill_story(demo_of(alice, timezone.now()), rows)
    answer = page.post(f"/api/v1/demo/{path}", REQUESTS[path], JSON)
    assert (answer.status_code == 409) == is_refused
    assert answer.status_code in (200, 202, 409)
    assert answer.json().get("detail") == (TOO_MANY_ROWS if is_refused else None)
    assert (StoryEvent.objects.count() == rows and not DemoAccount.objects.get().advance_days) == is_refused


def test_a_demo_above_twice_the_limit_is_planned_and_may_be_reset(page, alice, settings):
    settings.DEMO_MAX_ROWS = 1_000
    fill_story(demo_of(alice), 2_001)
    assert plan_due(FIRST_INTERACTIONS).windows > 0
    assert page.post("/api/v1/demo/reset/").status_code == 202
