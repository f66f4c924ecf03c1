"""The door: once, whatever the order, repetition or split; nothing lost, neighbours unharmed."""

import threading
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Profile
from interactions.ingest import Arrival, ingest
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.world import NOW, event, send

ROW_FIELDS = ["platform_id", "text", "posted_at", "deleted_at", "created_digest", "text_digest", "is_demo"]


def state(profile: Profile) -> tuple[list, list, int, int]:
    """Everything stored for a profile, without primary keys and times of receipt."""
    content = Content.objects.filter(profile=profile).order_by("platform_id")
    talk = Interaction.objects.filter(profile=profile).order_by("platform_id")
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
        list(talk.values_list(*ROW_FIELDS, *links)),
        list(
            PendingChange.objects.filter(profile=profile)
            .order_by("platform_id", "aspect")
            .values_list("platform_id", "aspect", "value")
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
        "new",
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


def test_a_comment_before_its_piece_is_linked_when_the_piece_arrives(profile):
    send(profile, event("comment.created", "c1"))
    assert Interaction.objects.get().content is None
    send(profile, event("content.published", "piece"))
    assert Interaction.objects.get().content.platform_id == "piece"


def test_changes_before_their_target_wait_for_it(profile):
    results = send(
        profile, event("comment.edited", "c1", "2026-03-01T13:00:00Z"), event("content.metrics", "piece")
    )
    assert [(r.id, r.status) for r in results] == [(None, "updated"), (None, "updated")]
    send(profile, event("comment.created", "c1"), event("content.published", "piece"))
    assert Interaction.objects.get().text == "edited"
    assert list(Content.objects.values_list("views", "likes", "shares")) == [(10, 5, 1)]
    assert PendingChange.objects.count() == 0


def test_a_newer_edit_wins_whatever_comes_last(profile):
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


def test_a_deletion_is_kept_and_hides_the_row(profile, alice):
    send(profile, event("comment.created", "c1"), event("comment.deleted", "c1", "2026-03-02T00:00:00Z"))
    assert Interaction.objects.get().deleted_at.isoformat() == "2026-03-02T00:00:00+00:00"
    assert not Interaction.objects.visible_to(alice).exists()


def test_what_the_brand_writes_itself_is_outbound(profile):
    send(profile, event("comment.created", "c1", author={"id": "brand"}))
    assert Interaction.objects.get().direction == "out"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (17, "An event must be a JSON object."),
        ({"type": "comment.liked"}, "`type` must be one of content.published"),
        (event("comment.created", ""), "`id` must not be empty."),
        (event("comment.created", "x" * 256), "`id` must have at most 255 characters; it has 256."),
        (event("comment.created", "b", text="nul\x00"), "`text` must not hold the NUL character."),
        (event("comment.created", "b", text="\ud800"), "lone surrogate"),
        (event("comment.created", "b", author=None), "`author` must be an object"),
        (event("comment.created", "b", "2026-03-01T12:00:00"), "`occurred_at` must be an ISO 8601 time with an offset"),
        (event("comment.created", "b", "0001-01-01T00:00:00+14:00"), "`occurred_at` must be"),
        (event("comment.created", "b", "1969-12-31T23:59:59Z"), "`occurred_at` must not lie before 1970."),
        (event("content.metrics", "b", metrics={"views": float("nan")}), "`metrics.views` must be a whole number"),
        (event("comment.deleted", "b\udfff"), "`id` must be valid Unicode; it holds a lone surrogate."),
        (event("message.created", "b", conversation_id=""), "`conversation_id` must not be empty."),
        (event("content.metrics", "b", metrics={"views": -1}), "`metrics.views` must be a whole number"),
        (event("content.metrics", "b", metrics={"views": 2**63}), "`metrics.views` must be a whole number"),
        (event("content.metrics", "b", metrics=[]), "`metrics` must be an object"),
    ],
)  # fmt: skip
def test_a_bad_event_becomes_a_dead_letter_and_its_neighbours_are_stored(profile, bad, reason):
    results = send(profile, event("comment.created", "c1"), bad, event("comment.created", "c2"))
    assert [r.status for r in results] == ["created", "rejected", "created"]
    assert results[1].id is None
    assert reason in results[1].error
    assert DeadLetter.objects.get().reason == results[1].error


