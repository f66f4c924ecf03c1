"""Threads: whatever arrives, in whatever order, each is what its rows and the latest decision say."""

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Profile
from interactions import replies
from interactions.models import Content, Decision, Interaction, Thread
from interactions.threads.decisions import decide, mark_read, mark_unread
from interactions.threads.hiding import set_hidden
from interactions.threads.rebuilding import RebuildResult, rebuild
from interactions.threads.waking import wake_threads
from tests.expected_threads import check_threads, threads_as_seen
from tests.world import BRAND, DAY, HOUR, NOW, SECOND, T, at, comment, event, message, send, thread


def summary(root: str) -> tuple:
    one = thread(root)
    return one.status, one.unread, one.active_at


# The state


def test_a_comment_and_a_conversation_are_open_and_unread(profile):
    send(profile, comment("c1"), message("m1", T[1]))
    assert summary("c1") == ("open", True, T[0])
    assert summary("talk") == ("open", True, T[1])
    assert [thread("c1").kind, thread("talk").kind] == ["comment", "message"]


def test_an_answer_of_the_brand_closes_a_thread_and_a_later_reply_reopens_it(profile):
    send(profile, comment("c1"), comment("a1", T[1], parent_id="c1", author=BRAND))
    assert summary("c1") == ("done", False, T[1])
    send(profile, comment("c2", T[2], parent_id="a1"))
    assert summary("c1") == ("open", True, T[2])


def test_an_answer_at_the_same_time_as_the_question_does_not_close(profile):
    send(profile, message("m1"), message("m2", author=BRAND))
    assert summary("talk") == ("open", True, T[0])


def test_answers_do_not_close_threads_of_a_user_who_set_so_and_past_ones_stay_as_they_are(profile, alice):
    send(profile, message("m1", conversation_id="a"), message("m2", T[1], conversation_id="a", author=BRAND))
    alice.answers_close_threads = False
    alice.save()
    send(profile, message("m3", conversation_id="b"), message("m4", T[1], conversation_id="b", author=BRAND))
    replies.store_reply(Interaction.objects.get(platform_id="m3"), "a reply", NOW)
    assert (thread("a").status, thread("b").status, thread("b").last_out_at) == ("done", "open", NOW)


def test_a_reply_closes_its_thread_unless_sending_fails(profile):
    send(profile, comment("c1"))
    reply = replies.store_reply(Interaction.objects.get(), "a reply", NOW)
    assert (summary("c1"), reply.thread.root_ref) == (("done", False, NOW), "c1")
    check_threads(NOW)
    Interaction.objects.filter(pk=reply.pk).update(send_status="failed")
    assert rebuild(NOW) == RebuildResult(threads=1, differed=1)
    assert summary("c1") == ("open", True, NOW)


def test_only_a_newer_message_than_the_covered_one_reopens_a_decided_thread(profile):
    send(profile, message("m2", T[2]))
    decide([thread("talk").pk], "done", NOW)
    assert summary("talk") == ("done", False, T[2])
    send(profile, message("m1", T[1]))
    assert thread("talk").status == "done"
    send(profile, message("m3", T[3]), at=NOW + SECOND)
    assert summary("talk") == ("open", True, T[3])


def test_a_decision_covers_only_what_the_person_saw(profile):
    send(profile, message("m1"), at=NOW)
    send(profile, message("m2", T[1]), at=NOW + SECOND)
    decide([thread("talk").pk], "done", NOW + HOUR, covers=Interaction.objects.get(platform_id="m1"))
    assert summary("talk") == ("open", True, T[1])


def test_messages_of_the_same_second_are_ordered_by_their_ids(profile):
    send(profile, message("b"))
    decide([thread("talk").pk], "done", NOW)
    send(profile, message("a"))
    assert thread("talk").status == "done"
    send(profile, message("c"))
    assert thread("talk").status == "open"


def test_a_snoozed_thread_wakes_open_and_unread_at_the_top_of_the_list(profile):
    send(profile, message("m1"))
    decide([thread("talk").pk], "snoozed", NOW, until=NOW + HOUR)
    assert (summary("talk"), thread("talk").snoozed_until) == (("snoozed", False, T[0]), NOW + HOUR)
    assert [wake_threads(NOW + HOUR - SECOND), wake_threads(NOW + HOUR), wake_threads(NOW + HOUR)] == [
        0,
        1,
        0,
    ]
    assert (summary("talk"), thread("talk").snoozed_until) == (("open", True, NOW + HOUR), None)
    check_threads(NOW + HOUR)


def test_an_answer_after_the_decision_ends_a_snooze(profile):
    send(profile, message("m1"))
    decide([thread("talk").pk], "snoozed", NOW, until=NOW + HOUR)
    replies.store_reply(Interaction.objects.get(), "a reply", NOW + SECOND)
    assert summary("talk") == ("done", False, NOW + SECOND)


