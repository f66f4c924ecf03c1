"""Removal of demos and users: complete, limited to their rows, also when interrupted or during deliveries."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from math import ceil
from threading import Event
from time import sleep

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connection
from django.db.models import ForeignObjectRel, Model

from accounts.models import Profile, User
from demo.lifecycle import pending_work, removal, transitions
from demo.models import DemoAccount, State, StoryEvent
from interactions import row_batches
from interactions.models import Content, Interaction, Thread
from interactions.profile_deletion import PROFILE_MODELS, RECEIVED_MODELS
from interactions.row_batches import delete_in_batches
from interactions.tasks import fill_search
from tests.commands import run
from tests.timeline import ENABLED, counts, live_rows, run_until, visible_rows
from tests.world import DAY, HOUR, NOW, demo_of, event, moderate, send, work_on


def test_disabling_leaves_no_trace_and_live_rows_as_they_were(alice, bob, live):
    before = live_rows()
    demo_of(alice, seed=3)
    demo_of(bob, seed=3)
    bobs = visible_rows(bob)
    demo_profile = Profile.objects.filter(owner=alice, is_demo=True).first()
    send(demo_profile, {"type": "bad"}, event("comment.edited", "nobody"))
    run_until(ENABLED + DAY, every=6 * HOUR)
    transitions.disable(alice, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get(user=alice).pk, NOW)
    account = DemoAccount.objects.get(user=alice)
    assert (
        account.state,
        account.next_content_window,
        User.objects.get(pk=alice.pk).demo_mode_enabled_at,
    ) == ("off", None, None)
    assert live_rows() == before
    assert [m.objects.filter(profile__owner=alice, is_demo=True).count() for m in PROFILE_MODELS] == [
        0
    ] * len(PROFILE_MODELS)
    assert not StoryEvent.objects.filter(account=account).exists()
    assert not Profile.objects.filter(owner=alice, is_demo=True).exists()
    assert {row[:6] for row in bobs} <= {
        row[:6] for row in visible_rows(bob)
    }  # without metrics, which still change


@pytest.mark.parametrize(
    "step", ["delete_profile_rows", "delete_remaining_rows", "delete_profiles", "_switch_off"]
)
def test_an_interrupted_removal_is_completed_by_the_next_run(alice, monkeypatch, step):
    demo_of(alice)
    transitions.disable(alice, request_worker=False)
    account = DemoAccount.objects.get()
    monkeypatch.setattr(removal, step, lambda *_, **__: (_ for _ in ()).throw(OperationalError("killed")))
    with pytest.raises(OperationalError):
        pending_work.run_to_completion(account.pk, NOW)
    monkeypatch.undo()
    pending_work.run_to_completion(account.pk, NOW)
    assert DemoAccount.objects.get().state == State.OFF
    assert (counts(alice), StoryEvent.objects.count()) == ((0, 0, 0), 0)


def test_a_long_removal_sends_heartbeats(alice, monkeypatch):
    demo_of(alice)
    tens = [ceil(model.objects.count() / 10) for model in (Interaction, Thread, Content, StoryEvent)]
    transitions.disable(alice, request_worker=False)
    real, beats = row_batches.async_commit, []

    def watched(*args):
        beats.append(DemoAccount.objects.get().heartbeat_at)
        return real(*args)

    monkeypatch.setattr("demo.lifecycle.heartbeat.INTERVAL", timedelta(0))
    monkeypatch.setattr(row_batches, "ROWS_PER_TRANSACTION", 10)
    monkeypatch.setattr(row_batches, "async_commit", watched)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
    assert len(beats) == sum(tens)  # none for empty tables and for the last transaction
    assert (sorted(set(beats)), beats[0] > NOW) == (beats, True)


@pytest.mark.parametrize("disabled_again", [False, True])
def test_a_late_second_removal_does_not_delete_the_next_activation(alice, monkeypatch, disabled_again):
    demo_of(alice)
    transitions.disable(alice, request_worker=False)
    account = DemoAccount.objects.get()
    real = removal.delete_profile_rows

    def meanwhile(*args, **only):
        monkeypatch.undo()
        pending_work.run_to_completion(account.pk, NOW)
        demo_of(alice, seed=5)
        if disabled_again:
            transitions.disable(alice, request_worker=False)
        return real(*args, **only)

    monkeypatch.setattr(removal, "delete_profile_rows", meanwhile)
    pending_work.run_to_completion(account.pk, NOW)
    account.refresh_from_db()
    assert account.state == (State.DISABLING if disabled_again else State.ACTIVE)
    assert counts(alice) == (3, 30, 5)
    assert StoryEvent.objects.filter(origin="initial").count() == 38


def rows_of(user: User) -> int:
    profiles = Profile.objects.filter(owner=user)
    return sum(model.objects.filter(profile__in=profiles).count() for model in RECEIVED_MODELS)


def test_delete_user_needs_yes_and_deletes_all_rows_of_that_user_only(alice, bob, live):
    demo_of(alice)
    demo_of(bob, seed=2)
    with pytest.raises(CommandError) as error:
        run("delete_user", "--user", "alice")
    hers, his, story = rows_of(alice), rows_of(bob), StoryEvent.objects.filter(account__user=bob).count()
    assert error.value.returncode == 2
    assert json.loads(run("delete_user", "--user", "alice", "--yes", "--json")) == {
        "user": "alice",
        "rows": hers,
    }
    assert not User.objects.filter(username="alice").exists()
    assert set(Profile.objects.values_list("owner", flat=True)) == {bob.pk}
    assert (rows_of(bob), sum(model.objects.count() for model in RECEIVED_MODELS)) == (his, his)
    assert set(Thread.objects.values_list("profile__owner", flat=True)) == {bob.pk}
    assert (StoryEvent.objects.filter(account__user=bob).count(), StoryEvent.objects.count()) == (
        story,
        story,
    )


@contextmanager
def continuous_sender(profile: Profile) -> Iterator[None]:
    """Sends comments to a profile in a thread, one after the other, until it is deleted."""
    arrived = Event()

    def arrive() -> None:
        numbers = count()
        while send(profile, event("comment.created", f"late-{next(numbers)}"))[0].status == "created":
            arrived.set()
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(arrive)
        assert arrived.wait(10)
        yield
        done.result(30)


@pytest.mark.django_db(transaction=True)
def test_rows_received_during_the_deletion_of_a_user_are_deleted_too(alice, live):
    with continuous_sender(live):
        run("delete_user", "--user", "alice", "--yes")
    assert not User.objects.filter(username="alice").exists()
    assert sum(model.objects.count() for model in PROFILE_MODELS) == 0


@pytest.mark.django_db(transaction=True)
def test_a_continuous_sender_does_not_prevent_disabling(alice):
    demo_of(alice)
    with continuous_sender(Profile.objects.demo().first()):
        run("disable_demo", "--user", "alice", "--yes")
    assert DemoAccount.objects.get().state == State.OFF
    assert sum(model.objects.count() for model in PROFILE_MODELS) == 0


@pytest.mark.django_db(transaction=True)
def test_nothing_is_received_between_the_deletion_of_rows_and_profiles(alice, monkeypatch):
    demo_of(alice)
    profile = Profile.objects.demo().first()
    real = removal.delete_profiles

    def arrive() -> str:
        [result] = send(profile, event("comment.created", "late"))
        connection.close()
        return result.status

    def while_somebody_sends(ids):
        results.append(pool.submit(arrive))
        sleep(0.5)
        real(ids)

    results: list[Future] = []
    monkeypatch.setattr(removal, "delete_profiles", while_somebody_sends)
    with ThreadPoolExecutor(1) as pool:
        run("disable_demo", "--user", "alice", "--yes")
    assert [arrival.result() for arrival in results] == ["rejected"]
    assert DemoAccount.objects.get().state == State.OFF


def test_a_deletion_ends_also_when_rows_arrive_before_every_batch(alice, live, monkeypatch):
    send(live, *(event("comment.created", f"c{number}") for number in range(6)))
    arriving = (event("comment.created", f"late-{number}") for number in range(20))
    real = row_batches.async_commit

    def after_an_arrival(*args):
        send(live, next(arriving))
        return real(*args)

    monkeypatch.setattr(row_batches, "ROWS_PER_TRANSACTION", 2)
    monkeypatch.setattr(row_batches, "async_commit", after_an_arrival)
    assert delete_in_batches(Interaction.objects.filter(profile=live), [live.pk]) == 8
    assert set(Interaction.objects.values_list("platform_id", flat=True)) == {
        f"late-{number}" for number in range(4)
    }


def paths_to(target: type[Model]) -> Iterator[tuple[type[Model], str]]:
    """Every model that references `target` by foreign keys, with the lookup path to it."""
    fresh: list[tuple[type[Model], str]] = [(target, "")]
    while fresh:
        model, path = fresh.pop()
        for relation in model._meta.get_fields(include_hidden=True):
            if isinstance(relation, ForeignObjectRel) and relation.related_model is not model:
                step = relation.field.name + (f"__{path}" if path else "")
                fresh.append((relation.related_model, step))
                yield relation.related_model, step


def referencing_rows(user: User) -> dict[tuple[str, str], int]:
    """How many rows of each model reference the user's demo account or demo profiles."""
    account = [(model, f"{path}__user") for model, path in paths_to(DemoAccount)]
    profile = [(model, f"{path}__owner") for model, path in paths_to(Profile)]
    counts_by_path = {
        (model.__name__, path): model.objects.filter(**{path: user}).exclude(**live_only(path)).count()
        for model, path in [*account, *profile]
    }
    demo = Profile.objects.demo().filter(owner=user).count()
    return counts_by_path | {("Profile", "is_demo"): demo}


