"""The command demo_report: how realistic a story is, as text or JSON, and as an HTML page with plots."""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.core.management.base import CommandParser
from django.template.loader import render_to_string
from django.utils import timezone

from demo import simulator
from demo.engine import story
from demo.lifecycle.activation import account_or_default
from demo.lifecycle.options import check_words
from demo.management.base import DemoCommand, Once, bad_input, user_named
from demo.models import MAX_SEED, DemoAccount
from demo.realism.report import Section, section
from demo.realism.sample import generate_sample, samples
from demo.simulator.platforms import PLATFORM_FIGURES, SOURCES


class Command(DemoCommand):
    help = "Check a story against published figures: per platform the result of each check, and plots as an HTML page."

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--user", metavar="NAME", action=Once, help="check the story of this user's demo so far"
        )
        source.add_argument(
            "--seed",
            action=Once,
            type=int,
            metavar="S",
            help="check a generated story of this seed, long enough for all checks",
        )
        parser.add_argument("--niche", choices=simulator.NICHES, action=Once, help="of the generated story")
        parser.add_argument(
            "--language", choices=simulator.LANGUAGES, action=Once, help="of the generated story"
        )
        parser.add_argument(
            "--out", type=Path, metavar="FILE", action=Once, help="write the HTML page to this file"
        )
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        now = timezone.now().replace(microsecond=0)
        if options["out"]:
            _check_writable(options["out"])
        if options["user"] is not None:
            if options["niche"] or options["language"]:
                raise bad_input("--niche and --language go with --seed; a user's demo has its own.")
            title, sections = _of_user(options["user"], now)
        else:
            title, sections = _of_seed(options, now)
        results = [
            {"platform": part.platform, **vars(result)} for part in sections for result in part.results
        ]
        self.report(results, options["json"], "\n".join([title, *map(_line, results)]))
        if options["out"]:
            _write_page(options["out"], title, sections, now)


def _check_writable(file: Path) -> None:
    """Refuse a missing folder or permission before the report, which takes seconds. Opens nothing: it may be a pipe."""
    if not os.access(file if os.access(file, os.F_OK) else file.parent, os.W_OK):
        raise bad_input(f"--out {file} cannot be written: its folder or the permission is missing.")


def _write_page(file: Path, title: str, sections: list[Section], now: datetime) -> None:
    subtitle = f"As of {now:%Y-%m-%d %H:%M} UTC."
    context = {"title": title, "subtitle": subtitle, "sections": sections, "sources": SOURCES}
    try:
        file.write_text(render_to_string("demo/report.html", context), encoding="utf-8")
    except OSError as error:
        raise bad_input(f"--out {file} cannot be written: {error.strerror}.") from error


def _of_user(name: str, now: datetime) -> tuple[str, list[Section]]:
    account = account_or_default(user_named(name))
    events = story.delivered_events(account, now) if account.pk else []
    if not events:
        raise bad_input(
            f"{name} has no story to check. `demo_status --user {name}` shows whether the demo is on;"
            f" `seed_demo --user {name}` makes one, and `restore_demo --user {name}` restores expired data."
        )
    return f"The demo of {name}", [section(sample) for sample in samples(account.world, events, now)]


def _of_seed(options: dict, now: datetime) -> tuple[str, list[Section]]:
    seed = options["seed"]
    niche = options["niche"] or simulator.DEFAULT_NICHE
    language = options["language"] or simulator.DEFAULT_LANGUAGE
    if not 0 <= seed <= MAX_SEED:
        raise bad_input(f"--seed must be a whole number from 0 to {MAX_SEED}.")
    try:
        check_words(language, niche)
    except ValueError as error:
        raise bad_input(str(error)) from error
    brand = simulator.default_brand(seed, niche, language)
    account = DemoAccount(seed=seed, niche=niche, brand=brand, language=language)
    worlds = (replace(account.world, platforms=(platform,)) for platform in PLATFORM_FIGURES)
    sections = [section(generate_sample(world, now)) for world in worlds]
    return f"{brand}: a generated story of seed {seed}, {niche}, {language}", sections


def _line(result: dict) -> str:
    outcome = {True: "passed", False: "FAILED", None: "too short to check"}[result["passed"]]
    return f"{result['platform']:<10} {result['number']:>2} {result['name']:<48} {outcome}: {result['found']}"
