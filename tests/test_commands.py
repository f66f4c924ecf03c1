"""The management commands of demo mode: exit codes 0, 1, 2 and reports."""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Timer

import pytest
from django.core.management import CommandError, get_commands, load_command_class
from django.db import connection
from django_celery_beat.models import PeriodicTask

from accounts.models import Profile, User
from demo.engine import delivery
from demo.engine.planning import plan_due, plan_initial
from demo.engine.transports import in_process
from demo.lifecycle import activation, on_demand, seeding, transitions
from demo.models import DemoAccount, State, StoryEvent
from demo.progress import progress_of
from demo.schedules import SCHEDULES
from interactions.models import Content, Interaction
from tests.commands import run
from tests.world import DAY, NOW, demo_of

INVALID_NAME = (
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
)
DJANGO_OPTIONS = {"verbosity", "settings", "pythonpath"}


def test_seeding_a_user_reports_exact_counts_and_a_second_time_adds_nothing(db):
    first = json.loads(run("seed_demo", "--user", "carol", "--create", "--size", "small", "--json"))
    again = json.loads(run("seed_demo", "--user", "carol", "--size", "small", "--json"))
    assert (first["users"], first["content"], first["comments"], first["messages"]) == (1, 10, 200, 25)
    assert (again["content"], again["comments"], again["messages"]) == (0, 0, 0)
    assert (Content.objects.count(), Interaction.objects.filter(direction="in").count()) == (10, 225)


def test_seeding_many_users_creates_them_without_usable_passwords(db):
    run("seed_demo", "--users", "3", "--size", "smoke")
    users = [account.user for account in DemoAccount.objects.order_by("user__username")]
    assert [user.username for user in users] == ["demo-0001", "demo-0002", "demo-0003"]
    assert not any(user.has_usable_password() for user in users)
    assert Interaction.objects.filter(direction="in").count() == 3 * 35


CAROL = ("seed_demo", "--user", "carol", "--create", "--size", "smoke", "--seed", "1")


@pytest.mark.parametrize(
    "words",
    [
        ("--products", "Sun Lamp, Trail Mug", "--platforms", "x,facebook"),
        ("--products", "Sun Lamp", "Trail Mug", "--platforms", "x", "facebook"),
        ("--products", "Sun Lamp", "--platforms", "x", "--products", "Trail Mug", "--platforms", "facebook"),
    ],
)
def test_brand_products_and_platforms_are_options(db, words):
    run(*CAROL, "--brand", "Solaris, Ltd.", *words)
    account = DemoAccount.objects.get()
    assert (account.brand, account.products) == ("Solaris, Ltd.", ["Sun Lamp", "Trail Mug"])
    assert (account.platforms, account.state) == (["x", "facebook"], "active")
    assert set(Profile.objects.values_list("platform", flat=True)) == {"x", "facebook"}
    posts = " ".join(Content.objects.values_list("text", flat=True))
    assert "Sun Lamp" in posts or "Trail Mug" in posts


def test_options_change_nothing_of_a_demo_that_is_active(db):
    run(*CAROL, "--brand", "Solaris", "--products", "Sun Lamp", "--platforms", "x")
    report = json.loads(
        run(*CAROL, "--brand", "Other", "--products", "Mug", "--platforms", "tiktok", "--json")
    )
    assert (report["content"], report["comments"], report["messages"]) == (0, 0, 0)
    assert DemoAccount.objects.values_list("brand", "products", "platforms").get() == (
        "Solaris",
        ["Sun Lamp"],
        ["x"],
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--platforms", "x,myspace"), "platforms must be one or more of instagram, youtube, facebook,"),
        (("--platforms", ","), "platforms must be one or more of"),
        (("--brand", "a" * 81), "brand must be a name of 1 to 80 characters in one line"),
        (("--brand", "!!"), "brand must have at least one letter or digit."),
        (
            ("--products", "Mug," + "a" * 61),
            "Each product must be a name of 1 to 60 characters in one line",
        ),
        (("--products", ",".join("abcdefghijklmnopqrstu")), "products must be at most 20 names."),
        (("--brand", "\udcff"), "brand must be a name of 1 to 80 characters in one line"),
    ],
)
def test_an_invalid_brand_product_or_platform_is_bad_input(db, words, sentence):
    with pytest.raises(CommandError, match=re.escape(sentence)) as error:
        run(*CAROL, *words)
    assert error.value.returncode == 2
    assert not User.objects.exists()