def live_only(path: str) -> dict[str, bool]:
    return {path.removesuffix("__owner") + "__is_demo": False} if path.endswith("__owner") else {"pk": None}


def test_removal_empties_every_table_that_references_a_demo(alice, bob, live):
    """A new table that references a demo account or profile must get rows in this test, and be empty afterwards."""
    for user in (alice, bob):
        demo_of(user)
        send(Profile.objects.demo().filter(owner=user).first(), {"type": "bad"}, event("comment.edited", "x"))
        work_on(Thread.objects.filter(profile__owner=user, is_demo=True, kind="comment").first())
        moderate(Interaction.objects.filter(profile__owner=user, is_demo=True).first())
    fill_search()
    before, live_before = referencing_rows(bob), live_rows()
    filled = referencing_rows(alice)
    assert [name for name, count in filled.items() if not count] == []
    assert {name for name, _ in filled} == {
        "Profile",
        "StoryEvent",
        *(model.__name__ for model in PROFILE_MODELS),
        "Enrichment",
        "InboxRule",
    }
    transitions.disable(alice, request_worker=False)
    pending_work.run_to_completion(alice.demo_account.pk, NOW)
    assert set(referencing_rows(alice).values()) == {0}
    assert (referencing_rows(bob), live_rows()) == (before, live_before)
