"""The rows that platforms send: posts, comments and direct messages.

Only `interactions.ingest` and `interactions.replies` create rows here. Their foreign key to Profile is composite in the
database, `(profile_id, is_demo)` to the profile's `(id, is_demo)`, so that a row's `is_demo` always equals its profile's
(migration 0002).

Each row stores the versions of its values: the time and digest of the event that created it and of its latest text, and
the time of each metric. The newer version wins; at equal times an edit's text, then the greater digest or metric. A text
is the creation's when both have the same time and digest.

A row with `deleted_at` is shown nowhere, nor is one whose thread the platform deleted. An expired row (too old) has
`deleted_at` equal to `expired_at`, and can be restored until it is purged; where they differ the platform deleted it.
"""

from collections.abc import Sequence
from functools import cache

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, Count, F, Func, IntegerField, OuterRef, Q, Sum, Value, When, Window
from django.db.models.functions import Coalesce, Left

from accounts.models import Profile, User
from interactions import array_lookup  # noqa: F401 (registers in_array)
from interactions.display import Author, display_author
from interactions.events import ID_LENGTH, KIND_LENGTH, NAME_LENGTH, URL_LENGTH
from interactions.models.choices import (
    Direction,
    InteractionType,
    ReadStatus,
    SendStatus,
    Sentiment,
    ThreadStatus,
)
from interactions.search import matching_by_profile

MAX_KEY_LENGTH = 255  # characters of an idempotency key
QUOTE_LENGTH = 100  # characters
MAX_PAGE_BYTES = 2 * 1024 * 1024  # of text, in UTF-8, on one page of a list


DATABASE_TIME = Func(function="clock_timestamp", output_field=models.DateTimeField())


class IdArray(ArraySubquery):
    """An array of the first ids of an index. A filter that no row can match makes the whole query empty, not the array."""

    empty_result_set_value = NotImplemented


class OctetLength(Func):
    """The number of bytes of a text, which PostgreSQL knows without reading a long text."""

    function = "octet_length"
    output_field = IntegerField()


class PlatformRowQuerySet(models.QuerySet):
    def visible(self) -> "PlatformRowQuerySet":
        """Return the rows that are not deleted."""
        return self.filter(deleted_at=None)

    def visible_to(self, user: User) -> "PlatformRowQuerySet":
        """Return the visible rows of the user's profiles."""
        return self.visible().filter(profile__owner=user)

    def page_for(self, user: User, limit: int, *, oldest_first: bool = False) -> "PlatformRowQuerySet":
        """Return the first `limit` rows of the user's profiles by `posted_at`, newest or oldest first.

        Returns fewer rows when the texts exceed MAX_PAGE_BYTES; `rows_available` of each row is the number without
        that limit. Reads only the first entries of each profile's index, so that a user with a million rows waits no
        longer. The filters apply inside those subqueries only: repeated outside they would make PostgreSQL's planner
        scan all rows.
        """
        order = ("posted_at", "id") if oldest_first else ("-posted_at", "-id")
        first = self._first_of(user, limit, order).order_by(*order).values("pk")[:limit]
        rows = self.all()
        rows.query.clear_where()
        length = OctetLength("text")
        bytes_before = Window(Sum(length), order_by=order) - length
        counted = rows.filter(pk__in=first).annotate(
            rows_available=Window(Count("pk")), bytes_before=bytes_before
        )
        return counted.filter(bytes_before__lt=MAX_PAGE_BYTES).order_by(*order)

    def _first_of(self, user: User, limit: int, order: tuple[str, ...]) -> "PlatformRowQuerySet":
        """Return the first `limit` rows of each of the user's profiles, and more."""
        return self._first_of_parts(user, limit, order, self.model.INDEX_PARTS)

    def _first_of_parts(
        self, user: User, limit: int, order: tuple[str, ...], parts: Sequence[Q]
    ) -> "PlatformRowQuerySet":
        """Return the first `limit` rows of each part of the index of each of the user's profiles."""
        of_profile = self.filter(profile=OuterRef("pk")).order_by(*order)
        first_ids = [IdArray(of_profile.filter(part).values("pk")[:limit]) for part in parts]
        unnested = Func(*first_ids, function="unnest", arg_joiner=" || ")
        ids = Profile.objects.owned_by(user).values_list(unnested)
        return self.model.objects.filter(pk__in=ids)


