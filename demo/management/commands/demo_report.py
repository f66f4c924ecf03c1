from datetime import datetime
from pathlib import Path

from django.core.management.base import CommandParser
from django.template.loader import render_to_string
from django.utils import timezone

from demo import simulator
from demo.dashboard.status import account_or_default
from demo.engine import story
from demo.lifecycle import transitions
from demo.management.base import DemoCommand, Once, bad_input, user_named
from demo.models import MAX_SEED
from demo.realism.report import Section, section
from demo.realism.sample import long_enough, samples
from demo.simulator.platforms import PLATFORM_FIGURES, SOURCES


class Command(DemoCommand):
    help = (
        "Hold a story to the published figures: plots, references and the verdict of each check, in one page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--user", metavar="NAME", action=Once, help="the story of this user's demo so far")
        which.add_argument(
            "--seed", type=int, metavar="S", help="the world of this seed, long enough to judge"
        )
        parser.add_argument("--niche", choices=simulator.NICHES, help="of the seed's world")
        parser.add_argument("--language", choices=simulator.LANGUAGES, help="of the seed's world")
        parser.add_argument("--out", type=Path, metavar="FILE", help="where to write the page")
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        now = timezone.now().replace(microsecond=0)
        if options["user"] is not None:
            if options["niche"] or options["language"]:
                raise bad_input("--niche and --language go with --seed; a user's demo has its own.")
            title, sections = _of_user(options["user"], now)
        else:
            title, sections = _of_seed(options, now)
        verdicts = [
            {"platform": one.platform, **vars(verdict)} for one in sections for verdict in one.verdicts
        ]
        self.report(verdicts, options["json"], "\n".join([title, *map(_line, verdicts)]))
        if options["out"]:
            self._write(options["out"], title, sections, now)

    def _write(self, file: Path, title: str, sections: list[Section], now: datetime) -> None:
        subtitle = f"As of {now:%Y-%m-%d %H:%M} UTC."
        shown = {"title": title, "subtitle": subtitle, "sections": sections, "sources": SOURCES}
        try:
            file.write_text(render_to_string("demo/report.html", shown), encoding="utf-8")
        except OSError as error:
            raise bad_input(f"--out {file} cannot be written: {error.strerror}.") from error


def _of_user(name: str, now: datetime) -> tuple[str, list[Section]]:
    account = account_or_default(user_named(name))
    events = story.told(account, now) if account.pk else []
    if not events:
        raise bad_input(
            f"There is no story of {name} to look at. `demo_status --user {name}` says whether its demo is on;"
            f" `seed_demo --user {name}` makes one, and `restore_demo --user {name}` brings back what cleanup has hidden."
        )
    return f"The demo of {name}", [section(one) for one in samples(account.world, events, now)]


def _of_seed(options: dict, now: datetime) -> tuple[str, list[Section]]:
    seed = options["seed"]
    niche = options["niche"] or simulator.DEFAULT_NICHE
    language = options["language"] or simulator.DEFAULT_LANGUAGE
    if not 0 <= seed <= MAX_SEED:
        raise bad_input(f"--seed must be a whole number from 0 to {MAX_SEED}.")
    try:
        transitions.check_words(language, niche)
    except ValueError as error:
        raise bad_input(str(error)) from error
    brand = simulator.default_brand(seed, niche, language)
    worlds = (simulator.World(seed, (platform,), niche, brand, language) for platform in PLATFORM_FIGURES)
    sections = [section(long_enough(world, now)) for world in worlds]
    return f"{brand}: the world of seed {seed}, {niche}, {language}", sections


def _line(verdict: dict) -> str:
    passed = {True: "passed", False: "FAILED", None: "too short to say"}[verdict["passed"]]
    return (
        f"{verdict['platform']:<10} {verdict['number']:>2} {verdict['name']:<48} {passed}: {verdict['found']}"
    )