def test_a_dead_letter_is_kept_once_with_its_bytes(profile):
    for _ in range(3):
        send(profile, {"type": "nonsense", "id": "é"})
    assert bytes(DeadLetter.objects.get().raw) == b'{"type": "nonsense", "id": "\\u00e9"}'


def test_what_the_database_alone_refuses_is_rejected_alone(profile, monkeypatch):
    monkeypatch.setattr("interactions.events.KIND_LENGTH", 99)
    results = send(
        profile, *(event("content.published", f"p{n}", kind="k" * (40 if n == 3 else 5)) for n in range(6))
    )
    assert [r.status for r in results] == ["created"] * 3 + ["rejected"] + ["created"] * 2


def test_an_unknown_profile_is_rejected(db):
    assert [r.error for r in ingest([Arrival(404, event("comment.created", "c"))], NOW)] == [
        "The profile does not exist any more."
    ]


def test_many_profiles_in_one_batch_keep_their_rows_apart(profile, bob):
    other = Profile.objects.create(owner=bob, platform="instagram", platform_id="other", handle="other")
    ingest(
        [
            Arrival(profile.id, event("comment.created", "c1")),
            Arrival(other.id, event("comment.created", "c1")),
            Arrival(other.id, event("content.published", "piece")),
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


def test_a_row_cannot_disagree_with_its_profile_about_being_demo(profile):
    send(profile, event("comment.created", "c1", is_demo=True))
    assert Interaction.objects.get().is_demo is False
    with pytest.raises(IntegrityError, match="interaction_belongs_to_its_profile"), transaction.atomic():
        Interaction.objects.update(is_demo=True)


EVENTS = [
    event("content.published", "piece"),
    event("content.published", "piece", text="said again differently"),
    event("content.edited", "piece", "2026-03-02T00:00:00Z"),
    event("content.metrics", "piece", "2026-03-02T00:00:00Z", metrics={"views": 5}),
    event("content.metrics", "piece", "2026-03-02T00:00:00Z", metrics={"views": 9, "likes": 1}),
    event("comment.created", "c1"),
    event("comment.created", "c2", parent_id="c1"),
    event("comment.edited", "c1", "2026-03-02T00:00:00Z", text="one"),
    event("comment.edited", "c1", "2026-03-02T00:00:00Z", text="two"),
    event("comment.deleted", "c2", "2026-03-02T00:00:00Z"),
    event("comment.edited", "never-arrives", "2026-03-02T00:00:00Z"),
    event("message.created", "m1"),
    {"type": "nonsense"},
]


@pytest.fixture
def expected(profile) -> tuple:
    send(profile, *EVENTS)
    return state(profile)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_permutation_repetition_or_split_leaves_the_same_rows(expected, alice, data):
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


@pytest.mark.django_db(transaction=True)
def test_senders_at_the_same_time_with_overlapping_shuffled_batches_agree(alice):
    profiles = [
        Profile.objects.create(owner=alice, platform="x", platform_id=str(n), handle="x") for n in range(3)
    ]
    arrivals = [
        Arrival(p.id, e)
        for p in profiles
        for n in range(40)
        for e in (event("comment.created", f"c{n}", parent_id=f"c{n - 1}"),)
    ]
    arrivals += [Arrival(p.id, event("content.published", "piece")) for p in profiles]
    answers: list[dict] = []
    errors: list[Exception] = []

    def sender(number: int) -> None:
        draw = Random(number)
        try:
            for _ in range(6):
                batch = draw.sample(arrivals, 80)
                results = ingest(batch, NOW)
                answers.append(
                    {
                        (a.profile_id, a.event["type"], r.platform_id): r.id
                        for a, r in zip(batch, results, strict=True)
                    }
                )
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sender, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ingest(arrivals, NOW)
    assert errors == []
    assert Interaction.objects.count() == 120
    ids: dict = {}
    for answer in answers:
        for key, id in answer.items():
            assert ids.setdefault(key, id) == id
    assert Interaction.objects.filter(content=None).count() == 0
    assert (
        Interaction.objects.filter(parent=None).values_list("platform_id", flat=True).distinct().get() == "c0"
    )