class PlatformRow(models.Model):
    """A row that belongs to a profile and has an id of its platform: content or an interaction."""

    TIME_COLUMN = "posted_at"  # orders its lists

    profile = models.ForeignKey(
        Profile, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    is_demo = models.BooleanField(editable=False)
    platform_id = models.CharField(max_length=ID_LENGTH)
    text = models.TextField(blank=True)
    posted_at = models.DateTimeField()
    received_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_digest = models.BigIntegerField(editable=False)
    text_at = models.DateTimeField(editable=False)
    text_digest = models.BigIntegerField(editable=False)

    objects = PlatformRowQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.platform_id}: {self.text[:60]}"


class Content(PlatformRow):
    """A published post, such as a text post, a reel or a video."""

    INDEX_PARTS = (Q(),)  # the filters for which `page_for` has an index by profile and time

    kind = models.CharField(max_length=KIND_LENGTH, default="post")
    url = models.CharField(max_length=URL_LENGTH, blank=True)
    views = models.BigIntegerField(default=0)
    likes = models.BigIntegerField(default=0)
    shares = models.BigIntegerField(default=0)
    views_at = models.DateTimeField(null=True, editable=False)
    likes_at = models.DateTimeField(null=True, editable=False)
    shares_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name_plural = "content"
        constraints = [
            models.UniqueConstraint(fields=["profile", "platform_id"], name="content_is_stored_once"),
            models.CheckConstraint(
                condition=Q(views__gte=0, likes__gte=0, shares__gte=0),
                name="content_metrics_are_not_negative",
            ),
        ]
        indexes = [
            models.Index(F("profile"), F("posted_at").desc(), F("id").desc(), name="content_newest_first"),
            models.Index(
                F("profile"), F("expired_at"), condition=~Q(expired_at=None), name="content_to_be_purged"
            ),
        ]


# What is shown of the rows that an interaction refers to, beside their keys.
RELATED_COLUMNS = {
    "profile": ("platform", "handle", "display_name"),
    "content": ("deleted_at",),
    "parent": ("deleted_at",),
    "thread": ("status", "is_deleted"),
}
# The same as Interaction.status.
READ_STATUS = Case(
    When(~Q(hidden_at=None), then=Value(ReadStatus.HIDDEN)),
    default=Coalesce("thread__status", Value(ThreadStatus.OPEN)),
)


