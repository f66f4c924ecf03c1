"""Makes thousands of users with demos in minutes, for `many_users`, `periodic_runs` and `removal`: copies of a few templates.

The product makes the templates: demos on several sets of platforms and in every niche. Each copy has a user, an account
and profiles as the product creates them, with its own seed, secrets and ids, and the rows of its template, moved by whole
days. They are written user by user, as enabling does. Indexes stay in place. Foreign keys are not checked, as the copied
ids are right. 10,000 full demos take about four minutes and 14 GB.
"""

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

PLATFORMS = (DEFAULT_PLATFORMS, ("instagram", "tiktok"), ("facebook", "x", "linkedin"), ("instagram",))
MORNING = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)  # enabled then, the first window is that of 18:00
MAX_ROWS = 2_000  # of one table in one copy; this many ids are reserved for it
COPIED = (Content, Interaction, StoryEvent)
WRITERS = 2

Row = dict[str, Any]


class Templates(NamedTuple):
    """Demos that the product made: their accounts as rows; the rest is in tables of the schema `template`."""

    demo: str  # a key of seeding.SIZES
    accounts: list[Row]


class Copy(NamedTuple):
    """The parameters of the statements: whose rows become whose, how much later, and the first ids that they take."""

    template: int
    user: int
    account: int
    later: timedelta
    content: int
    interaction: int


def make_templates(demo: str, number: int = 20) -> Templates:
    """Have the product make `number` demos of the size `demo`, then move their rows to tables of the schema `template`."""
    niches = simulator.niches("en")
    for template in range(number):
        user = User.objects.create_user(f"template-{template}", date_joined=MORNING)
        chosen = {
            "platforms": PLATFORMS[template % len(PLATFORMS)],
            "niche": niches[template % len(niches)],
        }
        seeding.seed(user, MORNING, seed=template, **chosen, **seeding.SIZES[demo])
    accounts = list(DemoAccount.objects.order_by("pk").values())
    _store_templates()
    clear()
    return Templates(demo, accounts)


def _store_templates() -> None:
    """Copy the rows with the platform and the brand's id on it, which the copies replace."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA template")
        for table in (model._meta.db_table for model in COPIED):
            cursor.execute(
                f"CREATE TABLE template.{table} AS"
                " SELECT old.*, platform, profile.platform_id AS own, account.id AS template"
                f" FROM {table} old JOIN accounts_profile profile ON profile.id = old.profile_id"
                " JOIN demo_demoaccount account ON account.user_id = profile.owner_id"
            )
            cursor.execute(f"CREATE INDEX ON template.{table} (template, id)")
            cursor.execute(f"ANALYZE template.{table}")


def resize(templates: Templates, users: int, day: int = 0) -> None:
    """Make the number of users exactly `users`; those that are missing are enabled in the morning of that day."""
    existing = DemoAccount.objects.count()
    if users < existing:
        clear()
        existing = 0
    if users > existing:
        add(templates, range(existing, users), timedelta(days=day))


def add(templates: Templates, numbers: Iterable[int], later: timedelta) -> list[int]:
    """Make the users of these numbers, enabled `later` than the templates; return the ids of their accounts."""
    copies = list(_create(templates, list(numbers), later))
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(_copy, [copies[start::WRITERS] for start in range(WRITERS)]))
    _check(copies[-1], templates.demo)
    settle()
    return [copy.account for copy in copies]


def settle() -> None:
    """Do what autovacuum and the checkpointer do while there is little load."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _check(copy: Copy, demo: str) -> None:
    """Assert that a copy has as many rows as a demo that the product made."""
    content = Content.objects.filter(profile__owner=copy.user).count()
    received = Interaction.objects.filter(profile__owner=copy.user, direction="in").count()
    size = seeding.SIZES[demo]
    assert (content, received) == (
        size["initial_content"],
        size["initial_comments"] + size["initial_messages"],
    )


def clear() -> None:
    """Remove every user and all that is theirs."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {User._meta.db_table} RESTART IDENTITY CASCADE")


def _create(templates: Templates, numbers: list[int], later: timedelta) -> Iterator[Copy]:
    """Create users, accounts and profiles, and reserve ids for their rows."""
    at = MORNING + later
    users = User.objects.bulk_create(
        User(username=f"copy-{number}", date_joined=at, demo_mode_enabled_at=at) for number in numbers
    )
    originals = [templates.accounts[number % len(templates.accounts)] for number in numbers]
    accounts = DemoAccount.objects.bulk_create(
        DemoAccount(
            **original
            | _moved(original, later)
            | {"id": None, "user_id": user.pk, "seed": len(templates.accounts) + number}
        )
        for number, original, user in zip(numbers, originals, users, strict=True)
    )
    Profile.objects.bulk_create(
        Profile(owner_id=account.user_id, is_demo=True, created_at=at, **asdict(spec))
        for account in accounts
        for spec in simulator.profiles(account.world)
    )
    first_ids = zip(_reserve(Content, len(numbers)), _reserve(Interaction, len(numbers)), strict=True)
    for original, account, ids in zip(originals, accounts, first_ids, strict=True):
        yield Copy(original["id"], account.user_id, account.pk, later, *ids)


def _moved(row: Row, later: timedelta) -> Row:
    return {name: value + later for name, value in row.items() if isinstance(value, datetime)}


def _reserve(model: type[models.Model], copies: int) -> list[int]:
    """The first of MAX_ROWS ids for each copy; the table's sequence continues after the last."""
    with connection.cursor() as cursor:
        sequence = f"pg_get_serial_sequence('{model._meta.db_table}', 'id')"
        cursor.execute(f"SELECT setval({sequence}, nextval({sequence}) + %s)", [copies * MAX_ROWS])
        end = cursor.fetchone()[0]
    return [end - index * MAX_ROWS for index in range(copies, 0, -1)]


def _copy(copies: list[Copy]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no checks of foreign keys
        for copy in copies:
            for statement in _STATEMENTS:
                cursor.execute(statement, copy._asdict())
    connection.close()


def _statement(model: type[models.Model], **own: str) -> str:
    """The statement that copies a template's rows of a table, with all times moved; `own` are columns with other values."""
    table = model._meta.db_table
    values = {column: f"old.{column}" for column in columns_of(model)}
    times = [field.column for field in model._meta.concrete_fields if isinstance(field, models.DateTimeField)]
    values |= {column: f"old.{column} + %(later)s" for column in times} | {"profile_id": "profile.id"} | own
    return (
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM template.{table} old"
        " JOIN accounts_profile profile ON profile.owner_id = %(user)s AND profile.platform = old.platform"
        " WHERE old.template = %(template)s ORDER BY old.id"
    )


def _renumbered(id: str, model: type[models.Model], first: str) -> str:
    """The id of a copied row, as far from the copy's first as the old one is from the template's."""
    return f"{id} - (SELECT min(id) FROM template.{model._meta.db_table} WHERE template = %(template)s) + %({first})s"


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
