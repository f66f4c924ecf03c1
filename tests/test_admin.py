"""The admin as an operator uses it at two in the morning: everything visible, every action reported, nothing by accident."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_celery_beat.models import PeriodicTask

from accounts.models import Profile, User
from demo.models import DemoAccount, State, StoryEvent
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.world import DAY, HOUR, NOW, demo_of, event, send

OURS = [
    model for name in ("accounts", "interactions", "demo") for model in apps.get_app_config(name).get_models()
]
READ_ONLY = (Content, Interaction, PendingChange, DeadLetter, StoryEvent)
DEMOS = "admin:demo_demoaccount_changelist"


@pytest.fixture
def operator(client, db) -> Client:
    """The browserless client of a superuser."""
    client.force_login(User.objects.create_superuser("operator"))
    return client


def page(client: Client, name: str, **query) -> str:
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, name: str, action: str, *rows, **more) -> list[str]:
    """Run an action on rows; return what the operator is told."""
    body = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    answer = client.post(reverse(name), body, follow=True)
    return [str(message) for message in answer.context["messages"]]


def state_of(user: User) -> str:
    return DemoAccount.objects.get(user=user).state


def test_every_model_of_ours_is_registered(operator, alice, live):
    demo_of(alice)
    for model in OURS:
        page(operator, f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_the_machine_writes_is_read_only(operator, alice, live, model):
    demo_of(alice)
    send(live, event("comment.edited", "never-arrives"))
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert operator.get(reverse(f"{name}_add")).status_code == 403
    row = model.objects.first()
    assert operator.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    assert operator.post(reverse(f"{name}_change", args=[row.pk]), {"text": "x"}).status_code == 403
    assert operator.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def form_of(client: Client, account: DemoAccount) -> dict:
    form = client.get(reverse("admin:demo_demoaccount_change", args=[account.pk])).context["adminform"].form
    return {name: value for name, value in form.initial.items() if value is not None}


def test_settings_changed_in_the_admin_count_from_the_next_window_on(operator, alice, monkeypatch):
    account = demo_of(alice)
    values = form_of(operator, account) | {"comments_per_window": 3}
    monkeypatch.setattr("demo.admin.timezone.now", lambda: NOW + 12 * HOUR)
    change = reverse("admin:demo_demoaccount_change", args=[account.pk])
    assert operator.post(change, values).status_code == 302
    account.refresh_from_db()
    assert account.comments_per_window == 3
    assert StoryEvent.objects.filter(origin="window", type="comment.created").count() == 10
    assert DemoAccount.objects.get().interactions_ordinal == 1


def test_a_setting_out_of_range_is_refused(operator, alice):
    account = demo_of(alice)
    change = reverse("admin:demo_demoaccount_change", args=[account.pk])
    values = form_of(operator, account) | {"content_per_day": 21}
    assert "less than or equal to 20" in operator.post(change, values).content.decode()
    account.refresh_from_db()
    assert account.content_per_day == 2


def test_the_list_of_demos_says_all_an_operator_asks_first(operator, alice, live):
    demo_of(alice)
    StoryEvent.objects.filter(pk=StoryEvent.objects.first().pk).update(delivered_at=None, dead_at=NOW)
    DemoAccount.objects.update(last_error="Planning failed: on purpose")
    shown = page(operator, DEMOS)
    for text in ("alice", "active", "38 of 38", "3 / 30 / 5", "Planning failed: on purpose"):
        assert text in shown
    assert re.search(r'field-dead_events">1<', shown)
    assert ("04 Mar 18:00" in shown, "05 Mar 10:00" in shown) == (True, True)


def test_the_lists_queries_do_not_grow_with_the_demos(operator, alice, bob, django_assert_num_queries):
    demo_of(alice)
    page(operator, DEMOS)
    with django_assert_num_queries(5):
        page(operator, DEMOS)
    demo_of(bob)
    with django_assert_num_queries(5):
        page(operator, DEMOS)


def test_actions_report_how_many_and_why_not_the_others(operator, alice, bob):
    one, other = demo_of(alice), demo_of(bob)
    assert act(operator, DEMOS, "pause", one) == ["1 demo paused, 0 as before."]
    assert act(operator, DEMOS, "pause", one, other) == ["1 demo paused, 1 as before."]
    assert act(operator, DEMOS, "resume", one) == ["1 demo resumed, 0 as before."]
    assert act(operator, DEMOS, "advance_a_week", one, other) == [
        "1 demo advancing by a week, 1 as before.",
        "bob: Demo mode is paused; only an active demo that is not advancing can advance.",
    ]
    assert (state_of(alice), state_of(bob)) == (State.ACTIVE, State.PAUSED)
    assert DemoAccount.objects.get(user=alice).advance_days == 7
    assert act(operator, DEMOS, "enable", other) == ["0 demos enabled, 1 as before."]


@pytest.mark.parametrize("action", ["disable", "reset"])
def test_what_deletes_asks_first(operator, alice, bob, action):
    account, other = demo_of(alice), demo_of(bob)
    asked = operator.post(reverse(DEMOS), {"action": action, "_selected_action": [account.pk]})
    assert "Yes, I’m sure" in asked.content.decode() or "Yes, I'm sure" in asked.content.decode()
    assert state_of(alice) == State.ACTIVE
    [told] = act(operator, DEMOS, action, account, confirmed="1")
    assert told.startswith("1 demo being ")
    assert (state_of(alice), state_of(bob)) == (State.DISABLING, State.ACTIVE)
    assert DemoAccount.objects.get(pk=account.pk).reset_requested == (action == "reset")
    assert DemoAccount.objects.get(pk=other.pk).state == State.ACTIVE


def test_cleanup_counts_then_asks_then_deletes_that_demo_only(operator, alice, bob, live):
    account, _ = demo_of(alice), demo_of(bob)
    old = timezone.now() - 40 * DAY
    Interaction.objects.filter(is_demo=True, type="message").update(posted_at=old)
    [told] = act(operator, DEMOS, "count_what_cleanup_would_delete", account)
    assert told.startswith("Would be deleted: ")
    assert "5 messages" in told
    before = Interaction.objects.filter(type="message").count()
    operator.post(reverse(DEMOS), {"action": "clean_up", "_selected_action": [account.pk]})
    assert Interaction.objects.filter(type="message").count() == before
    [told] = act(operator, DEMOS, "clean_up", account, confirmed="1")
    assert "5 messages" in told
    assert Interaction.objects.filter(type="message").count() == before - 5
    assert Interaction.objects.filter(type="message", is_demo=True, profile__owner=bob).count() == 5


def test_dead_events_are_retried_of_the_chosen_demos_only(operator, alice, bob):
    account, _ = demo_of(alice), demo_of(bob)
    StoryEvent.objects.update(delivered_at=None, dead_at=NOW, attempts=6)
    assert act(operator, DEMOS, "retry_dead_events", account) == ["38 dead events will be delivered again."]
    assert StoryEvent.objects.filter(dead_at=None, attempts=0).count() == 38
    assert StoryEvent.objects.filter(dead_at=NOW, attempts=6, account__user=bob).count() == 38


def test_the_story_shows_what_comes_next_and_on_demand_the_rest(operator, alice):
    demo_of(alice)
    name = "admin:demo_storyevent_changelist"
    first, second, third = StoryEvent.objects.order_by("pk")[:3]
    at = timezone.now()
    for row, due_at in ((first, at + HOUR), (second, at - HOUR), (third, at + 2 * HOUR)):
        StoryEvent.objects.filter(pk=row.pk).update(delivered_at=None, due_at=due_at)
    shown = [row.pk for row in operator.get(reverse(name)).context["cl"].result_list]
    assert shown == [second.pk, first.pk, third.pk]
    counts = {
        standing: operator.get(reverse(name), {"standing": standing}).context["cl"].result_count
        for standing in ("due", "delivered", "dead", "any")
    }
    assert counts == {"due": 1, "delivered": 35, "dead": 0, "any": 38}


def test_a_poison_event_is_listed_like_any_other(operator, alice):
    demo_of(alice)
    poison = StoryEvent.objects.first()
    StoryEvent.objects.filter(pk=poison.pk).update(payload="no object", dead_at=NOW, delivered_at=None)
    assert "no object" in page(operator, "admin:demo_storyevent_changelist", standing="dead")


def test_story_events_are_found_by_user_and_by_id(operator, alice, bob):
    demo_of(alice)
    demo_of(bob, seed=2, size="small")
    event = StoryEvent.objects.filter(account__user=bob).first()
    for words, count in ((" alice", 38), ("bob", 235), (event.platform_id, 1), ("ali", 0)):
        query = {"standing": "any", "q": words}
        shown = operator.get(reverse("admin:demo_storyevent_changelist"), query).context["cl"]
        assert shown.result_count == count, words


def test_a_dead_letter_shows_its_event_and_is_replayed_once_it_can_be_read(operator, live, monkeypatch):
    name = "admin:interactions_deadletter_changelist"
    send(live, {"type": "comment.liked", "id": "later", "note": "<script>"})
    liked = DeadLetter.objects.latest("pk")
    detail = operator.get(reverse("admin:interactions_deadletter_change", args=[liked.pk])).content.decode()
    assert "&quot;type&quot;: &quot;comment.liked&quot;" in detail
    assert "&lt;script&gt;" in detail
    assert act(operator, name, "replay", *DeadLetter.objects.all()) == [
        "0 events were taken, 2 were rejected again and stay."
    ]
    DeadLetter.objects.filter(pk=liked.pk).update(
        raw=b'{"type": "comment.deleted", "id": "comment", "occurred_at": "2026-03-03T00:00:00Z"}'
    )
    assert act(operator, name, "replay", *DeadLetter.objects.all()) == [
        "1 events were taken, 1 were rejected again and stay."
    ]
    assert Interaction.objects.get(platform_id="comment").deleted_at is not None
    assert DeadLetter.objects.count() == 1


INTERACTIONS = "admin:interactions_interaction_changelist"


def test_a_dead_letter_nested_beyond_reading_is_shown_and_stays(operator, live):
    letter = DeadLetter.objects.get()
    DeadLetter.objects.filter(pk=letter.pk).update(raw=b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    change = operator.get(reverse("admin:interactions_deadletter_change", args=[letter.pk]))
    assert "[[[[" in change.content.decode()
    assert act(operator, "admin:interactions_deadletter_changelist", "replay", letter) == [
        "0 events were taken, 1 were rejected again and stay."
    ]
    assert DeadLetter.objects.count() == 1


def found(operator: Client, words: str) -> set[str]:
    rows = operator.get(reverse(INTERACTIONS), {"q": words}).context["cl"].result_list
    return {row.platform_id for row in rows}


def test_rows_are_found_by_id_handle_and_words(operator, live, bob):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="bob-1", handle="harbour_inn")
    send(live, event("comment.created", "needle", text="Where is the harbour?"))
    send(other, event("comment.created", "needle", text="needles and pins"), event("message.created", "note"))
    assert found(operator, " needle ") == {"needle"}
    assert found(operator, "pins needles") == {"needle"}
    assert found(operator, "HARBOUR") == {"needle"}
    assert found(operator, "@harbour_inn") == found(operator, "harbour_inn") == {"needle", "note"}
    assert found(operator, "person") == found(operator, "") == {"comment", "message", "needle", "note"}
    assert found(operator, "needl xyz") == set()


def test_words_are_searched_in_the_newest_rows_and_names_in_all(operator, live, monkeypatch):
    monkeypatch.setattr("interactions.admin.MOST_SEARCHED", 2)
    send(live, *(event("comment.created", f"c{n}", text="rain") for n in range(5)))
    assert found(operator, "rain") == {"c3", "c4"}
    assert found(operator, "c0") == {"c0"}
    assert len(found(operator, "alice")) == 7


def test_large_tables_are_never_counted_to_the_end(operator, live, monkeypatch):
    monkeypatch.setattr("interactions.admin.MOST_COUNTED", 2)
    send(live, *(event("comment.created", f"c{n}") for n in range(5)))
    assert operator.get(reverse(INTERACTIONS)).context["cl"].result_count == 2


def test_schedules_show_their_last_and_next_run(operator):
    task = PeriodicTask.objects.get(name="demo: daily content")
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=timezone.now())
    shown = page(operator, "admin:django_celery_beat_periodictask_changelist")
    assert "demo: daily content" in shown
    now = timezone.now()
    due = now.replace(hour=10, minute=0) + (DAY if now.hour >= 10 else timedelta())
    assert f"{date_format(due, 'N j, Y')}, 10 a.m." in shown


def test_a_demos_profiles_stay_as_they_are(operator, alice, bob):
    demo_of(alice)
    [before, *_] = Profile.objects.filter(is_demo=True).order_by("pk").values()
    body = {"owner": bob.pk, "platform": "x", "platform_id": "z", "handle": "h", "display_name": "d"}
    operator.post(reverse("admin:accounts_profile_change", args=[before["id"]]), body)
    assert Profile.objects.filter(pk=before["id"]).values().get() == before


def test_a_signing_secret_is_shown_when_it_is_made_and_never_again(operator, alice):
    add = reverse("admin:accounts_profile_add")
    fields = {"owner": alice.pk, "platform": "x", "platform_id": "1", "handle": "acme", "display_name": ""}
    operator.post(add, fields)
    profile = Profile.objects.get()
    shown = page(operator, "admin:accounts_profile_changelist")
    assert profile.webhook_secret in shown
    assert "whsec_" not in page(operator, "admin:accounts_profile_changelist")
    change = reverse("admin:accounts_profile_change", args=[profile.pk])
    assert "whsec_" not in operator.get(change).content.decode()
    [told] = act(operator, "admin:accounts_profile_changelist", "rotate_secrets", profile)
    previous = profile.webhook_secret
    profile.refresh_from_db()
    assert profile.webhook_secret in told
    assert profile.webhook_secret_previous == previous


def test_staff_without_the_permission_may_look_and_not_act(client, alice, live):
    account = demo_of(alice)
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    page(client, DEMOS)
    assert act(client, DEMOS, "disable", account, confirmed="1") == []
    assert state_of(alice) == State.ACTIVE
    for model, name, action in (
        (StoryEvent, "admin:demo_storyevent_changelist", "retry"),
        (DeadLetter, "admin:interactions_deadletter_changelist", "replay"),
    ):
        assert act(client, name, action, model.objects.first()) == []


@pytest.mark.parametrize("model", [User, Profile])
def test_people_and_profiles_are_not_deleted_by_a_click(operator, alice, live, model):
    name = f"admin:accounts_{model._meta.model_name}"
    row = model.objects.first()
    assert operator.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    act(operator, f"{name}_changelist", "delete_selected", row, post="yes")
    assert model.objects.filter(pk=row.pk).exists()


def test_a_profile_that_is_edited_keeps_a_secret_rotated_meanwhile(operator, live, monkeypatch):
    real = ModelAdmin.get_form

    def rotate_meanwhile(self, request, obj=None, **options):
        secrets.append(Profile.objects.get(pk=live.pk).rotate_secret())
        return real(self, request, obj, **options)

    secrets: list[str] = []
    monkeypatch.setattr(ModelAdmin, "get_form", rotate_meanwhile)
    body = {
        "owner": live.owner_id,
        "platform": "x",
        "platform_id": "live-1",
        "handle": "new",
        "display_name": "",
    }
    operator.post(reverse("admin:accounts_profile_change", args=[live.pk]), body)
    live.refresh_from_db()
    assert (live.handle, live.platform, live.webhook_secret) == ("new", "x", secrets[-1])


def test_dead_letters_are_searched_by_reason_among_the_newest(operator, live, monkeypatch):
    name = reverse("admin:interactions_deadletter_changelist")
    send(live, *({"type": "comment.created", "id": f"c{number}"} for number in range(3)))
    assert operator.get(name, {"q": "occurred_at"}).context["cl"].result_count == 3
    monkeypatch.setattr("interactions.admin.MOST_SEARCHED", 2)
    assert operator.get(name, {"q": "occurred_at"}).context["cl"].result_count == 2
    assert operator.get(name).context["cl"].result_count == 4


@pytest.mark.parametrize("lookup", ["webhook_secret__startswith", "webhook_secret_previous__regex"])
def test_lists_are_not_filtered_by_a_secret(operator, live, lookup):
    assert operator.get(reverse("admin:accounts_profile_changelist"), {lookup: "whsec_"}).status_code == 400