def test_the_option_now_determines_every_time(db):
    run(
        "seed_demo",
        "--user",
        "carol",
        "--create",
        "--size",
        "smoke",
        "--seed",
        "1",
        "--now",
        "2026-01-31T12:00:00Z",
    )
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert User.objects.get().date_joined == now
    assert set(Profile.objects.values_list("created_at", flat=True)) == {now}
    for model in (Content, Interaction):
        assert set(model.objects.values_list("received_at", "updated_at")) == {(now, now)}
    assert StoryEvent.objects.latest("due_at").due_at.date().isoformat() <= "2026-01-31"
    assert StoryEvent.objects.earliest("due_at").due_at.date().isoformat() >= "2026-01-13"


def test_a_dry_run_prints_the_story_and_stores_nothing(db):
    words = [
        "seed_demo",
        "--user",
        "carol",
        "--create",
        "--size",
        "smoke",
        "--seed",
        "1",
        "--dry-run",
        "--json",
    ]
    lines = [json.loads(line) for line in run(*words, "--now", "2026-01-31T12:00:00Z").splitlines()]
    printed = Counter(line["type"] for line in lines)
    assert (printed["content.published"], printed["content.metrics"]) == (3, 3)
    assert (printed["comment.created"] >= 30, printed["message.created"] >= 5) == (True, True)
    assert "memo" not in {name for line in lines for name in line}
    assert {"type", "id", "occurred_at", "platform"} <= lines[0].keys()
    assert not DemoAccount.objects.exists()


def test_a_dry_run_prints_the_story_that_the_user_would_get(alice):
    options = {"niche": "games", "products": ["Zork"], "platforms": ["x"], "seed": 5}
    account = activation.get_or_create_account(alice)
    DemoAccount.objects.filter(pk=account.pk).update(**options, brand="Infocom")
    words = ("seed_demo", "--user", "alice", "--now", "2026-01-31T12:00:00Z")
    printed = [json.loads(line) for line in run(*words, "--dry-run", "--json").splitlines()]
    run(*words)
    ids = {line["id"] for line in printed if line["type"] != "content.metrics"}
    assert ids == set(
        StoryEvent.objects.exclude(type="content.metrics").values_list("platform_id", flat=True)
    )
    assert sum("Zork" in line.get("text", "") for line in printed) > 100


@pytest.mark.parametrize(
    "words",
    [
        ("seed_demo", "--user", "nobody"),
        ("seed_demo", "--users", "0"),
        ("seed_demo", "--users", "2", "--language", "es", "--niche", "games"),
        ("seed_demo", "--user", "nobody", "--dry-run"),
        ("seed_demo", "--user", "nobody", "--create", "--now", "yesterday"),
        ("seed_demo", "--user", "nobody", "--create", "--seed", "-1"),
        ("cleanup_demo", "--older-than", "-1"),
        ("reset_demo", "--user", "nobody", "--yes"),
        ("disable_demo", "--user", "nobody"),
        ("advance_demo", "--user", "nobody", "--days", "1"),
        ("demo_status", "--user", "nobody"),
        ("delete_user", "--user", "nobody", "--yes"),
        ("delete_user", "--user", "\udcff", "--yes"),
        ("demo_status", "--user", ""),
        ("cleanup_demo", "--older-than", "740000"),
        ("seed_demo", "--user", "nobody", "--create", "--now", "9999-12-31"),
        ("seed_demo", "--user", "nobody", "--create", "--now", "0001-01-10"),
        ("seed_demo", "--user", "x" * 151, "--create"),
        ("seed_demo", "--user", "a b", "--create"),
        ("seed_demo", "--user", "\udcff", "--create"),
    ],
)
def test_bad_input_exits_with_2(db, words):
    with pytest.raises(CommandError) as error:
        run(*words)
    assert error.value.returncode == 2
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--user", "", "--create"), "A user's name must not be empty."),
        (("--users", "0"), "--users must be a whole number from 1 to 10000."),
        (("--users", "1000000000"), "--users must be a whole number from 1 to 10000."),
        (("--user", "\udcff"), "A name must be UTF-8."),
        (("--user", "\udcff", "--create"), INVALID_NAME),
        (("--user", "a b", "--create"), INVALID_NAME),
    ],
)
@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)], ids=["", "dry run"])
def test_seed_demo_refuses_users_that_cannot_exist(db, words, sentence, dry_run):
    with pytest.raises(CommandError) as error:
        run("seed_demo", *words, *dry_run)
    assert (str(error.value), error.value.returncode) == (sentence, 2)
    assert not User.objects.exists()


