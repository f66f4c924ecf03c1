"""Thousands of living users within minutes: copies of a few that the product made.

The models are demos on several sets of platforms and in every niche. Each copy gets user, account and profiles as the
product creates them, with a seed, secrets and ids of its own, and its model's rows, moved by whole days: user by user, as
enabling writes them. Indexes stay in place; foreign keys, right by construction, go unchecked. 10,000 full demos take
about four minutes and 14 GB.

USERS is the largest number, SIZE that of a demo: full, small or smoke.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, models, transaction

from accounts.models import Profile, User
from accounts.platforms import DEFAULT_PLATFORMS
from benchmarks.peers import columns_of
from demo import simulator
from demo.lifecycle import seeding
from demo.models import DemoAccount, StoryEvent
from interactions.models import Content, Interaction

USERS = int(os.environ.get("USERS", "10000"))
SIZES = sorted({max(100, USERS // 100), max(100, USERS // 10), USERS})
SIZE = os.environ.get("SIZE", "full")
MODELS = 20
PLATFORMS = (DEFAULT_PLATFORMS, ("instagram", "tiktok"), ("facebook", "x", "linkedin"), ("instagram",))
MORNING = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)  # enabled then, the first window is that of 18:00
MAX_ROWS = 2_000  # of a kind that a copy has, so many ids are its own
ROWS = (Content, Interaction, StoryEvent)
WRITERS = 2

Row = dict[str, Any]


class Copy(NamedTuple):
    """What the statements need to know: whose rows become whose, how much later, and the first ids that they take."""

    model: int
    user: int
    account: int
    later: timedelta
    content: int
    interaction: int


_models: list[Row] = []  # accounts


def exactly(users: int, day: int = 0) -> None:
    """Let exactly so many users live; those that are missing have been enabled in the morning of that day."""
    there = DemoAccount.objects.count()
    if not _models or users < there:
        clear()
        there = 0
    if users > there:
        add(range(there, users), timedelta(days=day))


def add(numbers: Iterable[int], later: timedelta) -> list[int]:
    """Make the users of these numbers, enabled so much later than the models; return their accounts."""
    if not _models:
        _models.extend(_make_models())
    copies = list(_create(list(numbers), later))
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(_copy, [copies[start::WRITERS] for start in range(WRITERS)]))
    _check(copies[-1])
    settle()
    return [copy.account for copy in copies]


def settle() -> None:
    """Do what autovacuum and the checkpointer do in quiet hours."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _check(copy: Copy) -> None:
    """A copy has as much as a demo that the product made."""
    pieces = Content.objects.filter(profile__owner=copy.user).count()
    received = Interaction.objects.filter(profile__owner=copy.user, direction="in").count()
    size = seeding.SIZES[SIZE]
    assert (pieces, received) == (
        size["initial_content"],
        size["initial_comments"] + size["initial_messages"],
    )


def clear() -> None:
    """Remove every user and all that is theirs."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {User._meta.db_table} RESTART IDENTITY CASCADE")


def _make_models() -> list[Row]:
    """Models by the product; their rows are kept aside, with the platform and the brand's own id there."""
    clear()
    niches = simulator.niches("en")
    for number in range(MODELS):
        user = User.objects.create_user(f"model-{number}", date_joined=MORNING)
        chosen = {"platforms": PLATFORMS[number % len(PLATFORMS)], "niche": niches[number % len(niches)]}
        seeding.seed(user, MORNING, seed=number, **chosen, **seeding.SIZES[SIZE])
    accounts = list(DemoAccount.objects.order_by("pk").values())
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA model")
        for table in (kind._meta.db_table for kind in ROWS):
            cursor.execute(
                f"CREATE TABLE model.{table} AS"
                " SELECT old.*, platform, profile.platform_id AS own, account.id AS model"
                f" FROM {table} old JOIN accounts_profile profile ON profile.id = old.profile_id"
                " JOIN demo_demoaccount account ON account.user_id = profile.owner_id"
            )
            cursor.execute(f"CREATE INDEX ON model.{table} (model, id)")
            cursor.execute(f"ANALYZE model.{table}")
    clear()
    return accounts


