"""The admin pages of demos, story events and schedules, and the reports of their actions."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_celery_beat.models import PeriodicTask

from accounts.models import User
from config import schedule_checks
from demo.lifecycle import pending_work
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import DeadLetter, Interaction
from tests.admin_client import DEMOS, LETTERS, act, confirm, page
from tests.world import DAY, HOUR, NOW, demo_of


def state_of(user: User) -> str:
    return DemoAccount.objects.get(user=user).state


def form_of(client: Client, account: DemoAccount) -> dict:
    form = client.get(reverse("admin:demo_demoaccount_change", args=[account.pk])).context["adminform"].form
    return {name: value for name, value in form.initial.items() if value is not None}


def test_settings_changed_in_the_admin_apply_from_the_next_window_on(operator, alice, monkeypatch):
    account = demo_of(alice)
    values = form_of(operator, account) | {"comments_per_window": 3}
    monkeypatch.setattr("demo.admin.accounts.now", lambda: NOW + 12 * HOUR)
    change = reverse("admin:demo_demoaccount_change", args=[account.pk])
    assert operator.post(change, values).status_code == 302
    account.refresh_from_db()
    assert account.comments_per_window == 3
    assert StoryEvent.objects.filter(origin="window", type="comment.created").count() == 10
    assert DemoAccount.objects.get().interactions_ordinal == 1


def test_settings_are_refused_while_windows_must_be_planned_first(operator, alice, monkeypatch):
    account = demo_of(alice, timezone.now() - 3 * DAY)
    monkeypatch.setattr("demo.lifecycle.transitions.EVENTS_PER_TRANSACTION", 20)
    change = reverse("admin:demo_demoaccount_change", args=[account.pk])
    answer = operator.post(change, form_of(operator, account) | {"comments_per_window": 3}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "The demo has more open windows than a request can plan; try again in a moment."
    ]
    account.refresh_from_db()
    assert (account.comments_per_window, account.interactions_ordinal) == (10, 0)


def test_an_advance_beyond_the_retention_is_refused_with_a_sentence(operator, alice):
    account = demo_of(alice, retention_days=3)
    messages = act(operator, DEMOS, "advance_a_week", account)
    assert "alice: days must be a whole number from 1 to 3, the demo's retention." in messages
    assert DemoAccount.objects.get().advance_days == 0


def test_a_setting_out_of_range_is_refused(operator, alice):
    account = demo_of(alice)
    change = reverse("admin:demo_demoaccount_change", args=[account.pk])
    values = form_of(operator, account) | {"content_per_day": 21}
    assert "less than or equal to 20" in operator.post(change, values).content.decode()
    account.refresh_from_db()
    assert account.content_per_day == 2


def test_the_list_of_demos_shows_state_progress_errors_and_next_windows(operator, alice, live):
    demo_of(alice)
    StoryEvent.objects.filter(pk=StoryEvent.objects.first().pk).update(delivered_at=None, dead_at=NOW)
    DemoAccount.objects.update(last_error="Planning failed: on purpose")
    shown = page(operator, DEMOS)
    for text in ("alice", "active", "38 of 38", "3 / 30 / 5", "Planning failed: on purpose"):
        assert text in shown
    assert re.search(r'field-dead_events">1<', shown)
    assert ("04 Mar 18:00" in shown, "05 Mar 10:00" in shown) == (True, True)


def test_the_number_of_list_queries_does_not_grow_with_demos(operator, alice, bob, django_assert_num_queries):
    demo_of(alice)
    page(operator, DEMOS)
    with django_assert_num_queries(5):
        page(operator, DEMOS)
    demo_of(bob)
    with django_assert_num_queries(5):
        page(operator, DEMOS)


def test_actions_report_their_number_and_the_refusals(operator, alice, bob):
    one, other = demo_of(alice, timezone.now()), demo_of(bob, timezone.now())
    assert act(operator, DEMOS, "pause", one) == ["1 demo paused."]
    assert act(operator, DEMOS, "pause", one, other) == ["1 demo paused, 1 unchanged."]
    assert act(operator, DEMOS, "resume", one) == ["1 demo resuming."]
    pending_work.run_to_completion(one.pk, timezone.now())
    assert act(operator, DEMOS, "advance_a_week", one, other) == [
        "1 demo advancing by a week, 1 unchanged.",
        "bob: Demo mode is paused; resume it first.",
    ]
    assert (state_of(alice), state_of(bob)) == (State.ACTIVE, State.PAUSED)
    assert DemoAccount.objects.get(user=alice).advance_days == 7
    assert act(operator, DEMOS, "enable", other) == ["1 demo unchanged."]


@pytest.mark.parametrize(
    ("expired", "sentence"),
    [
        ({}, "restored nothing."),
        ({"message": 1}, "restored 1 message."),
        ({"message": 2, "comment": 3}, "restored 3 comments, 2 messages."),
    ],
)
def test_messages_about_a_demo_have_the_users_name_unchanged_and_no_zero_counts(
    operator, alice, expired, sentence
):
    account = demo_of(alice)
    for type, number in expired.items():
        keys = Interaction.objects.filter(is_demo=True, type=type).values("pk")[:number]
        moment = timezone.now()
        Interaction.objects.filter(pk__in=list(keys.values_list("pk", flat=True))).update(
            deleted_at=moment, expired_at=moment
        )
    body = {"action": "restore", "_selected_action": [account.pk]}
    shown = operator.post(reverse(DEMOS), body, follow=True).content.decode()
    assert f'<li class="info"><bdi>alice</bdi>: {sentence}</li>' in shown


@pytest.mark.parametrize("dead", [0, 1, 2])
def test_the_report_of_a_retry_has_the_number_of_events(operator, alice, dead):
    account = demo_of(alice)
    keys = list(StoryEvent.objects.values_list("pk", flat=True)[:dead])
    StoryEvent.objects.filter(pk__in=keys).update(delivered_at=None, dead_at=NOW, attempts=6)
    assert act(operator, DEMOS, "retry_dead_events", account) == [
        "There was no dead event to retry."
        if not dead
        else f"{dead} dead event{'s' if dead > 1 else ''} will be retried."
    ]


@pytest.mark.parametrize("action", ["disable", "reset"])
def test_actions_that_delete_need_a_confirmation(operator, alice, bob, action):
    account, other = demo_of(alice), demo_of(bob)
    asked = operator.post(reverse(DEMOS), {"action": action, "_selected_action": [account.pk]})
    assert "Yes, I’m sure" in asked.content.decode() or "Yes, I'm sure" in asked.content.decode()
    assert state_of(alice) == State.ACTIVE
    [message] = act(operator, DEMOS, action, account, confirmed="1")
    assert message.startswith("1 demo being ")
    assert (state_of(alice), state_of(bob)) == (State.DISABLING, State.ACTIVE)
    assert DemoAccount.objects.get(pk=account.pk).reset_requested == (action == "reset")
    assert DemoAccount.objects.get(pk=other.pk).state == State.ACTIVE


def test_cleanup_counts_then_asks_then_expires_rows_of_that_demo_only(operator, alice, bob, live):
    account, _ = demo_of(alice), demo_of(bob)
    old = timezone.now() - 40 * DAY
    messages = Interaction.objects.filter(is_demo=True, type="message")
    messages.update(posted_at=old)
    hers, his = (messages.filter(profile__owner=user).count() for user in (alice, bob))
    [message] = act(operator, DEMOS, "count_expired", account)
    assert message.startswith("Would expire: ")
    assert f"{hers} messages" in message
    shown = Interaction.objects.filter(type="message", deleted_at=None)
    before = shown.count()
    operator.post(reverse(DEMOS), {"action": "clean_up", "_selected_action": [account.pk]})
    assert shown.count() == before
    [message] = act(operator, DEMOS, "clean_up", account, confirmed="1")
    assert f"{hers} messages" in message
    assert shown.count() == before - hers
    assert shown.filter(is_demo=True, profile__owner=bob).count() == his


@pytest.mark.sample(2)
@pytest.mark.parametrize("action", ["count_expired", "clean_up"])
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, "The demo has more open windows than a request can plan; try again in a moment."),
        ({"advance_days": 1}, "The demo is skipping ahead; clean it up when it has finished."),
        ({"catching_up": True}, "The demo is skipping ahead; clean it up when it has finished."),
    ],
)
def test_a_demo_with_much_to_plan_is_not_cleaned_up_in_a_web_request(
    operator, alice, bob, monkeypatch, action, state, reason
):
    account, other = demo_of(alice, timezone.now() - 3 * DAY), demo_of(bob, timezone.now())
    DemoAccount.objects.filter(pk=account.pk).update(**state)
    Interaction.objects.filter(is_demo=True, type="message").update(posted_at=timezone.now() - 40 * DAY)
    his = Interaction.objects.filter(profile__owner=bob, is_demo=True, type="message").count()
    monkeypatch.setattr("demo.lifecycle.transitions.EVENTS_PER_TRANSACTION", 20)
    refused, message = act(operator, DEMOS, action, account, other, confirmed="1")
    assert (refused, f" {his} messages" in message) == (f"alice: {reason}", True)
    assert not Interaction.objects.filter(profile__owner=alice, deleted_at__isnull=False).exists()
    account.refresh_from_db()
    assert (account.interactions_ordinal, StoryEvent.objects.filter(origin="window").count()) == (0, 0)


def test_only_dead_events_of_the_selected_demos_are_retried(operator, alice, bob):
    account, _ = demo_of(alice), demo_of(bob)
    StoryEvent.objects.update(delivered_at=None, dead_at=NOW, attempts=6)
    hers, his = (StoryEvent.objects.filter(account__user=user).count() for user in (alice, bob))
    retried = act(operator, DEMOS, "retry_dead_events", account)
    assert retried == [f"{hers} dead events will be retried."]
    assert StoryEvent.objects.filter(dead_at=None, attempts=0).count() == hers
    assert StoryEvent.objects.filter(dead_at=NOW, attempts=6, account__user=bob).count() == his


def test_the_story_shows_undelivered_events_first_and_others_by_filter(operator, alice):
    demo_of(alice)
    name = "admin:demo_storyevent_changelist"
    first, second, third = StoryEvent.objects.order_by("pk")[:3]
    at = timezone.now()
    for row, due_at in ((first, at + HOUR), (second, at - HOUR), (third, at + 2 * HOUR)):
        StoryEvent.objects.filter(pk=row.pk).update(delivered_at=None, due_at=due_at)
    shown = [row.pk for row in operator.get(reverse(name)).context["cl"].result_list]
    assert shown == [second.pk, first.pk, third.pk]
    counts = {
        state: operator.get(reverse(name), {"delivery_state": state}).context["cl"].result_count
        for state in ("due", "delivered", "dead", "any")
    }
    everything = StoryEvent.objects.count()
    assert counts == {"due": 1, "delivered": everything - 3, "dead": 0, "any": everything}


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ({}, "Undelivered story events; choose others under “By delivery state”"),
        ({"delivery_state": "nonsense"}, "Undelivered story events; choose others under “By delivery state”"),
        ({"delivery_state": "due"}, "Story events that are due now"),
        ({"delivery_state": "held"}, "Story events held by a pause"),
        ({"delivery_state": "delivered"}, "Delivered story events"),
        ({"delivery_state": "dead"}, "Dead story events"),
        ({"delivery_state": "any"}, "All story events"),
    ],
)
def test_the_title_of_the_story_names_the_events_shown(operator, query, title):
    assert f"<h1>{title}</h1>" in page(operator, "admin:demo_storyevent_changelist", **query)


def test_an_event_with_an_invalid_payload_is_listed_like_others(operator, alice):
    demo_of(alice)
    invalid = StoryEvent.objects.first()
    StoryEvent.objects.filter(pk=invalid.pk).update(payload="no object", dead_at=NOW, delivered_at=None)
    assert "no object" in page(operator, "admin:demo_storyevent_changelist", delivery_state="dead")


def test_a_report_of_metrics_is_listed_with_its_numbers(operator, alice):
    demo_of(alice)
    event = StoryEvent.objects.filter(type=StoryEvent.Type.METRICS).first()
    StoryEvent.objects.filter(pk=event.pk).update(payload={"metrics": {"likes": 56, "views": 1_234}})
    shown = page(operator, "admin:demo_storyevent_changelist", delivery_state="any", q=event.platform_id)
    assert "likes 56, views 1234" in shown


def test_story_events_are_found_by_user_and_by_id(operator, alice, bob):
    demo_of(alice)
    demo_of(bob, seed=2, size="small")
    event = StoryEvent.objects.filter(account__user=bob).first()
    twice = StoryEvent.objects.filter(platform_id=event.platform_id).count()
    hers, his = (StoryEvent.objects.filter(account__user=user).count() for user in (alice, bob))
    for words, count in ((" alice", hers), ("bob", his), (event.platform_id, twice), ("ali", 0)):
        query = {"delivery_state": "any", "q": words}
        shown = operator.get(reverse("admin:demo_storyevent_changelist"), query).context["cl"]
        assert shown.result_count == count, words


def test_schedules_show_their_last_and_next_run(operator):
    task = PeriodicTask.objects.get(name="demo: daily content")
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=timezone.now())
    shown = page(operator, "admin:django_celery_beat_periodictask_changelist")
    assert "demo: daily content" in shown
    now = timezone.now()
    due = now.replace(hour=10, minute=0) + (DAY if now.hour >= 10 else timedelta())
    assert f"{date_format(due, 'N j, Y')}, 10 a.m." in shown


def test_each_schedule_is_checked_once(operator, monkeypatch):
    examined = []
    real = schedule_checks.problem_of
    monkeypatch.setattr(
        "config.schedule_admin.problem_of", lambda task: examined.append(task.pk) or real(task)
    )
    page(operator, "admin:django_celery_beat_periodictask_changelist")
    assert sorted(examined) == sorted(PeriodicTask.objects.values_list("pk", flat=True))


def test_a_schedule_has_no_expiry_fields(operator):
    task = PeriodicTask.objects.get(name="demo: daily content")
    change = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    form = operator.get(change).context["adminform"].form
    assert {"expires", "expire_seconds"}.isdisjoint(form.fields)
    values = {name: value for name, value in form.initial.items() if value is not None}
    values |= {"regtask": task.task, "description": "changed", "start_time_0": "", "start_time_1": ""}
    assert operator.post(change, values).status_code == 302
    assert PeriodicTask.objects.get(pk=task.pk).description == "changed"


def test_staff_without_the_permission_may_view_and_not_act(client, alice, live):
    account = demo_of(alice)
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    page(client, DEMOS)
    assert act(client, DEMOS, "disable", account, confirmed="1") == []
    assert state_of(alice) == State.ACTIVE
    for model, name, action in (
        (StoryEvent, "admin:demo_storyevent_changelist", "retry"),
        (DeadLetter, LETTERS, "replay"),
    ):
        assert act(client, name, action, model.objects.first()) == []


def many_demos(number: int, state: str) -> list[DemoAccount]:
    users = User.objects.bulk_create(User(username=f"many-{n}") for n in range(number))
    return DemoAccount.objects.bulk_create(DemoAccount(user=user, seed=1, state=state) for user in users)


@pytest.mark.long
@pytest.mark.parametrize("action", ["disable", "reset", "clean_up"])
def test_an_action_on_more_demos_than_a_form_has_fields_is_confirmed(operator, alice, monkeypatch, action):
    monkeypatch.setattr("demo.admin.accounts.MAX_ACTION_TIME", timedelta(minutes=2))
    active = demo_of(alice)
    chosen = many_demos(1_100, State.OFF)
    body = {"action": action, "_selected_action": [chosen[0].pk], "select_across": "1"}
    asked = operator.post(f"{reverse(DEMOS)}?q=", body)
    shown = asked.content.decode()
    assert ("1101 selected" in shown, shown.count("<li><bdi>many-") <= 50, "and 1051 more" in shown) == (
        True,
    ) * 3
    messages = confirm(operator, asked)
    assert len(messages) <= 52
    done = {
        "disable": "1 demo being disabled, 1100 unchanged.",
        "reset": "1 demo being reset, 1100 unchanged.",
    }
    assert messages[0].startswith(done.get(action, "Expired: "))
    active.refresh_from_db()
    assert (active.state == State.DISABLING) == (action != "clean_up")


def test_a_demo_created_after_the_question_is_not_deleted(operator, alice, bob):
    account = demo_of(alice)
    body = {"action": "disable", "_selected_action": [account.pk], "select_across": "1"}
    asked = operator.post(reverse(DEMOS), body)
    demo_of(bob)
    confirm(operator, asked)
    assert (state_of(alice), state_of(bob)) == (State.DISABLING, State.ACTIVE)


def test_more_rows_than_a_form_has_fields_are_deleted(operator):
    name = "admin:auth_group_changelist"
    groups = Group.objects.bulk_create(Group(name=f"group-{n}") for n in range(1_100))
    body = {"action": "delete_selected", "_selected_action": [groups[0].pk], "select_across": "1"}
    asked = operator.post(reverse(name), body)
    assert confirm(operator, asked, name) == ["Successfully deleted 1100 groups."]
    assert Group.objects.count() == 0


def test_only_the_first_fifty_refusals_are_shown(operator):
    accounts = many_demos(60, State.OFF)
    body = {"action": "pause", "_selected_action": [account.pk for account in accounts]}
    answer = operator.post(reverse(DEMOS), body, follow=True)
    messages = [str(message) for message in answer.context["messages"]]
    assert (messages[0], messages[-1], len(messages)) == (
        "60 demos unchanged.",
        "The same applies to 10 more.",
        52,
    )


@pytest.mark.parametrize("action", ["pause", "restore", "count_expired"])
def test_an_action_on_many_demos_ends_in_time_and_reports_how_many_remain(
    operator, alice, bob, monkeypatch, action
):
    demos = [demo_of(alice), demo_of(bob)]
    monkeypatch.setattr("demo.admin.accounts.MAX_ACTION_TIME", timedelta(0))
    messages = act(operator, DEMOS, action, *demos)
    assert "There was no time for 2 demos; select them and run the action again." in messages
    assert (state_of(alice), state_of(bob)) == (State.ACTIVE, State.ACTIVE)