OPTIONS_WITH_A_VALUE = {
    (command, action.option_strings[-1]): action
    for command, app in get_commands().items()
    if app == "demo"
    for action in load_command_class(app, command).create_parser("manage.py", command)._actions
    if action.option_strings and action.nargs is None and action.dest not in DJANGO_OPTIONS
}


@pytest.mark.parametrize(("command", "option"), OPTIONS_WITH_A_VALUE)
def test_an_option_given_twice_is_refused(command, option):
    action = OPTIONS_WITH_A_VALUE[command, option]
    value = str(next(iter(action.choices)) if action.choices else 1)
    with pytest.raises(CommandError, match=f"{option} was given twice; give it once"):
        run(command, option, value, option, value)


@pytest.mark.parametrize(
    "words",
    [
        *(("delete_user", "--yes"), ("disable_demo", "--yes"), ("reset_demo", "--yes")),
        *(
            ("advance_demo", "--days", "1"),
            ("restore_demo",),
            ("demo_status",),
            ("demo_report",),
            ("seed_demo",),
        ),
    ],
)
def test_a_user_named_twice_is_refused(alice, bob, words):
    with pytest.raises(CommandError, match="--user was given twice; give it once"):
        run(*words, "--user", "alice", "--user", "bob")
    assert (User.objects.count(), DemoAccount.objects.count()) == (2, 0)


def test_days_out_of_range_exit_with_2_and_an_inactive_demo_with_1(alice):
    with pytest.raises(CommandError) as error:
        run("advance_demo", "--user", "alice", "--days", "31")
    assert error.value.returncode == 2
    with pytest.raises(CommandError) as error:
        run("advance_demo", "--user", "alice", "--days", "3")
    assert error.value.returncode == 1


def test_reset_and_disable_need_yes_and_do_it(alice):
    demo_of(alice)
    run("reset_demo", "--user", "alice", "--yes")
    assert DemoAccount.objects.get().state == State.ACTIVE
    run("disable_demo", "--user", "alice", "--yes")
    assert DemoAccount.objects.get().state == State.OFF
    assert Interaction.objects.count() == 0


def test_a_reset_that_fails_exits_with_1_and_says_why(alice):
    demo_of(alice)
    DemoAccount.objects.update(niche="none that exists")
    with pytest.raises(
        CommandError, match=r"An internal error occurred\. .* reference [0-9a-f]{12}\."
    ) as error:
        run("reset_demo", "--user", "alice", "--yes")
    assert (error.value.returncode, DemoAccount.objects.get().state) == (1, State.FAILED)


def test_seeding_many_continues_after_one_that_fails(db):
    run("seed_demo", "--users", "1", "--size", "smoke")
    transitions.disable(User.objects.get(), request_worker=False)
    with pytest.raises(CommandError, match="demo-0001: The demo is still being removed") as error:
        run("seed_demo", "--users", "3", "--size", "smoke")
    assert error.value.returncode == 1
    assert DemoAccount.objects.filter(state=State.ACTIVE).count() == 2


def test_cleanup_reports_by_kind(alice):
    demo_of(alice)
    stored = Counter(Interaction.objects.values_list("type", flat=True))
    dry = json.loads(run("cleanup_demo", "--dry-run", "--older-than", "0", "--json"))
    assert dry == {
        "dry_run": True,
        "content": 3,
        "comments": stored["comment"],
        "messages": stored["message"],
        "story": StoryEvent.objects.count(),
        "dead_letters": 0,
        "pending_changes": 0,
        "purged": 0,
        "failed": 0,
    }
    assert (stored["comment"] >= 30, stored["message"] >= 5) == (True, True)
    assert json.loads(run("cleanup_demo", "--older-than", "0", "--json")) == dry | {"dry_run": False}
    assert Interaction.objects.filter(deleted_at=None).count() == 0


def test_cleanup_exits_with_1_when_a_demo_could_not_be_cleaned_up(alice):
    demo_of(alice)
    DemoAccount.objects.update(niche="none that exists")
    with pytest.raises(CommandError, match=r"^1 demo could not be cleaned up") as error:
        run("cleanup_demo")
    assert error.value.returncode == 1


def test_seeding_counts_only_its_own_users(alice, bob, monkeypatch):
    def seed_both(user, now, **options):
        demo_of(bob)
        return seeding.seed(user, now, **options)

    monkeypatch.setattr("demo.management.commands.seed_demo.seed", seed_both)
    report = json.loads(run("seed_demo", "--user", "alice", "--size", "small", "--json"))
    assert (report["content"], report["comments"], report["messages"]) == (10, 200, 25)


