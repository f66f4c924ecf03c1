"""Every request in every state, repeated, and in parallel."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.platforms import PLATFORMS
from demo import simulator
from demo.engine.planning import plan_initial
from demo.exceptions import InvalidOption
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount, State, StoryEvent
from tests.timeline import counts, live_rows
from tests.world import NOW

JSON = "application/json"
REQUESTS = ("enable", "disable", "pause", "resume", "reset", "advance")
# The status and the state afterwards of each of REQUESTS in each state.
EXPECTED = {
    State.OFF: [
        *((202, State.ENABLING), (200, State.OFF), (409, State.OFF)),
        *((409, State.OFF), (409, State.OFF), (409, State.OFF)),
    ],
    State.ENABLING: [
        *((200, State.ENABLING), (202, State.DISABLING), (409, State.ENABLING)),
        *((409, State.ENABLING), (202, State.DISABLING), (409, State.ENABLING)),
    ],
    State.FAILED: [
        *((202, State.ENABLING), (202, State.DISABLING), (409, State.FAILED)),
        *((409, State.FAILED), (202, State.DISABLING), (409, State.FAILED)),
    ],
    State.ACTIVE: [
        *((200, State.ACTIVE), (202, State.DISABLING), (202, State.PAUSED)),
        *((200, State.ACTIVE), (202, State.DISABLING), (202, State.ACTIVE)),
    ],
    State.PAUSED: [
        *((200, State.PAUSED), (202, State.DISABLING), (200, State.PAUSED)),
        *((202, State.PAUSED), (202, State.DISABLING), (409, State.PAUSED)),
    ],
    State.DISABLING: [
        *((409, State.DISABLING), (200, State.DISABLING), (409, State.DISABLING)),
        *((409, State.DISABLING), (409, State.DISABLING), (409, State.DISABLING)),
    ],
}


def bring_to(state: State, user) -> None:
    """Bring the user's demo into the state, by the requests that lead there."""
    if state == State.OFF:
        return
    account = transitions.enable(
        user, timezone.now(), request_worker=False, initial_content=3, initial_comments=30
    )
    if state == State.ENABLING:
        return
    if state == State.FAILED:
        DemoAccount.objects.update(niche="none that exists")
        pending_work.run_to_completion(account.account.pk, timezone.now())
        DemoAccount.objects.update(niche="coffee")
        return
    pending_work.run_to_completion(account.account.pk, timezone.now())
    if state == State.PAUSED:
        transitions.pause(user, timezone.now())
    if state == State.DISABLING:
        transitions.disable(user, request_worker=False)


@pytest.mark.parametrize("state", EXPECTED)
def test_each_request_in_a_state_has_its_answer_and_next_state(page, alice, live, state):
    before = live_rows()
    bring_to(state, alice)
    assert DemoAccount.objects.filter(state=state).exists() == (state != State.OFF)
    for request, expected in zip(REQUESTS, EXPECTED[state], strict=True):
        with transaction.atomic():  # rolled back
            answer = page.post(f"/api/v1/demo/{request}/", {"days": 1} if request == "advance" else {}, JSON)
            assert (answer.status_code, state_of(alice)) == expected, request
            assert live_rows() == before, request
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        *(({}, 202), ({"niche": "coffee"}, 202), ({"platforms": ["instagram", "youtube", "facebook"]}, 202)),
        *(({"niche": "games"}, 409), ({"brand": "Other"}, 409), ({"seed": 7, "niche": "coffee"}, 409)),
    ],
)
def test_options_do_not_change_a_demo_that_failed_after_it_was_planned(page, alice, options, code):
    bring_to(State.ENABLING, alice)
    plan_initial(DemoAccount.objects.get().pk, timezone.now())
    DemoAccount.objects.update(state=State.FAILED)
    before = DemoAccount.objects.values("seed", "niche", "brand", "platforms").get()
    answer = page.post("/api/v1/demo/enable/", options, JSON)
    assert (answer.status_code, DemoAccount.objects.values(*before).get()) == (code, before)
    if code == 409:
        named = ", ".join(name for name in options if name != "niche" or options[name] != "coffee")
        assert f"so {named} cannot change any more" in answer.json()["detail"]


def state_of(user) -> str:
    return DemoAccount.objects.filter(user=user).values_list("state", flat=True).first() or State.OFF


