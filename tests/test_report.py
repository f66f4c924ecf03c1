"""The command demo_report: a page with plots, references and results on a user's demo or a generated story."""

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError
from django.utils import timezone

from demo import simulator
from demo.engine import story
from demo.models import DemoAccount, StoryEvent
from demo.realism.checks import run_checks
from demo.realism.sample import samples
from tests.commands import run
from tests.stories import world
from tests.world import NOW, demo_of

pytestmark = pytest.mark.django_db


@pytest.mark.long
def test_a_seeds_page_has_results_on_every_platform_and_no_external_resources(tmp_path):
    page = tmp_path / "report.html"
    results = json.loads(run("demo_report", "--seed", "7", "--niche", "games", "--out", str(page), "--json"))
    assert len(results) == 6 * 14
    assert [result for result in results if result["passed"] is None] == []
    assert sum(result["passed"] for result in results) >= 82
    html = page.read_text()
    assert html.count("<svg") == 6 * 7
    assert not re.search(r"(src|href)=|url\(|@import|http", html)
    assert html.count('class="yes"') == sum(result["passed"] for result in results)


@pytest.mark.parametrize("hour", [7, 20])
@pytest.mark.parametrize("seed", [2, 14])
def test_a_story_of_the_default_size_fails_no_check_at_any_time_of_day(hour, seed):
    """A platform with too few comments for a check gets no result."""
    until = NOW.replace(hour=hour, minute=47)
    own = world(seed, ("instagram", "youtube", "facebook"))
    story = simulator.initial_batch(own, simulator.Quota(35, 920, 100), until)
    results = [result for sample in samples(own, story, until) for result in run_checks(sample)]
    assert [result for result in results if result.passed is False] == []
    assert len([result for result in results if result.passed]) >= 6


def test_a_users_page_reports_that_users_story(alice, bob, tmp_path, monkeypatch):
    monkeypatch.setattr("demo.management.commands.demo_report.timezone.now", lambda: NOW)
    demo_of(alice, size="full")
    demo_of(bob, seed=2)
    page = tmp_path / "report.html"
    results = json.loads(run("demo_report", "--user", "alice", "--out", str(page), "--json"))
    assert {result["platform"] for result in results} == {"instagram", "youtube", "facebook"}
    assert [result for result in results if result["passed"] is False] == []
    counts = [int(number) for number in re.findall(r"(\d+) comments;", page.read_text())]
    assert sum(counts) == 920


def test_a_short_story_gets_no_result(alice):
    demo_of(alice, timezone.now())
    results = json.loads(run("demo_report", "--user", "alice", "--json"))
    assert {result["number"] for result in results if result["passed"] is not None} == {14}


@pytest.mark.long
def test_the_same_seed_gives_the_same_report(monkeypatch):
    monkeypatch.setattr("demo.management.commands.demo_report.timezone.now", lambda: NOW)
    first, second = (run("demo_report", "--seed", "3", "--niche", "coffee", "--json") for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--user", "nobody"], "There is no user"),
        (["--seed", "-1"], "whole number"),
        (["--seed", "7", "--niche", "software", "--language", "es"], "niche must be one of"),
        (["--seed", "7", "--out", "/nowhere/report.html"], "cannot be written"),
        (["--user", "nobody", "--out", "/nowhere/report.html"], "cannot be written"),  # before all work
    ],
)
def test_bad_input_exits_2_with_a_sentence(words, sentence):
    with pytest.raises(CommandError, match=sentence) as error:
        run("demo_report", *words)
    assert error.value.returncode == 2


def test_a_user_without_a_demo_has_no_report(alice, tmp_path):
    page = tmp_path / "report.html"
    with pytest.raises(CommandError, match="alice has no story to check") as error:
        run("demo_report", "--user", "alice", "--out", str(page))
    assert (error.value.returncode, DemoAccount.objects.count(), page.exists()) == (2, 0, False)


def test_a_report_is_written_into_a_pipe_and_through_a_link(alice, tmp_path):
    demo_of(alice)
    pipe, link, page = (tmp_path / name for name in ("pipe", "link", "page.html"))
    os.mkfifo(pipe)
    link.symlink_to(page)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        run("demo_report", "--user", "alice", "--out", str(pipe))
        run("demo_report", "--user", "alice", "--out", str(link))
        assert "</html>" in read.result(10)
    assert (link.is_symlink(), "</html>" in page.read_text()) == (True, True)


def test_a_report_contains_delivered_events_only(alice):
    account = demo_of(alice)
    last = StoryEvent.objects.filter(type="comment.created").latest("due_at")
    before = story.delivered_events(account, NOW)
    StoryEvent.objects.filter(pk=last.pk).update(delivered_at=None)  # as while the demo is paused
    missing = {event.platform_id for event in before} - {
        event.platform_id for event in story.delivered_events(account, NOW)
    }
    assert missing == {last.platform_id}
