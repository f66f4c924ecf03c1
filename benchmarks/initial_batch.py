"""From `enable` to the last row visible in one process, beside raw COPY and factory_boy of the same rows."""

from itertools import count

from django.db import connection
from django.utils import timezone

from accounts.models import Profile, User
from benchmarks import peers
from benchmarks.figures import at_most, milliseconds, shortest, show
from demo.lifecycle.seeding import SIZES, seed
from demo.models import DemoAccount
from interactions.models import Content, Interaction

_number = count()


def run() -> None:
    ours = shortest(7, _enable, lambda: (_new_user(),))
    rows = _rows_of(DemoAccount.objects.order_by("pk").last())
    raw = shortest(7, _copy, lambda: _moved(rows))
    by_factory = shortest(2, peers.factory_row_by_row, lambda: _moved(rows))
    show(
        f"Initial batch: {sum(map(len, rows)):,} rows",
        [
            milliseconds("raw COPY … ON CONFLICT of the same rows", raw),
            milliseconds("factory_boy, row by row", by_factory),
            milliseconds("Perennial, from enable to the last row visible", ours),
            at_most("Perennial as a multiple of raw COPY", ours / raw, 10),
            at_most("Perennial as a share of factory_boy", ours / by_factory, 1),
        ],
    )


def _new_user() -> User:
    return User.objects.create(username=f"bench-{next(_number)}")


def _enable(user: User) -> None:
    seed(user, timezone.now(), seed=user.pk, **SIZES["full"])
    stored = (
        Content.objects.filter(profile__owner=user).count(),
        Interaction.objects.filter(profile__owner=user, direction="in").count(),
    )
    assert stored == (35, 1_020), stored


def _rows_of(account: DemoAccount) -> tuple[list[peers.Row], list[peers.Row]]:
    """The columns of an account's pieces and interactions, with their ids."""
    return tuple(
        list(model.objects.filter(profile__owner=account.user_id).order_by("pk").values())
        for model in (Content, Interaction)
    )


def _moved(rows: tuple[list[peers.Row], list[peers.Row]]) -> tuple[list[peers.Row], list[peers.Row]]:
    """The same rows for new profiles of a new user, with ids of their own, so that links can be given at once."""
    pieces, interactions = rows
    old = list(dict.fromkeys(row["profile_id"] for row in pieces + interactions))
    owner = _new_user()
    profiles = {
        id: Profile.objects.create(
            owner=owner, platform="x", platform_id=str(id), handle="h", is_demo=True
        ).pk
        for id in old
    }
    piece_ids = _reserve(Content, [row["id"] for row in pieces])
    interaction_ids = _reserve(Interaction, [row["id"] for row in interactions])
    return (
        [row | {"id": piece_ids[row["id"]], "profile_id": profiles[row["profile_id"]]} for row in pieces],
        [
            row
            | {
                "id": interaction_ids[row["id"]],
                "profile_id": profiles[row["profile_id"]],
                "content_id": piece_ids.get(row["content_id"]),
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


def _copy(pieces: list[peers.Row], interactions: list[peers.Row]) -> None:
    peers.copy_on_conflict(Content, pieces)
    peers.copy_on_conflict(Interaction, interactions)
