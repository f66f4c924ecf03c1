"""Lists of threads, newest activity first, at a cost that does not grow with the number of threads.

`Thread.objects` is of this class; `interactions.cursors` reads its pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BigIntegerField, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, NullIf
from django.db.models.lookups import Exact

from accounts.models import Profile, User
from accounts.names import name_key
from interactions.models.choices import Direction, InteractionType, ThreadStatus
from interactions.models.labels import Label
from interactions.models.rows import Content, Interaction
from interactions.models.thread_differences import IDS, Difference, HasLabel
from interactions.search import matching_interactions

# A label of at most this many threads is read by its own index, in any order; one of more threads along the newest ones.
MAX_LABELLED = 2_000


@dataclass(frozen=True)
class ThreadCounts:
    """Numbers of threads by status and whether they are unread."""

    numbers: Mapping[tuple[str, bool], int]

    def of(self, status: str | None = None, *, unread: bool | None = None) -> int:
        """Return the number of threads with the status, and unread or read ones; None counts both."""
        return sum(
            number
            for (one, is_unread), number in self.numbers.items()
            if status in (None, one) and unread in (None, is_unread)
        )


@dataclass(frozen=True)
class ThreadFilters:
    """What a list of threads shows; None shows everything. `label` is a name, in any case.

    With a `difference` it shows only threads that a change would alter.
    """

    kind: str | None = None
    platform: str | None = None
    profile: int | None = None
    content: int | None = None
    status: str | None = None
    unread: bool | None = None
    sentiment: str | None = None
    label: str | None = None
    is_demo: bool | None = None
    search: str | None = None
    active_after: datetime | None = None  # or at that time
    active_before: datetime | None = None
    difference: Difference | None = None

    def profiles_of(self, user: User) -> models.QuerySet[Profile]:
        """Return the user's profiles whose threads the list shows."""
        wanted = {"platform": self.platform, "pk": self.profile, "is_demo": self.is_demo}
        profiles = Profile.objects.owned_by(user).filter(**_given(wanted))
        if self.content is None:
            return profiles
        return profiles.filter(pk__in=Content.objects.filter(pk=self.content).values("profile"))

    def times(self) -> dict[str, datetime]:
        return _given({"active_at__gte": self.active_after, "active_at__lt": self.active_before})

    def kinds(self) -> list[str]:
        """Return the kinds that the list may show. Only comments are on posts."""
        kinds = InteractionType.values if self.kind is None else [self.kind]
        return kinds if self.content is None else [kind for kind in kinds if kind == InteractionType.COMMENT]

    def altered(self) -> Q:
        """Return the condition for threads of the difference."""
        return self.difference.condition() if self.difference else Q()

    def parts(self) -> list[tuple[str, str, bool]]:
        """Return kind, status and unread of the parts of the index that the list shows."""
        statuses = ThreadStatus.values if self.status is None else [self.status]
        parts = product(self.kinds(), statuses, [True, False] if self.unread is None else [self.unread])
        may_be_in = self.difference.may_be_in if self.difference else lambda status, unread: True
        return [(kind, status, unread) for kind, status, unread in parts if may_be_in(status, unread)]

    def index_parts(self) -> Func:
        """Return the parts of the index that the list shows, as rows of kind, status and unread.

        Within a part the index is ordered by time.
        """
        types = (models.TextField(), models.TextField(), models.BooleanField())
        columns = zip(zip(*self.parts(), strict=True), types, strict=True)
        return Func(*(Value(list(values), ArrayField(type)) for values, type in columns), function="unnest")


def _given(lookups: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in lookups.items() if value is not None}


class OfParts(Func):
    """A SELECT of three expressions: profiles, index parts, and rows of one part of one profile, which refer to
    the others by OF_PART.

    PostgreSQL runs the last one for each part of each profile. It plans it once, however many these are.
    """

    selected, ordered = "", ""  # SQL; the rows of a part are called `rows`

    def as_sql(self, compiler, connection, **_: Any) -> tuple[str, list]:
        compiled = [compiler.compile(one) for one in self.source_expressions]
        profiles, parts, rows = (sql for sql, _ in compiled)
        return (
            f"(SELECT {self.selected} FROM {profiles} AS profile"
            f" CROSS JOIN {parts} AS part (kind, status, unread) CROSS JOIN LATERAL {rows} AS rows {self.ordered})",
            [value for _, values in compiled for value in values],
        )


class FirstIds(OfParts):
    """An array of the ids of the first threads in the `order`."""

    output_field = IDS
    selected = "rows.id"

    def __init__(self, *expressions: Any, order: str, limit: int) -> None:
        super().__init__(*expressions)
        self.ordered = f"ORDER BY rows.active_at {order}, rows.id {order} LIMIT {limit:d}"

    def as_sql(self, compiler, connection, **_: Any) -> tuple[str, list]:
        sql, values = super().as_sql(compiler, connection)
        return f"ARRAY{sql}", values