def _create(numbers: list[int], later: timedelta) -> Iterator[Copy]:
    """Users, accounts and profiles, with room in the tables' ids for their rows."""
    at = MORNING + later
    users = User.objects.bulk_create(
        User(username=f"living-{number}", date_joined=at, demo_mode_enabled_at=at) for number in numbers
    )
    modelled = [_models[number % MODELS] for number in numbers]
    accounts = DemoAccount.objects.bulk_create(
        DemoAccount(
            **model | _moved(model, later) | {"id": None, "user_id": user.pk, "seed": MODELS + number}
        )
        for number, model, user in zip(numbers, modelled, users, strict=True)
    )
    Profile.objects.bulk_create(
        Profile(owner_id=account.user_id, is_demo=True, created_at=at, **asdict(spec))
        for account in accounts
        for spec in simulator.profiles(account.world)
    )
    rooms = zip(_room(Content, len(numbers)), _room(Interaction, len(numbers)), strict=True)
    for model, account, room in zip(modelled, accounts, rooms, strict=True):
        yield Copy(model["id"], account.user_id, account.pk, later, *room)


def _moved(row: Row, later: timedelta) -> Row:
    return {name: value + later for name, value in row.items() if isinstance(value, datetime)}


def _room(kind: type[models.Model], copies: int) -> list[int]:
    """The first id for the rows of each copy; the table's own ids go on after the last."""
    with connection.cursor() as cursor:
        sequence = f"pg_get_serial_sequence('{kind._meta.db_table}', 'id')"
        cursor.execute(f"SELECT setval({sequence}, nextval({sequence}) + %s)", [copies * MAX_ROWS])
        end = cursor.fetchone()[0]
    return [end - place * MAX_ROWS for place in range(copies, 0, -1)]


def _copy(copies: list[Copy]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no checks of foreign keys
        for copy in copies:
            for statement in _STATEMENTS:
                cursor.execute(statement, copy._asdict())
    connection.close()


def _statement(kind: type[models.Model], **own: str) -> str:
    """Copy a model's rows of a kind, with all times moved and the columns that are the copy's own."""
    table = kind._meta.db_table
    values = {column: f"old.{column}" for column in columns_of(kind)}
    times = [field.column for field in kind._meta.concrete_fields if isinstance(field, models.DateTimeField)]
    values |= {column: f"old.{column} + %(later)s" for column in times} | {"profile_id": "profile.id"} | own
    return (
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM model.{table} old"
        " JOIN accounts_profile profile ON profile.owner_id = %(user)s AND profile.platform = old.platform"
        " WHERE old.model = %(model)s ORDER BY old.id"
    )


def _renumbered(id: str, kind: type[models.Model], first: str) -> str:
    """The id of a copied row, as far from the copy's first as the old one is from the model's."""
    return f"{id} - (SELECT min(id) FROM model.{kind._meta.db_table} WHERE model = %(model)s) + %({first})s"


_STATEMENTS = (
    _statement(Content, id=_renumbered("old.id", Content, "content")),
    _statement(
        Interaction,
        id=_renumbered("old.id", Interaction, "interaction"),
        content_id=_renumbered("old.content_id", Content, "content"),
        parent_id=_renumbered("old.parent_id", Interaction, "interaction"),
        author_id="CASE old.author_id WHEN old.own THEN profile.platform_id ELSE old.author_id END",
    ),
    _statement(
        StoryEvent,
        account_id="%(account)s",
        payload="CASE old.payload->'author'->>'id' WHEN old.own"
        " THEN jsonb_set(old.payload, '{author,id}', to_jsonb(profile.platform_id)) ELSE old.payload END",
    ),
)
