"""The ingest: stores each event once, in any order, repetition or split, and rejects invalid events alone."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Profile
from interactions import upserts
from interactions.ingest import IncomingEvent, ingest
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.world import NOW, event, send

ROW_FIELDS = ["platform_id", "text", "posted_at", "deleted_at", "created_digest", "text_digest", "is_demo"]


def state(profile: Profile) -> tuple[list, list, int, int]:
    """Return everything stored for a profile, without primary keys and times of receipt."""
    content = Content.objects.filter(profile=profile).order_by("platform_id")
    interactions = Interaction.objects.filter(profile=profile).order_by("platform_id")
    links = [
        "content__platform_id",
        "parent__platform_id",
        "type",
        "direction",
        "author_id",
        "conversation_id",
    ]
    return (
        list(content.values_list(*ROW_FIELDS, "views", "likes", "shares", "kind", "url")),
        list(interactions.values_list(*ROW_FIELDS, *links)),
        list(
            PendingChange.objects.filter(profile=profile)
            .order_by("target", "platform_id", "aspect")  # unique
            .values_list("target", "platform_id", "aspect", "value")
        ),
        list(DeadLetter.objects.filter(profile=profile).order_by("digest").values_list("digest", "reason")),
    )


@pytest.fixture
def profile(alice) -> Profile:
    return Profile.objects.create(owner=alice, platform="instagram", platform_id="brand", handle="brand")


def test_a_batch_is_stored_and_answered_in_order(profile):
    results = send(profile, event("comment.created", "c1"), event("content.published", "piece"))
    comment, piece = Interaction.objects.get(), Content.objects.get()
    assert [(r.platform_id, r.id, r.status) for r in results] == [
        ("c1", comment.id, "created"),
        ("piece", piece.id, "created"),
    ]
    assert comment.content == piece
    assert (comment.type, comment.direction, comment.author_id, comment.status) == (
        "comment",
        "in",
        "person-1",
        "open",
    )


def test_a_duplicate_answers_the_existing_id(profile):
    first = send(profile, event("message.created", "m1"))
    again = send(profile, event("message.created", "m1"), event("message.created", "m1"))
    assert [(r.id, r.status) for r in again] == [(first[0].id, "duplicate")] * 2
    assert Interaction.objects.count() == 1


def test_a_reply_before_its_parent_is_linked_when_the_parent_arrives(profile):
    send(profile, event("comment.created", "reply", parent_id="parent"))
    assert Interaction.objects.get().parent is None
    send(profile, event("comment.created", "parent"))
    assert Interaction.objects.get(platform_id="reply").parent.platform_id == "parent"


def test_a_comment_before_its_content_is_linked_when_the_content_arrives(profile):
    send(profile, event("comment.created", "c1"))
    assert Interaction.objects.get().content is None
    send(profile, event("content.published", "piece"))
    assert Interaction.objects.get().content.platform_id == "piece"


def test_changes_before_their_target_are_applied_when_it_arrives(profile):
    results = send(
        profile, event("comment.edited", "c1", "2026-03-01T13:00:00Z"), event("content.metrics", "piece")
    )
    assert [(r.id, r.status) for r in results] == [(None, "updated"), (None, "updated")]
    send(profile, event("comment.created", "c1"), event("content.published", "piece"))
    assert Interaction.objects.get().text == "edited"
    assert list(Content.objects.values_list("views", "likes", "shares")) == [(10, 5, 1)]
    assert PendingChange.objects.count() == 0


def test_a_newer_edit_wins_in_any_order_of_arrival(profile):
    send(
        profile,
        event("comment.created", "c1"),
        event("comment.edited", "c1", "2026-03-03T00:00:00Z", text="newer"),
    )
    result = send(profile, event("comment.edited", "c1", "2026-03-02T00:00:00Z", text="older"))
    assert result[0].status == "duplicate"
    assert Interaction.objects.get().text == "newer"


def test_partial_metrics_merge(profile):
    send(
        profile, event("content.published", "piece"), event("content.metrics", "piece", metrics={"views": 7})
    )
    send(profile, event("content.metrics", "piece", "2026-02-28T00:00:00Z", metrics={"views": 3, "likes": 2}))
    assert list(Content.objects.values_list("views", "likes", "shares")) == [(7, 2, 0)]


T1, T2, T3 = (f"2026-03-0{day}T12:00:00Z" for day in (1, 2, 3))
CREATED, EDIT, DELETED, METRICS = (
    "comment.created",
    "comment.edited",
    "comment.deleted",
    "content.metrics",
)


def moment(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", [f"words {n}" for n in range(8)]
)  # some digests are greater than the creation's, some less
@pytest.mark.parametrize("edit_first", [True, False])
def test_an_edit_wins_over_a_creation_of_the_same_time(profile, text, edit_first):
    both = [event(CREATED, "c1", T1), event(EDIT, "c1", T1, text=text)]
    statuses = [send(profile, one)[0].status for one in (both[::-1] if edit_first else both)]
    again = [send(profile, one)[0].status for one in both]
    assert (statuses, again) == (
        ["updated", "created"] if edit_first else ["created", "updated"],
        ["duplicate"] * 2,
    )
    assert Interaction.objects.get().text == text


def test_a_second_creation_of_the_same_time_does_not_win_over_an_edit(profile):
    edited = event(EDIT, "c1", T2, text="edited")
    for n in range(8):
        send(profile, event(CREATED, "c1", T1), edited, event(CREATED, "c1", T2, text=f"again {n}"), edited)
    assert Interaction.objects.get().text == "edited"


@pytest.mark.parametrize(
    ("sent", "statuses", "deleted_at"),
    [
        # At equal times the deletion wins in any order.
        ([(CREATED, T1), (DELETED, T1)], ["created", "updated"], moment(1)),
        ([(DELETED, T1), (CREATED, T1)], ["updated", "created"], moment(1)),
        ([(CREATED, T1), (EDIT, T1), (DELETED, T1)], ["created", "updated", "updated"], moment(1)),
        # A later creation shows the row again, and the earlier deletion stays without effect.
        ([(CREATED, T1), (DELETED, T2), (CREATED, T3)], ["created", "updated", "updated"], None),
        ([(CREATED, T1), (DELETED, T2), (CREATED, T3), (DELETED, T2)], ["created", "updated", "updated", "duplicate"], None),
        ([(CREATED, T3), (DELETED, T2), (CREATED, T1)], ["created", "duplicate", "duplicate"], None),
        ([(DELETED, T2), (CREATED, T3), (DELETED, T2), (CREATED, T3)], ["updated", "created", "duplicate", "duplicate"], None),
        ([(DELETED, T2), (CREATED, T1), (CREATED, T3)], ["updated", "created", "updated"], None),
        # An earlier or equal creation does not, and an edit never does.
        ([(DELETED, T2), (CREATED, T1)], ["updated", "created"], moment(2)),
        ([(CREATED, T1), (DELETED, T2), (CREATED, T2)], ["created", "updated", "updated"], moment(2)),
        ([(CREATED, T1), (DELETED, T2), (EDIT, T3)], ["created", "updated", "updated"], moment(2)),
        # A row that is shown again can be deleted again.
        ([(CREATED, T1), (DELETED, T1), (CREATED, T2), (DELETED, T3)], ["created", *["updated"] * 3], moment(3)),
        ([(CREATED, T2), (DELETED, T3), (DELETED, T1), (CREATED, T3)], ["created", "updated", "duplicate", "updated"], moment(3)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("together", [True, False])
def test_a_row_is_deleted_unless_it_was_created_after_its_newest_deletion(
    profile, sent, statuses, deleted_at, together
):
    events = [event(type, "c1", at) for type, at in sent]
    batches = [events] if together else [[one] for one in events]
    assert [result.status for batch in batches for result in send(profile, *batch)] == statuses
    assert Interaction.objects.get().deleted_at == deleted_at


def test_a_second_creation_with_other_references_is_linked_to_them(profile):
    send(
        profile,
        event("content.published", "piece"),
        event(CREATED, "c1"),
        event(CREATED, "reply", parent_id="c1"),
    )
    send(profile, event(CREATED, "reply", T3, content_id="other", parent_id="c2"))
    send(profile, event("content.published", "other"), event(CREATED, "c2"))
    reply = Interaction.objects.get(platform_id="reply")
    assert (reply.content.platform_id, reply.parent.platform_id) == ("other", "c2")


def test_a_deleted_row_stays_stored_and_is_not_visible(profile, alice):
    send(profile, event("comment.created", "c1"), event("comment.deleted", "c1", "2026-03-02T00:00:00Z"))
    assert Interaction.objects.get().deleted_at.isoformat() == "2026-03-02T00:00:00+00:00"
    assert not Interaction.objects.visible_to(alice).exists()


def test_a_comment_by_the_brand_is_outbound(profile):
    send(profile, event("comment.created", "c1", author={"id": "brand"}))
    assert Interaction.objects.get().direction == "out"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (17, "An event must be a JSON object."),
        ({"type": "comment.liked"}, "`type` must be one of content.published"),
        (event("comment.created", ""), "`id` must not be empty."),
        (event("comment.created", "x" * 256), "`id` must have at most 255 characters; it has 256."),
        (event("comment.created", "b", text="nul\x00"), "`text` must not contain the NUL character."),
        (event("comment.created", "b", text="\ud800"), "lone surrogate"),
        (event("comment.created", "b", author=None), "`author` must be an object"),
        (event("comment.created", "b", "2026-03-01T12:00:00"), "`occurred_at` must be a time in the form of RFC 3339, with an offset"),
        (event("comment.created", "b", "0001-01-01T00:00:00+14:00"), "`occurred_at` must be"),
        (event("comment.created", "b", "1969-12-31T23:59:59Z"), "`occurred_at` must not be before 1970."),
        (event("content.metrics", "b", metrics={"views": float("nan")}), "`metrics.views` must be a whole number"),
        (event("comment.deleted", "b\udfff"), "`id` must be valid Unicode; it contains a lone surrogate."),
        (event("message.created", "b", conversation_id=""), "`conversation_id` must not be empty."),
        (event("content.metrics", "b", metrics={"views": -1}), "`metrics.views` must be a whole number"),
        (event("content.metrics", "b", metrics={"views": 2**63}), "`metrics.views` must be a whole number"),
        (event("content.metrics", "b", metrics=[]), "`metrics` must be an object"),
    ],
)  # fmt: skip
def test_an_invalid_event_becomes_a_dead_letter_and_the_others_are_stored(profile, bad, reason):
    results = send(profile, event("comment.created", "c1"), bad, event("comment.created", "c2"))
    assert [r.status for r in results] == ["created", "rejected", "created"]
    assert results[1].id is None
    assert reason in results[1].error
    assert DeadLetter.objects.get().reason == results[1].error


def test_a_dead_letter_is_kept_once_with_its_bytes(profile):
    for _ in range(3):
        send(profile, {"type": "nonsense", "id": "é"})
    assert bytes(DeadLetter.objects.get().raw) == b'{"type": "nonsense", "id": "\\u00e9"}'


def test_an_event_that_only_the_database_refuses_is_rejected_alone(profile, monkeypatch, caplog):
    monkeypatch.setattr("interactions.events.KIND_LENGTH", 99)
    with caplog.at_level(logging.WARNING, "interactions.ingest"):
        results = send(
            profile,
            *(event("content.published", f"p{n}", kind="k" * (40 if n == 3 else 5)) for n in range(6)),
        )
    assert [r.status for r in results] == ["created"] * 3 + ["rejected"] + ["created"] * 2
    sentence = "The event could not be stored. It is kept for an operator, who finds the reason in the log."
    assert (results[3].error, DeadLetter.objects.get().reason) == (sentence, sentence)
    assert [record.message for record in caplog.records] == [
        f"The database refused an event of profile {profile.pk}: SQLSTATE 22001, table None, column None,"
        " constraint None"
    ]


INVALID_TIME = (
    "`occurred_at` must be a time in the form of RFC 3339, with an offset, such as 2026-01-31T12:00:00Z."
)
BEFORE_1970 = "`occurred_at` must not be before 1970."


@pytest.mark.parametrize(
    ("sent", "read"),
    [
# RFC 3339, with letters in any case.
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31t12:00:00z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T12:00:00z", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T12:00:00-00:00", "2026-01-31T12:00:00+00:00"),
        ("2026-01-31T23:30:00-01:45", "2026-02-01T01:15:00+00:00"),
        ("2026-01-31T12:00:00+23:59", "2026-01-30T12:01:00+00:00"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00+00:00"),
        # Decimals after microseconds are cut off, never rounded up.
        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500000+00:00"),
        ("2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00.123456+00:00"),
        ("2026-01-31T23:59:59.999999999Z", "2026-01-31T23:59:59.999999+00:00"),
        ("2026-01-31T12:00:00." + "9" * 30 + "z", "2026-01-31T12:00:00.999999+00:00"),
        ("2026-01-31T12:00:00." + "9" * 31 + "z", INVALID_TIME),
        # A leap second is the last microsecond of its month, in UTC.
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),
        ("2016-12-31T23:59:60.25z", "2016-12-31T23:59:59.999999+00:00"),
        ("2016-12-31T15:59:60-08:00", "2016-12-31T23:59:59.999999+00:00"),
        ("2017-01-01T05:29:60+05:30", "2016-12-31T23:59:59.999999+00:00"),
        ("2016-12-31T12:00:60Z", INVALID_TIME),
        ("2016-12-30T23:59:60Z", INVALID_TIME),
        ("2016-12-31T23:59:61Z", INVALID_TIME),
        ("9999-12-31T23:59:60Z", INVALID_TIME),
        # Other forms of ISO 8601, which Python versions read differently, and texts that only look like a time.
        ("2026-01-31T12:00:00,5Z", INVALID_TIME),
        ("2026-01-31T12:00:00.Z", INVALID_TIME),
        ("2026-01-31T12:00:00", INVALID_TIME),
        ("2026-01-31T12:00Z", INVALID_TIME),
        ("2026-01-31T12Z", INVALID_TIME),
        ("2026-01-31", INVALID_TIME),
        ("20260131T120000Z", INVALID_TIME),
        ("2026-W05-6T12:00:00Z", INVALID_TIME),
        ("2026-031T12:00:00Z", INVALID_TIME),
        ("2026-01-31 12:00:00Z", INVALID_TIME),
        ("2026-01-31T12:00:00 Z", INVALID_TIME),
        ("2026-01-31T24:00:00Z", INVALID_TIME),
        ("2026-01-31T12:60:00Z", INVALID_TIME),
        ("2026-02-29T12:00:00Z", INVALID_TIME),
        ("2026-13-01T12:00:00Z", INVALID_TIME),
        ("2026-01-31T12:00:00+0100", INVALID_TIME),
        ("2026-01-31T12:00:00+01", INVALID_TIME),
        ("2026-01-31T12:00:00+1:00", INVALID_TIME),
        ("2026-01-31T12:00:00+01:00:30", INVALID_TIME),
        ("2026-01-31T12:00:00+24:00", INVALID_TIME),
        ("2026-01-31T12:00:00+01:60", INVALID_TIME),
        ("2026-01-31T12:00:00\u221201:00", INVALID_TIME),
        ("2026-01-31T12:00:00UTC", INVALID_TIME),
        (" 2026-01-31T12:00:00Z", INVALID_TIME),
        ("2026-01-31T12:00:00Z ", INVALID_TIME),
        ("2026-01-31T12:00:00Z\n", INVALID_TIME),
        ("\u0662\u0660\u0662\u0666-01-31T12:00:00Z", INVALID_TIME),
        ("+2026-01-31T12:00:00Z", INVALID_TIME),
        ("12026-01-31T12:00:00Z", INVALID_TIME),
        ("1769860800", INVALID_TIME),
        (1769860800, INVALID_TIME),
        (True, INVALID_TIME),
        (["2026-01-31T12:00:00Z"], INVALID_TIME),
        (None, INVALID_TIME),
        ("", INVALID_TIME),
        # The first and last possible times.
        ("0000-01-01T00:00:00Z", INVALID_TIME),
        ("0001-01-01T00:00:00+14:00", INVALID_TIME),
        ("9999-12-31T23:59:59-14:00", INVALID_TIME),
        ("0001-01-01T00:00:00Z", BEFORE_1970),
        ("1970-01-01T00:00:00+00:01", BEFORE_1970),
        ("1969-12-31T23:59:59.999999Z", BEFORE_1970),
    ],
)  # fmt: skip
def test_a_time_is_accepted_only_in_the_form_of_rfc_3339(profile, sent, read):
    [result] = send(profile, event(CREATED, "c1", sent))
    stored = Interaction.objects.first()
    assert (stored.posted_at.isoformat() if stored else result.error) == read


def test_an_unknown_profile_is_rejected(db):
    assert [r.error for r in ingest([IncomingEvent(404, event("comment.created", "c"))], NOW)] == [
        "The profile does not exist any more."
    ]


def test_a_batch_of_many_profiles_stores_each_event_for_its_profile(profile, bob):
    other = Profile.objects.create(owner=bob, platform="instagram", platform_id="other", handle="other")
    ingest(
        [
            IncomingEvent(profile.id, event("comment.created", "c1")),
            IncomingEvent(other.id, event("comment.created", "c1")),
            IncomingEvent(other.id, event("content.published", "piece")),
        ],
        NOW,
    )
    assert list(Interaction.objects.order_by("profile").values_list("profile", "content__platform_id")) == [
        (profile.id, None),
        (other.id, "piece"),
    ]


def test_the_number_of_statements_does_not_depend_on_the_batch(profile, django_assert_num_queries):
    with django_assert_num_queries(15):
        send(
            profile,
            event("content.published", "piece"),
            event("comment.created", "c0"),
            event("comment.edited", "later"),
        )
    with django_assert_num_queries(15):
        send(
            profile,
            event("content.published", "other"),
            event("comment.edited", "later2"),
            *(event("comment.created", f"c{n}") for n in range(1, 400)),
        )


def test_a_row_must_have_the_demo_flag_of_its_profile(profile):
    send(profile, event("comment.created", "c1", is_demo=True))
    assert Interaction.objects.get().is_demo is False
    with pytest.raises(IntegrityError, match="interaction_belongs_to_its_profile"), transaction.atomic():
        Interaction.objects.update(is_demo=True)


SAME_TIME = "2026-03-02T00:00:00Z"
SAME_TIME_OTHER_OFFSET = "2026-03-02T05:30:00+05:30"
ONE_LATER = "2026-03-02T00:00:00.000001Z"
EVENTS = [
    event("content.published", "piece"),
    event("content.published", "piece", text="said again differently"),
    event("content.edited", "piece", SAME_TIME),
    event("content.metrics", "piece", SAME_TIME, metrics={"views": 5}),
    event("content.metrics", "piece", SAME_TIME_OTHER_OFFSET, metrics={"views": 9, "likes": 1}),
    event("content.metrics", "never-arrives", SAME_TIME, metrics={"views": 5}),
    event("content.metrics", "never-arrives", SAME_TIME_OTHER_OFFSET, metrics={"views": 9}),
    event("comment.created", "c1"),
    event("comment.created", "c2", parent_id="c1"),
    event("comment.edited", "c1", SAME_TIME, text="one"),
    event("comment.edited", "c1", SAME_TIME_OTHER_OFFSET, text="two"),
    event("comment.deleted", "c2", SAME_TIME),
    event("comment.edited", "never-arrives", SAME_TIME),
    event("comment.edited", "never-arrives", SAME_TIME_OTHER_OFFSET, text="at the same time"),
    event("comment.deleted", "never-arrives", SAME_TIME),
    event("message.created", "m1"),
    {"type": "nonsense"},
    # Created, created again and edited at the same time.
    event("comment.created", "tied", SAME_TIME, parent_id="c1"),
    event(
        "comment.created",
        "tied",
        SAME_TIME_OTHER_OFFSET,
        text="by another",
        author={"id": "person-2"},
        parent_id="m1",
    ),
    event("comment.edited", "tied", SAME_TIME, text="three"),
    event("comment.edited", "tied", SAME_TIME_OTHER_OFFSET, text="four"),
    # Deleted at the time of one creation and before the other.
    event("comment.created", "shown", SAME_TIME),
    event("comment.deleted", "shown", SAME_TIME_OTHER_OFFSET),
    event("comment.created", "shown", ONE_LATER, text="once more", content_id="other"),
    event("comment.edited", "shown", ONE_LATER, text="and edited"),
    # Deleted at last.
    event("content.published", "deleted", SAME_TIME),
    event("content.deleted", "deleted", SAME_TIME),
    event("content.published", "deleted", ONE_LATER, text="once more"),
    event("content.deleted", "deleted", ONE_LATER),
    event("content.edited", "deleted", ONE_LATER, text="without effect"),
    # Too far in the future.
    event("comment.created", "future", "9999-12-31T23:59:59Z", text="always newest"),
]


@pytest.fixture
def expected(profile) -> tuple:
    send(profile, *EVENTS)
    return state(profile)


@settings(max_examples=settings().max_examples // 2)  # each is a batch or more
@given(data=st.data())
def test_any_permutation_repetition_or_split_stores_the_same_rows(expected, alice, data):
    sent = data.draw(st.permutations(EVENTS)) + data.draw(st.lists(st.sampled_from(EVENTS), max_size=6))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=4)))
    with transaction.atomic():
        profile = Profile.objects.create(
            owner=alice, platform="instagram", platform_id=f"t{Random().random()}", handle="t"
        )
        for low, high in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            results = send(profile, *sent[low:high])
            assert len(results) == high - low
        again = send(profile, *EVENTS)
        assert state(profile) == expected
        stored = dict(Interaction.objects.filter(profile=profile).values_list("platform_id", "id"))
        assert {r.platform_id: r.id for r in again if r.platform_id in stored} == stored
        transaction.set_rollback(True)


INSTANTS = [SAME_TIME, SAME_TIME_OTHER_OFFSET, ONE_LATER, T1]
any_event = st.builds(
    lambda type, at, n: event(
        type, "a", at, **({"metrics": {"views": n}} if type == METRICS else {"text": f"t{n}"})
    ),
    st.sampled_from(
        [CREATED, EDIT, DELETED, METRICS, "content.published", "content.deleted", "content.edited"]
    ),
    st.sampled_from(INSTANTS),
    st.integers(0, 2),
)


def expected_deletion(events: Iterable[dict]) -> datetime | None:
    """Return when the comment is deleted, computed from the set of its events alone."""
    creations, deletions = (
        [datetime.fromisoformat(one["occurred_at"]) for one in events if one["type"] == type]
        for type in (CREATED, DELETED)
    )
    return max(deletions) if deletions and max(deletions) >= max(creations) else None


@settings(max_examples=settings().max_examples // 2)
@given(events=st.lists(any_event, min_size=4, max_size=12), data=st.data())
def test_events_of_equal_times_store_the_same_rows_in_any_order(alice, events, data):
    other = data.draw(st.permutations(events + events[:3]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(other)), max_size=5)))
    with transaction.atomic():
        one, two = (
            Profile.objects.create(owner=alice, platform="x", platform_id=f"t{Random().random()}", handle="t")
            for _ in range(2)
        )
        send(one, *events)
        for low, high in zip([0, *cuts], [*cuts, len(other)], strict=True):
            send(two, *other[low:high])
        assert state(one) == state(two)
        for deleted_at in Interaction.objects.filter(profile=one).values_list("deleted_at", flat=True):
            assert deleted_at == expected_deletion(events)
        assert {result.status for result in send(two, *events)} == {"duplicate"}
        transaction.set_rollback(True)


def run_at_once(threads: int, work: Callable[[int], None]) -> None:
    """Call `work` with the numbers from 0, each in a thread with a database connection of its own; raises its error."""

    def run(number: int) -> None:
        try:
            work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(threads)))


@pytest.mark.django_db(transaction=True)
def test_simultaneous_senders_of_equal_times_store_what_one_sender_stores(alice):
    one, many = (
        Profile.objects.create(owner=alice, platform="x", platform_id=name, handle="x") for name in ("1", "n")
    )
    send(one, *EVENTS)

    def send_shuffled(number: int) -> None:
        for one_event in Random(number).sample(EVENTS, len(EVENTS)):
            send(many, one_event)

    run_at_once(4, send_shuffled)
    assert state(many) == state(one)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_senders_of_overlapping_batches_store_each_event_once(alice):
    profiles = [
        Profile.objects.create(owner=alice, platform="x", platform_id=str(n), handle="x") for n in range(3)
    ]
    arrivals = [
        IncomingEvent(p.id, e)
        for p in profiles
        for n in range(40)
        for e in (event("comment.created", f"c{n}", parent_id=f"c{n - 1}"),)
    ]
    arrivals += [IncomingEvent(p.id, event("content.published", "piece")) for p in profiles]
    ids: dict[tuple, set[int]] = defaultdict(set)

    def send_samples(number: int) -> None:
        draw = Random(number)
        for _ in range(6):
            batch = draw.sample(arrivals, 80)
            for arrival, result in zip(batch, ingest(batch, NOW), strict=True):
                ids[arrival.profile_id, arrival.event["type"], result.platform_id].add(result.id)

    run_at_once(4, send_samples)
    ingest(arrivals, NOW)
    assert Interaction.objects.count() == 120
    assert {len(of_one_event) for of_one_event in ids.values()} == {1}
    assert Interaction.objects.filter(content=None).count() == 0
    assert (
        Interaction.objects.filter(parent=None).values_list("platform_id", flat=True).distinct().get() == "c0"
    )


def test_hundreds_of_comments_and_replies_of_one_row_are_linked_in_batches(live, monkeypatch):
    monkeypatch.setattr(upserts, "LINKS_PER_STATEMENT", 100)
    waiting = {"content_id": "late piece", "parent_id": "late comment"}
    send(live, *(event("comment.created", f"w{n}", **waiting) for n in range(250)))
    late = {"content_id": "late piece"}
    with CaptureQueriesContext(connection) as queries:
        send(live, event("content.published", "late piece"), event("comment.created", "late comment", **late))
    own = Interaction.objects.filter(platform_id__startswith="w")
    assert set(own.values_list("content__platform_id", "parent__platform_id")) == {
        ("late piece", "late comment")
    }
    assert sum("UPDATE interactions_interaction" in query["sql"] for query in queries) == 2 * 3