def test_reading_ends_unread_until_something_arrives_even_if_it_is_older(profile):
    send(profile, message("m2", T[2]), at=NOW)
    mark_read([thread("talk").pk], NOW)
    assert thread("talk").unread is False
    send(profile, message("m1", T[1]), at=NOW + SECOND)
    assert thread("talk").unread is True
    mark_read([thread("talk").pk], NOW + HOUR)
    mark_unread([thread("talk").pk], NOW + HOUR)
    assert thread("talk").unread is True


def test_a_hidden_comment_counts_for_neither_status_nor_unread(profile):
    send(profile, comment("c1"))
    send(profile, comment("c2", T[1], parent_id="c1"), at=NOW + SECOND)
    decide([thread("c1").pk], "done", NOW, covers=Interaction.objects.get(platform_id="c1"))
    assert thread("c1").status == "open"
    set_hidden([Interaction.objects.get(platform_id="c2").pk], True, NOW)
    assert (summary("c1"), Interaction.objects.get(platform_id="c2").status) == (
        ("done", False, T[1]),
        "hidden",
    )
    check_threads(NOW)
    send(profile, event("comment.unhidden", "c2", at(NOW + HOUR)))
    assert summary("c1") == ("open", True, T[1])


@pytest.mark.parametrize(
    ("sent", "hidden"),
    [
        (["created", "hidden"], True),
        (["hidden", "created"], True),
        (["created", "hidden", "unhidden"], True),  # at equal times hidden wins
        (["created", "unhidden", "hidden"], True),
    ],
)
def test_hiding_arrives_in_any_order(profile, sent, hidden):
    for type in sent:
        send(profile, event(f"comment.{type}", "c1", at(T[0])))
    row = Interaction.objects.get()
    assert (row.hidden_at is not None, row.status) == (hidden, "hidden" if hidden else "open")
    check_threads(NOW)


def test_a_hiding_that_is_dated_ahead_and_sent_again_does_not_undo_an_unhide(profile):
    send(profile, comment("c1"))
    hiding = event("comment.hidden", "c1", at(NOW + 2 * SECOND))
    send(profile, hiding)
    set_hidden([Interaction.objects.get().pk], False, NOW)
    send(profile, hiding)
    assert Interaction.objects.get().hidden_at is None


def test_a_thread_without_a_visible_row_comes_back_with_it(profile):
    send(profile, comment("c1"), event("comment.deleted", "c1", at(T[1])))
    assert summary("c1") == ("done", False, None)
    send(profile, comment("c1", T[2]))
    assert summary("c1") == ("open", True, T[2])


# The root


def test_replies_that_arrive_before_their_parents_are_in_one_thread_at_last(profile):
    for one in (
        comment("d", T[3], parent_id="c"),
        comment("c", T[2], parent_id="b"),
        comment("b", T[1], parent_id="a"),
    ):
        send(profile, one)
        check_threads(NOW)
    assert [one.root_ref for one in Thread.objects.all()] == ["a"]
    send(profile, comment("a"))
    assert [(one.root_ref, one.rows.count()) for one in Thread.objects.all()] == [("a", 4)]


def test_a_ring_of_comments_is_the_thread_of_its_smallest_id(profile):
    send(profile, comment("b", parent_id="c"), comment("d", parent_id="b"))
    send(profile, comment("c", parent_id="a"))
    send(profile, comment("a", parent_id="b"))
    assert [(one.root_ref, one.rows.count()) for one in Thread.objects.all()] == [("a", 4)]
    check_threads(NOW)


def test_a_comment_below_a_message_is_below_a_missing_parent(profile):
    send(profile, comment("c1", parent_id="m1"), message("m1"))
    assert {(one.kind, one.root_ref) for one in Thread.objects.all()} == {
        ("comment", "m1"),
        ("message", "talk"),
    }
    check_threads(NOW)


def test_a_row_that_is_created_again_with_another_parent_takes_its_replies_along(profile):
    send(profile, comment("a"), comment("b"), comment("c", parent_id="a"), comment("d", parent_id="c"))
    send(profile, comment("c", T[3], parent_id="b"))
    assert {one.root_ref: one.rows.count() for one in Thread.objects.all()} == {"a": 1, "b": 3}
    check_threads(NOW)