class CountsOfParts(OfParts):
    """The sums of the `number` of all profiles by status and unread, as a JSON list of [status, unread, number]."""

    output_field = models.JSONField()
    empty_result_set_value = None  # of filters that no row can match
    selected = "part.status, part.unread, coalesce(sum(rows.number), 0)::bigint AS number"
    ordered = "GROUP BY part.status, part.unread"

    def as_sql(self, compiler, connection, **_: Any) -> tuple[str, list]:
        sql, values = super().as_sql(compiler, connection)
        return f"(SELECT jsonb_agg(jsonb_build_array(status, unread, number)) FROM {sql} AS counted)", values


class Named(Func):
    """A column of another part of FirstIds."""

    def __init__(self, column: str, output_field: models.Field) -> None:
        super().__init__(template=column, output_field=output_field)


OF_PROFILE = {"profile": Named("profile.id", BigIntegerField())}
OF_PART = {
    "kind": Named("part.kind", models.CharField()),
    "status": Named("part.status", models.CharField()),
    "unread": Named("part.unread", models.BooleanField()),
}


def unindexed(content: int | None, sentiment: str | None) -> list[Exact]:
    """The conditions, written so that no index on these columns fits: PostgreSQL reads the columns of another index."""
    conditions = []
    if content is not None:
        column = Func("content", template="(%(expressions)s + 0)", output_field=BigIntegerField())
        conditions.append(Exact(column, content))
    if sentiment is not None:
        column = Func("sentiment", template="(%(expressions)s || '')", output_field=models.TextField())
        conditions.append(Exact(column, sentiment))
    return conditions