class InteractionQuerySet(PlatformRowQuerySet):
    search_text: str | None = None
    thread_id: int | None = None
    author_id: str | None = None

    def visible(self) -> "InteractionQuerySet":
        """Return the rows that are not deleted, neither alone nor with their thread."""
        return super().visible().filter(Q(thread=None) | Q(thread__is_deleted=False))

    def of_thread(self, thread_id: int) -> "InteractionQuerySet":
        """Return the visible rows of the thread; `page_for` reads them along its index."""
        rows = self.visible().filter(thread=thread_id)
        rows.thread_id = thread_id
        return rows

    def by_author(self, author_id: str) -> "InteractionQuerySet":
        """Return the rows of the author with this id on the platform; `page_for` reads them along their index."""
        rows = self.filter(author_id=author_id)
        rows.author_id = author_id
        return rows

    def with_status(self, status: str) -> "InteractionQuerySet":
        """Return the rows whose `status` is the value of ReadStatus."""
        if status == ReadStatus.HIDDEN:
            return self.exclude(hidden_at=None)
        open_without_thread = Q(thread=None) if status == ReadStatus.OPEN else Q()
        of_thread = Q(thread__status=status)
        return self.filter(of_thread | open_without_thread, hidden_at=None)

    def matching(self, text: str) -> "InteractionQuerySet":
        """Return the rows that match the text (`interactions.search`). Only `page_for` applies it, when it reads."""
        rows = self.all()
        rows.search_text = text
        return rows

    def _clone(self) -> "InteractionQuerySet":
        clone = super()._clone()
        clone.search_text, clone.thread_id, clone.author_id = self.search_text, self.thread_id, self.author_id
        return clone

    def _first_of(self, user: User, limit: int, order: tuple[str, ...]) -> PlatformRowQuerySet:
        """Return the rows of the thread, or with a search the first `limit` matching rows of each profile, found by their keys.

        Each profile has its own array of keys: a join of all keys and all profiles might read the keys once per profile.
        """
        if self.thread_id is not None:
            return self
        if self.search_text is None:
            return self._first_of_parts(
                user, limit, order, [Q()] if self.author_id else self.model.INDEX_PARTS
            )
        matching = matching_by_profile(user, self.search_text)
        first_ids = [
            IdArray(self.filter(profile=profile, pk__in_array=ids).order_by(*order).values("pk")[:limit])
            for profile, ids in matching.items()
        ]
        if not first_ids:
            return self.none()
        return self.model.objects.filter(
            pk__in_array=Func(*first_ids, template="%(expressions)s", arg_joiner=" || ")
        )

    def with_relations(self) -> "InteractionQuerySet":
        """Join profile, thread, content and parent, each with its RELATED_COLUMNS only.

        Joins the request to the network too, and `database_time`, by which its status is computed.
        """
        related = self.select_related(*RELATED_COLUMNS, "moderation").defer(*_unread_columns())
        return related.annotate(database_time=DATABASE_TIME)

    def with_quotes(self) -> "InteractionQuerySet":
        """The same with the first characters of the two texts in `content_quote` and `parent_quote`."""
        quotes = {f"{name}_quote": Left(f"{name}__text", QUOTE_LENGTH) for name in ("content", "parent")}
        return self.with_relations().annotate(**quotes)


@cache
def _unread_columns() -> tuple[str, ...]:
    """The columns of the related rows that are not among RELATED_COLUMNS."""
    return tuple(
        f"{relation}__{field.name}"
        for relation, columns in RELATED_COLUMNS.items()
        for field in Interaction._meta.get_field(relation).related_model._meta.concrete_fields
        if not field.primary_key and field.name not in columns
    )