@pytest.mark.parametrize(
    ("state", "request_", "again"),
    [
        *((State.OFF, "enable", 200), (State.OFF, "disable", 200)),
        *((State.ACTIVE, "pause", 200), (State.PAUSED, "resume", 200)),
        *((State.ACTIVE, "disable", 200), (State.ACTIVE, "reset", 409), (State.ACTIVE, "advance", 409)),
        *((State.FAILED, "enable", 200), (State.FAILED, "disable", 200), (State.PAUSED, "disable", 200)),
    ],
)
def test_a_repeated_request_changes_nothing(page, alice, state, request_, again):
    bring_to(state, alice)
    ask = partial(
        page.post,
        f"/api/v1/demo/{request_}/",
        {"days": 1} if request_ == "advance" else {},
        content_type=JSON,
    )
    first = ask()
    after = DemoAccount.objects.values().get()
    assert first.status_code in (200, 202)
    assert ask().status_code == again
    assert DemoAccount.objects.values().get() == after


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("state", "act", "started"),
    [
        (State.OFF, partial(transitions.enable, request_worker=False), [False, False, False, True]),
        (State.ACTIVE, transitions.pause, [False, False, False, True]),
        (State.PAUSED, partial(transitions.resume, request_worker=False), [False, False, False, True]),
        (
            State.ACTIVE,
            lambda user, now: transitions.disable(user, request_worker=False),
            [False, False, False, True],
        ),
    ],
    ids=["enable", "pause", "resume", "disable"],
)
def test_one_of_four_parallel_requests_starts_something(alice, state, act, started):
    bring_to(state, alice)
    now, together = timezone.now() + timedelta(hours=1), Barrier(4)

    def click(_: int) -> bool:
        together.wait()
        try:
            return act(alice, now).started
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == started
    assert DemoAccount.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_parallel_resumes_move_the_story_once(alice):
    bring_to(State.PAUSED, alice)
    before = dict(StoryEvent.objects.values_list("pk", "due_at"))
    paused = DemoAccount.objects.get().paused_at.replace(microsecond=0)

    def resume(minutes: int) -> None:
        transitions.resume(alice, paused + timedelta(minutes=minutes), request_worker=False)
        pending_work.run_to_completion(DemoAccount.objects.get().pk, timezone.now())
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(resume, (60, 61)))
    assert state_of(alice) == State.ACTIVE
    moved = {due - before[pk] for pk, due in StoryEvent.objects.values_list("pk", "due_at")}
    assert len(moved) == 1
    assert moved <= {timedelta(minutes=60), timedelta(minutes=61)}


@pytest.mark.django_db(transaction=True)
def test_a_parallel_disable_and_reset_end_off(alice):
    bring_to(State.ACTIVE, alice)
    together = Barrier(2)

    def click(act) -> None:
        together.wait()
        try:
            act(alice, request_worker=False)
        except transitions.InvalidState:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(click, (transitions.disable, transitions.reset)))
    pending_work.run_to_completion(DemoAccount.objects.get().pk, timezone.now())
    assert (state_of(alice), counts(alice)) == (State.OFF, (0, 0, 0))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"viral_spikes": "perhaps"}, "viral_spikes must be true or false."),
        ({"rhythm": "waltz"}, "rhythm must be one of steady, natural."),
        ({"niche": "waltz"}, f"niche must be one of {', '.join(simulator.NICHES)}."),
        ({"platforms": []}, f"platforms must be one or more of {', '.join(PLATFORMS)}."),
        ({"platforms": "x"}, f"platforms must be one or more of {', '.join(PLATFORMS)}."),
        ({"seed": -1}, "seed must be a whole number from 0 to 9007199254740991."),
        ({"seed": "1"}, "seed must be a whole number from 0 to 9007199254740991."),
        ({"initial_comments": -1}, "initial_comments must be a whole number from 0 to 2147483647."),
        (
            {"content_per_day": 2},
            "content_per_day is not an option of enabling; use platforms, niche, language, seed,",
        ),
        ({"nonsense": 1}, "nonsense is not an option of enabling; use platforms, niche, language, seed,"),
    ],
)
def test_a_wrong_option_of_enabling_is_refused_with_the_allowed_values(alice, options, sentence):
    with pytest.raises(InvalidOption) as refusal:
        transitions.enable(alice, NOW, request_worker=False, **options)
    assert (str(refusal.value)[: len(sentence)], DemoAccount.objects.count()) == (sentence, 0)


def test_an_option_that_is_none_keeps_the_account_s_value(alice):
    options = dict.fromkeys(("platforms", "niche", "rhythm", "viral_spikes", "seed", "initial_content"))
    account = transitions.enable(alice, NOW, request_worker=False, **options).account
    assert (account.rhythm, account.viral_spikes, account.initial_content) == ("steady", True, 35)