class ThreadQuerySet(models.QuerySet):
    filters = ThreadFilters()

    def shown(self) -> "ThreadQuerySet":
        """Return the threads that have a visible row."""
        return self.exclude(active_at=None)

    def visible_to(self, user: User) -> "ThreadQuerySet":
        """Return the threads of the user's profiles that have a visible row."""
        return self.shown().filter(profile__owner=user)

    def decided_after(self, moment: datetime) -> "ThreadQuerySet":
        """Return the threads on which a person has decided after that moment."""
        return self.filter(decided_at__gt=moment)

    def filtered(self, **chosen: Any) -> "ThreadQuerySet":
        """Return the threads that match these filters of ThreadFilters. `page_for`, `count_for` and `matching_among` apply them
        (the last one without a search); reading the QuerySet itself does not.
        """
        rows = self.all()
        rows.filters = replace(self.filters, **chosen)
        return rows

    def _clone(self) -> "ThreadQuerySet":
        clone = super()._clone()
        clone.filters = self.filters
        return clone

    def page_for(self, user: User, limit: int, *, oldest_first: bool = False) -> "ThreadQuerySet":
        """Return the first `limit` threads of the user's profiles by `active_at`, newest or oldest first.

        Reads only the first entries of each part of each profile's index. Where a list's threads are known by their keys
        (a search, a label of few threads) it reads these.
        """
        order = ("active_at", "id") if oldest_first else ("-active_at", "-id")
        ids = self._first_ids(user, limit, order).order_by(*order).values("pk")[:limit]
        rows = self.all()
        rows.query.clear_where()
        return rows.filter(pk__in=ids).order_by(*order)

    def with_relations(self) -> "ThreadQuerySet":
        """Join profile and post, without its text. Add the ids of the newest row, and of that by which a list names a person.

        That is the newest visible, unhidden received row; else the first comment, if it was received; else the newest row.
        PostgreSQL looks for the second and third only where the one before is missing.
        """
        newest = _row_id(OuterRef("last_ref"))
        received = _row_id(NullIf(OuterRef("last_in_ref"), Value("")))
        joined = self.select_related("profile", "content").defer("content__text", "content__url")
        return joined.annotate(
            last_id=newest,
            author_row_id=Coalesce(received, _received_first_comment_id(), newest),
        )

    def count_for(self, user: User) -> int:
        """Return the number of the user's threads that match, counted by the indexes that `page_for` reads."""
        return self.counts_for(user).of()

    def counts_for(self, user: User) -> ThreadCounts:
        """Return these numbers by status and unread, counted in one statement."""
        labels = self._label_ids(user)
        known = self._known_by_keys(labels, user)
        if known is not None:
            rows = known.order_by().values_list("status", "unread").annotate(models.Count("pk"))
            return ThreadCounts({(status, unread): number for status, unread, number in rows})
        of_part = self._of_part(labels).order_by().values(number=Func("pk", function="count"))
        counted = CountsOfParts(*self._profiles_and_parts(user), Subquery(of_part))
        rows = User.objects.filter(pk=user.pk).values_list(counted, flat=True).first()
        return ThreadCounts({(status, unread): number for status, unread, number in rows or ()})

    def matching_among(self, ids: Sequence[int], user: User) -> "ThreadQuerySet":
        """Return those of the threads that are the user's and match all filters but a search."""
        labels = self._label_ids(user)
        if self.filters.label and not labels:
            return self.none()
        return self._among(ids, labels, user)

    def _first_ids(self, user: User, limit: int, order: tuple[str, ...]) -> "ThreadQuerySet":
        """Return threads of which the first `limit` are the page."""
        labels = self._label_ids(user)
        known = self._known_by_keys(labels, user)
        return self._along_index(labels, user, limit, order) if known is None else known

    def _label_ids(self, user: User) -> list[int]:
        return label_ids(user, self.filters.label) if self.filters.label else []

    def _known_by_keys(self, labels: Sequence[int], user: User) -> "ThreadQuerySet | None":
        """The threads that match, if their keys are known: those of a search, of a label of few threads, or none."""
        filters = self.filters
        if (filters.label and not labels) or not filters.parts():
            return self.none()
        if filters.search:
            return self._among(threads_of(matching_interactions(user, filters.search)), labels, user)
        if labels:
            few = list(self._labelled(labels)[: MAX_LABELLED + 1])
            if len(few) <= MAX_LABELLED:
                return self._among(few, labels, user)
        return None

    def _labelled(self, labels: Sequence[int]) -> models.QuerySet:
        """The ids of threads that have one of the labels, in no order.

        PostgreSQL's estimate for a label may be far off; as a scalar subquery it has a fixed estimate, for which the
        label's index is used.
        """
        condition = HasLabel(Value(list(labels), IDS), template="(label_ids && (SELECT %(expressions)s))")
        return self.model.objects.exclude(label_ids=[]).filter(condition).values_list("pk", flat=True)

    def _among(self, ids: Sequence[int], labels: Sequence[int], user: User) -> "ThreadQuerySet":
        """Those of the threads that match the filters, except for a search."""
        filters = self.filters
        profiles = list(filters.profiles_of(user).values_list("pk", flat=True))
        columns = {
            name: getattr(filters, name) for name in ("kind", "content", "status", "unread", "sentiment")
        }
        rows = self.filter(label_ids__overlap=labels) if labels else self
        rows = rows.filter(pk__in_array=ids, profile__in=profiles, **_given(columns))
        return rows.filter(filters.altered(), **filters.times())

    def _along_index(
        self, labels: Sequence[int], user: User, limit: int, order: tuple[str, ...]
    ) -> "ThreadQuerySet":
        """The first `limit` rows of all parts of the index of each of the user's profiles."""
        of_part = self._of_part(labels).order_by(*order)
        ids = FirstIds(
            *self._profiles_and_parts(user),
            Subquery(of_part.values("active_at", "id")[:limit]),
            order="ASC" if order[0] == "active_at" else "DESC",
            limit=limit,
        )
        return self.model.objects.filter(pk__in_array=ids)

    def _profiles_and_parts(self, user: User) -> tuple[Subquery, Func]:
        profiles = self.filters.profiles_of(user).order_by().values("id")
        return Subquery(profiles), self.filters.index_parts()

    def _of_part(self, labels: Sequence[int]) -> "ThreadQuerySet":
        """The rows of one part of one profile that match the filters. One index has all columns of its conditions.

        That is labelled_threads_newest_first, threads_of_a_post_by_status, threads_of_a_sentiment or threads_newest_first.
        """
        content, sentiment = self.filters.content, self.filters.sentiment
        matching = self.filter(self.filters.altered(), **self.filters.times())
        if labels:
            rows = matching.filter(
                HasLabel(Value(list(labels), IDS)), *unindexed(content, sentiment), **OF_PART
            )
            return rows.exclude(label_ids=[]).filter(**OF_PROFILE)
        if content is not None and sentiment is None:
            # Without the profile, as PostgreSQL might take the index of all its threads.
            return matching.filter(content=content, status=OF_PART["status"], unread=OF_PART["unread"])
        rows = matching.filter(*unindexed(content, None), **OF_PART, **OF_PROFILE)
        return rows if sentiment is None else rows.filter(sentiment=sentiment)


def label_ids(user: User, name: str) -> list[int]:
    """Return the ids of the labels of that name, in any case: each of the user's profiles may have one."""
    labels = Label.objects.filter(profile__owner=user).values_list("pk", "name")
    return [id for id, other in labels if name_key(other) == name_key(name)]


def threads_of(interaction_ids: Sequence[int]) -> list[int]:
    """Return the ids of the threads of those of the interactions that are visible."""
    rows = Interaction.objects.filter(pk__in_array=interaction_ids, deleted_at=None).exclude(thread=None)
    return list(rows.order_by().values_list("thread", flat=True).distinct())


def _received_first_comment_id() -> Subquery:
    """The id of the first comment of a thread of comments, if it was received and is not deleted; it may be hidden."""
    received = Q(type=InteractionType.COMMENT, direction=Direction.IN, deleted_at=None)
    return _row_id(OuterRef("root_ref"), received, Q(type=OuterRef("kind")))


def _row_id(platform_id: Any, *conditions: Q) -> Subquery:
    rows = Interaction.objects.filter(*conditions, profile=OuterRef("profile"), platform_id=platform_id)
    return Subquery(rows.values("pk")[:1])