def test_a_merge_moves_decisions_notes_and_labels(profile):
    send(profile, comment("c", T[2], parent_id="b"))
    early = thread("b")
    decide([early.pk], "archived", NOW)
    Thread.objects.filter(pk=early.pk).update(label_ids=[7])
    send(profile, comment("a"), comment("b", T[1], parent_id="a"))
    merged = Thread.objects.get()
    assert (merged.root_ref, merged.status, merged.label_ids) == ("a", "archived", [7])
    assert list(Decision.objects.values_list("thread", "status")) == [(merged.pk, "archived")]


def test_of_two_decisions_of_one_time_that_are_merged_the_one_that_covers_more_holds(profile):
    send(profile, comment("r"), comment("z", T[1], parent_id="r"), comment("a", T[3], parent_id="p"))
    decide(list(Thread.objects.values_list("pk", flat=True)), "done", NOW)
    send(profile, comment("p", T[2], parent_id="r"))
    merged = Thread.objects.get()
    assert (merged.status, merged.covers_ref) == ("done", "a")


def test_threads_are_linked_to_a_post_that_arrives_later(profile):
    send(profile, comment("c1"))
    assert thread("c1").content is None
    send(profile, event("content.published", "piece"))
    assert thread("c1").content == Content.objects.get()


def test_the_same_ids_on_another_profile_are_other_threads(profile, bob):
    other = Profile.objects.create(owner=bob, platform="facebook", platform_id="brand", handle="brand")
    for one in (profile, other):
        send(one, comment("c1"), comment("c2", T[1], parent_id="c1"))
    assert sorted(Thread.objects.values_list("profile", "root_ref")) == [(profile.pk, "c1"), (other.pk, "c1")]
    check_threads(NOW)


# Any history

IDS = ["a", "b", "c", "d"]


@st.composite
def histories(draw) -> list[dict]:
    """Events of few ids, so that parents, rings, deletions and equal times meet; each event has its own content."""
    events = []
    for number in range(draw(st.integers(2, 9))):
        id, when = draw(st.sampled_from(IDS)), draw(st.sampled_from(T))
        kind = draw(
            st.sampled_from(
                [
                    "comment",
                    "comment",
                    "comment",
                    "message",
                    "deleted",
                    "hidden",
                    "unhidden",
                    "edited",
                    "content",
                ]
            )
        )
        author = draw(st.sampled_from([{"id": "person"}, BRAND]))
        if kind == "comment":
            parent = draw(st.sampled_from([None, *IDS, "missing"]))
            piece = draw(st.sampled_from(["piece", "other"]))
            events.append(
                comment(id, when, parent_id=parent, author=author, content_id=piece, text=str(number))
            )
        elif kind == "message":
            events.append(
                message(
                    id, when, author=author, conversation_id=draw(st.sampled_from("xy")), text=str(number)
                )
            )
        elif kind == "content":
            events.append(event("content.published", draw(st.sampled_from(["piece", "other"])), at(when)))
        else:
            events.append(event(f"comment.{kind}", id, at(when)))
    return events


def stored(profile: Profile, batches: list[list[dict]]) -> dict:
    """The threads that the batches leave, on a profile without rows; they are checked after each batch."""
    with transaction.atomic():
        for batch in batches:
            send(profile, *batch)
            check_threads(NOW)
        seen = threads_as_seen()
        transaction.set_rollback(True)
    return seen


@given(data=st.data())
def test_any_permutation_repetition_and_split_leaves_the_same_threads(profile, data):
    events = data.draw(histories())
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    order = data.draw(st.permutations([*events, *again]))
    split = data.draw(st.integers(0, len(order)))
    assert stored(profile, [order[:split], order[split:]]) == stored(profile, [events])


@given(data=st.data())
def test_what_arrives_late_leaves_the_same_as_what_came_before_the_decision(profile, data):
    """The decision is fixed: its time, and the row that it covers. Unread differs, as it goes by the time of receipt."""
    first = comment("a", T[0]) if data.draw(st.booleans()) else message("m", T[0], conversation_id="x")
    events = data.draw(histories())
    decision = data.draw(st.sampled_from(["open", "done", "archived", "snoozed"]))
    until = NOW + data.draw(st.sampled_from([-HOUR, HOUR])) if decision == "snoozed" else None

    def history(before: list[dict], after: list[dict]) -> dict:
        with transaction.atomic():
            send(profile, first)
            send(profile, *before)
            covers = Interaction.objects.get(platform_id=first["id"])
            decide([covers.thread_id], decision, NOW - DAY, until=until, covers=covers)
            send(profile, *after)
            wake_threads(NOW)
            check_threads(NOW)
            seen = threads_as_seen(without=("unread", "read_at"))
            transaction.set_rollback(True)
        return seen

    late = [one for one in events if one["id"] != first["id"] and one.get("parent_id") in (None, "a")]
    split = data.draw(st.integers(0, len(late)))
    assert history(late[:split], late[split:]) == history(late, [])
