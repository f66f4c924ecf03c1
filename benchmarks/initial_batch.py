"""Time from `enable` to the last visible row, one process. Peer: raw COPY of the same rows. Limit: each row and its WAL written once.

factory_boy, which stores row by row, is measured beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count

from django.db import connection
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks import peers
from benchmarks.measurements import Table, at_most, milliseconds, min_seconds
from demo.lifecycle.seeding import SIZES, seed
from demo.models import DemoAccount
from interactions.models import Content, Interaction

_number = count()


@dataclass(frozen=True)
class Size:
    demo: str  # a key of SIZES
    runs: int
    runs_of_factory: int


FULL = Size(demo="full", runs=7, runs_of_factory=2)
SMALL = Size(demo="smoke", runs=1, runs_of_factory=1)


def run(size: Size) -> Iterator[Table]:
    ours = min_seconds(size.runs, partial(_enable, size.demo), lambda: (_new_user(),))
    rows = _rows_of(DemoAccount.objects.order_by("pk").last())
    raw = min_seconds(size.runs, _copy, lambda: _moved(rows))
    by_factory = min_seconds(size.runs_of_factory, peers.factory_row_by_row, lambda: _moved(rows))
    yield Table(
        f"Initial batch: {sum(map(len, rows)):,} rows",
        [
            milliseconds("raw COPY … ON CONFLICT of the same rows", raw),
            milliseconds("factory_boy, row by row", by_factory),
            milliseconds("Perennial, from enable to the last row visible", ours),
            at_most("Perennial as a multiple of raw COPY", ours / raw, 10),
            at_most("Perennial as a multiple of factory_boy", ours / by_factory, 1),
        ],
    )


def _new_user() -> User:
    return User.objects.create(username=f"bench-{next(_number)}")


def _enable(demo: str, user: User) -> None:
    quota = SIZES[demo]
    seed(user, timezone.now(), seed=user.pk, **quota)
    stored = (
        Content.objects.filter(profile__owner=user).count(),
        Interaction.objects.filter(profile__owner=user, direction="in").count(),
    )
    assert stored == (
        quota["initial_content"],
        quota["initial_comments"] + quota["initial_messages"],
    ), stored


def _rows_of(account: DemoAccount) -> tuple[list[peers.Row], list[peers.Row]]:
    """The columns of an account's content and interactions, with their ids."""
    return tuple(
        list(model.objects.filter(profile__owner=account.user_id).order_by("pk").values())
        for model in (Content, Interaction)
    )


def _moved(rows: tuple[list[peers.Row], list[peers.Row]]) -> tuple[list[peers.Row], list[peers.Row]]:
    """The same rows for new profiles of a new user, with new ids, so that rows can be linked when they are inserted."""
    content, interactions = rows
    old = list(dict.fromkeys(row["profile_id"] for row in content + interactions))
    owner = _new_user()
    profiles = {
        id: Profile.objects.create(
            owner=owner, platform="x", platform_id=str(id), handle="h", is_demo=True
        ).pk
        for id in old
    }
    content_ids = _reserve(Content, [row["id"] for row in content])
    interaction_ids = _reserve(Interaction, [row["id"] for row in interactions])
    return (
        [row | {"id": content_ids[row["id"]], "profile_id": profiles[row["profile_id"]]} for row in content],
        [
            row
            | {
                "id": interaction_ids[row["id"]],
                "profile_id": profiles[row["profile_id"]],
                "content_id": content_ids.get(row["content_id"]),
                "parent_id": interaction_ids.get(row["parent_id"]),
            }
            for row in interactions
        ],
    )


def _reserve(model, ids: list[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        sequence = f"pg_get_serial_sequence('{model._meta.db_table}', 'id')"
        cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [len(ids)])
        return dict(zip(ids, (row[0] for row in cursor), strict=True))


def _copy(content: list[peers.Row], interactions: list[peers.Row]) -> None:
    peers.copy_on_conflict(Content, content)
    peers.copy_on_conflict(Interaction, interactions)