def test_seeding_does_not_count_later_events(alice, monkeypatch):
    demo_of(alice)

    def seed_after_generating(user, now, **options):
        assert on_demand.generate_interactions(alice, NOW).comments == 10
        return seeding.seed(user, now, **options)

    monkeypatch.setattr("demo.management.commands.seed_demo.seed", seed_after_generating)
    report = json.loads(run("seed_demo", "--user", "alice", "--json"))
    assert (report["content"], report["comments"], report["messages"]) == (0, 0, 0)


def test_events_planned_after_seeding_do_not_reduce_its_counts(alice, monkeypatch):
    account = demo_of(alice)

    def seed_after_planning(user, now, **options):
        assert plan_due(NOW + DAY).comments > 0
        return seeding.seed(user, now, **options)

    monkeypatch.setattr("demo.management.commands.seed_demo.seed", seed_after_planning)
    report = json.loads(run("seed_demo", "--user", "alice", "--json"))
    assert (report["content"], report["comments"], report["messages"]) == (0, 0, 0)
    assert progress_of(account).text == "content 3/3, comments 30/30, messages 5/5"


@pytest.mark.django_db(transaction=True)
def test_seeding_waits_for_a_worker_that_delivers_the_same_demo(alice, monkeypatch):
    account = transitions.enable(alice, NOW, request_worker=False, **seeding.SIZES["smoke"]).account
    plan_initial(account.pk, NOW)
    real, holding, release = in_process.ingest, Event(), Event()

    def slowly(arrivals, now):
        if not holding.is_set():
            holding.set()
            release.wait(10)
        return real(arrivals, now)

    def work() -> None:
        delivery.deliver_due(NOW)
        connection.close()

    monkeypatch.setattr(in_process, "ingest", slowly)
    monkeypatch.setattr(in_process, "EVENTS_PER_TRANSACTION", 10)
    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(work)
        assert holding.wait(10)
        Timer(0.5, release.set).start()
        run("seed_demo", "--user", "alice")
        worker.result(30)
    account.refresh_from_db()
    assert (account.state, Interaction.objects.filter(direction="in").count()) == (State.ACTIVE, 35)


def test_status_lists_every_demo(alice, bob):
    demo_of(alice)
    assert [(demo["user"], demo["state"]) for demo in json.loads(run("demo_status", "--json"))] == [
        ("alice", "active")
    ]
    assert json.loads(run("demo_status", "--user", "bob", "--json"))[0]["state"] == "off"


def test_the_number_of_status_queries_does_not_grow_with_demos(alice, bob, django_assert_num_queries):
    demo_of(alice)
    with django_assert_num_queries(7):
        run("demo_status")
    demo_of(bob, seed=2)
    StoryEvent.objects.filter(account__user=bob).update(delivered_at=None)
    with django_assert_num_queries(7):
        hers, his = json.loads(run("demo_status", "--json"))
    assert (hers["user"], hers["progress"]["comments"]["done"], len(hers["upcoming"])) == ("alice", 30, 0)
    assert (his["user"], his["progress"]["comments"]["done"], len(his["upcoming"])) == ("bob", 0, 10)
    [status] = json.loads(run("demo_status", "--user", "bob", "--json"))
    assert his == status


def test_every_schedule_exists_once_and_in_utc(db):
    rows = {task.name: task for task in PeriodicTask.objects.exclude(name="celery.backend_cleanup")}
    assert rows.keys() == {schedule.name for schedule in SCHEDULES}
    assert str(rows["demo: daily content"].crontab).startswith("0 10 * * *")
    assert str(rows["demo: interactions"].crontab).startswith("0 */6 * * *")
    assert str(rows["demo: weekly cleanup"].crontab).startswith("0 3 * * 1")
    assert all(str(task.crontab.timezone) == "UTC" for task in rows.values() if task.crontab)
    assert all(task.expire_seconds for task in rows.values())


def test_an_operators_changes_survive_migrate(db):
    PeriodicTask.objects.filter(name="demo: weekly cleanup").update(enabled=False)
    task = PeriodicTask.objects.get(name="demo: deliver due events")
    task.interval.every = 40
    task.interval.save()
    run("migrate")
    run("migrate")
    assert PeriodicTask.objects.get(name="demo: weekly cleanup").enabled is False
    assert PeriodicTask.objects.get(name="demo: deliver due events").interval.every == 40
    assert PeriodicTask.objects.exclude(name="celery.backend_cleanup").count() == len(SCHEDULES)


def test_the_status_equals_the_answer_of_the_api(page, alice):
    demo_of(alice)
    [status] = json.loads(run("demo_status", "--user", "alice", "--json"))
    assert status == page.get("/api/v1/demo/").json() | {"user": "alice"}
