import json
import time
from datetime import UTC, datetime

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from accounts.models import Platform, User
from demo import simulator
from demo.exceptions import InvalidState
from demo.lifecycle.activation import account_or_default
from demo.lifecycle.options import check_options, columns_for
from demo.lifecycle.seeding import (
    SIZES,
    SeedingFailed,
    create_numbered,
    create_user,
    read_username,
    seed,
)
from demo.management.base import DemoCommand, Names, Once, bad_input, user_named
from demo.models import DemoAccount
from demo.progress import delivered_initially
from interactions import clock

OPTIONS = ("seed", "niche", "language", "brand", "products", "platforms")
DEFAULT_SIZE = "full"
MAX_USERS = 10_000


class Command(DemoCommand):
    help = "Switch demo mode on for one user or many, and return when their demos are complete."

    def add_arguments(self, parser: CommandParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--user", metavar="NAME", action=Once)
        who.add_argument(
            "--users",
            action=Once,
            type=int,
            metavar="N",
            help=f"users demo-0001 to N, created when missing; at most {MAX_USERS:,}",
        )
        parser.add_argument("--create", action="store_true", help="create the user when missing")
        parser.add_argument("--seed", type=int, action=Once, help="the same seed gives the same story")
        parser.add_argument("--size", choices=SIZES, action=Once, help=f"{DEFAULT_SIZE} by default")
        parser.add_argument("--niche", choices=simulator.NICHES, action=Once)
        parser.add_argument("--language", choices=simulator.LANGUAGES, action=Once)
        parser.add_argument("--brand", metavar="NAME", action=Once, help="the company; else an invented one")
        parser.add_argument(
            "--products", metavar="NAME", action=Names, help="what people talk about; else the niche's own"
        )
        platforms = ", ".join(Platform.values)
        parser.add_argument("--platforms", metavar="NAME", action=Names, help=f"of {platforms}")
        parser.add_argument(
            "--now", metavar="ISO", action=Once, help="the time at which demo mode is enabled"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="store nothing; with --json print the story"
        )
        self.add_json(parser)

    def handle(self, *args, **options) -> None:
        now = _moment(options["now"])
        size = SIZES[options["size"] or DEFAULT_SIZE]
        given = {name: options[name] for name in OPTIONS} | size
        try:
            check_options(given)
            columns_for(DemoAccount(seed=0), given)  # checks the words before any user is created
            if options["users"] is not None and not 1 <= options["users"] <= MAX_USERS:
                raise ValueError(f"--users must be a whole number from 1 to {MAX_USERS}.")
            if options["dry_run"]:
                return self._print_story(_account(options), given, now, options["json"])
            users = _users(options, now)
            self._seed(users, given, now, options["json"])
        except ValueError as error:
            raise bad_input(str(error)) from error

    def _seed(self, users: list[User], given: dict, now: datetime, as_json: bool) -> None:
        started = time.monotonic()
        before = delivered_initially(users)
        failures = []
        for user in tqdm(users, unit=" users", disable=None if len(users) > 1 else True):
            try:
                seed(user, now, **given)
            except (InvalidState, SeedingFailed) as error:
                failures.append(f"{user.username}: {error}")
        counts = {name: count - before[name] for name, count in delivered_initially(users).items()}
        result = {"users": len(users), **counts, "seconds": round(time.monotonic() - started, 3)}
        sentence = "Users: {users}; new posts: {content}; comments: {comments}; messages: {messages}; seconds: {seconds}."
        if not any(counts.values()) and not failures:
            sentence += " Demo mode was on already and is not changed; reset_demo starts its story again."
        self.report(result, as_json, sentence.format(**result))
        if failures:
            raise CommandError("\n".join(failures))

    def _print_story(self, account: DemoAccount, given: dict, now: datetime, as_json: bool) -> None:
        for name, value in columns_for(account, given).items():
            setattr(account, name, value)
        events = simulator.initial_batch(account.world, account.initial_quota, now.replace(microsecond=0))
        if not as_json:
            self.stdout.write(f"{len(events)} events would be stored; add --json to read them.")
            return
        for event in events:
            line = {
                "platform": event.platform,
                "occurred_at": event.at.isoformat(),
            } | simulator.event_payload(event)
            self.stdout.write(json.dumps(line))


def _moment(text: str | None) -> datetime:
    if text is None:
        return clock.now()
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise bad_input(f"--now {text} is not an ISO 8601 time such as 2026-01-31T12:00:00Z.") from error
    if not 1971 <= moment.year <= 9000:
        raise bad_input("--now must be between the years 1971 and 9000.")
    return moment


def _account(options: dict) -> DemoAccount:
    """The account of a dry run: the user's, or an unsaved one of seed 0."""
    if options["users"] is not None:
        return DemoAccount(seed=0)
    if options["create"]:
        user = User.objects.filter(username=read_username(options["user"])).first()
        return account_or_default(user) if user else DemoAccount(seed=0)
    return account_or_default(user_named(options["user"]))


def _users(options: dict, now: datetime) -> list[User]:
    if options["users"] is not None:
        return list(create_numbered(options["users"], now))
    return [create_user(options["user"], now) if options["create"] else user_named(options["user"])]