class Interaction(PlatformRow):
    """A comment or a direct message, received (`in`) or sent by the brand (`out`)."""

    Type, Direction, Sentiment, SendStatus = InteractionType, Direction, Sentiment, SendStatus
    INDEX_PARTS = tuple(Q(type=type) for type in Type.values)  # as in Content

    type = models.CharField(max_length=8, choices=Type.choices)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    content = models.ForeignKey(
        Content, null=True, blank=True, on_delete=models.SET_NULL, related_name="comments", db_index=False
    )
    content_ref = models.CharField(max_length=ID_LENGTH, blank=True, editable=False)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies", db_index=False
    )
    parent_ref = models.CharField(max_length=ID_LENGTH, blank=True, editable=False)
    conversation_id = models.CharField(max_length=ID_LENGTH, blank=True)
    author_id = models.CharField(max_length=ID_LENGTH)
    author_handle = models.CharField(max_length=NAME_LENGTH, blank=True)
    author_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    attachments = models.JSONField(default=list, blank=True)
    # Null until `interactions.threads` has placed a row that a process of an older release stored.
    thread = models.ForeignKey(
        "interactions.Thread",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="rows",
        db_constraint=False,
        db_index=False,
    )
    hidden_at = models.DateTimeField(null=True, blank=True)  # a hidden comment is visible to its author only
    visibility_at = models.DateTimeField(null=True, editable=False)  # the version of `hidden_at`
    closes = models.BooleanField(default=True, editable=False)  # whether this sent row makes its thread done
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices, null=True, blank=True)  # noqa: DJ001 (null: not classified yet)
    idempotency_key = models.CharField(max_length=MAX_KEY_LENGTH, null=True, editable=False)  # noqa: DJ001 (null: sent without one)
    idempotency_digest = models.BigIntegerField(null=True, editable=False)  # of what was sent with the key
    send_status = models.CharField(max_length=6, choices=SendStatus.choices, null=True, blank=True)  # noqa: DJ001 (null: not written here)
    send_error = models.CharField(
        max_length=300, blank=True, default="", db_default=""
    )  # a sentence that says why it is not sent

    objects = InteractionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "platform_id"], name="interaction_is_stored_once"),
            models.UniqueConstraint(
                fields=["profile", "idempotency_key"],
                condition=~Q(idempotency_key=None),
                name="a_key_is_of_one_reply",
            ),
            models.CheckConstraint(
                condition=Q(type="comment") | (Q(type="message") & ~Q(conversation_id="")),
                name="message_has_a_conversation",
            ),
            models.CheckConstraint(
                condition=Q(type="message") | (Q(type="comment") & ~Q(content_ref="")),
                name="comment_has_a_content_piece",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="interaction_direction_is_known"
            ),
            models.CheckConstraint(
                condition=Q(sentiment=None) | Q(sentiment__in=Sentiment.values),
                name="interaction_sentiment_is_known",
            ),
            models.CheckConstraint(
                condition=Q(send_status=None) | Q(send_status__in=SendStatus.values, direction="out"),
                name="only_own_words_are_sent",
            ),
        ]
        indexes = [
            models.Index(
                F("profile"), F("type"), F("posted_at").desc(), F("id").desc(), name="inbox_newest_first"
            ),
            # Of visible rows, so that hiding them by age costs nothing.
            models.Index(
                *(F("profile"), F("author_id"), F("posted_at").desc()),
                condition=Q(deleted_at=None),
                name="interactions_of_an_author",
            ),
            models.Index(F("content"), F("posted_at").desc(), name="comments_of_a_piece"),
            models.Index(F("thread"), F("posted_at"), F("id"), name="rows_of_a_thread"),
            models.Index(F("profile"), F("id"), condition=Q(thread=None), name="rows_without_a_thread"),
            models.Index(F("parent"), condition=~Q(parent=None), name="replies_of_a_comment"),
            models.Index(
                F("profile"),
                F("content_ref"),
                condition=Q(content=None) & ~Q(content_ref=""),
                name="awaits_its_content",
            ),
            models.Index(
                F("profile"),
                F("parent_ref"),
                condition=Q(parent=None) & ~Q(parent_ref=""),
                name="awaits_its_parent",
            ),
            models.Index(
                *(F("profile"), F("type"), F("expired_at")),
                condition=~Q(expired_at=None),
                name="interaction_to_be_purged",
            ),
        ]

    @property
    def display_author(self) -> Author:
        """The author's name as pages show it."""
        return display_author(self.author_id, self.author_handle, self.author_name)

    @property
    def status(self) -> str:
        """A value of ReadStatus: hidden, or the status of the thread; open until the row has one."""
        if self.hidden_at:
            return ReadStatus.HIDDEN
        return self.thread.status if self.thread else ThreadStatus.OPEN

    @property
    def visible_content(self) -> Content | None:
        """The post, or None when it is deleted."""
        return self.content if self.content and not self.content.deleted_at else None

    @property
    def visible_parent(self) -> "Interaction | None":
        """The comment or message that it replies to, or None when that is deleted."""
        return self.parent if self.parent and not self.parent.deleted_at else None
