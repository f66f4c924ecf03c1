"""The order in which the pane of a thread shows rows, notes and decisions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from interactions.pages.conversation import MAX_DEPTH, comment_tree, conversation

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Row:
    pk: int
    minute: float = 0
    parent_id: int | None = None
    author_id: str = "ada"

    @property
    def platform_id(self) -> str:
        return f"c{self.pk}"

    @property
    def posted_at(self) -> datetime:
        return NOON + self.minute * MINUTE


@dataclass(frozen=True)
class Added:
    """A note or a decision."""

    pk: int
    minute: float = 0

    @property
    def at(self) -> datetime:
        return NOON + self.minute * MINUTE

    created_at = at


def tree(*rows: Row, notes=(), decisions=(), root: str = "c1") -> list[tuple]:
    """Of each entry its kind and key, its depth, and the key of the row to which it says that it replies."""
    entries = comment_tree(rows, notes, decisions, root)
    return [
        (f"{one.kind} {one.item.pk}", one.depth, one.reply_to and one.reply_to.pk)
        if one.kind != "row"
        else (one.item.pk, one.depth, one.reply_to and one.reply_to.pk)
        for one in entries
    ]


def talk(*rows: Row, notes=(), decisions=(), zone: str = "UTC") -> list[str]:
    """Of each entry its kind and key; a row of the group of the row before begins with a plus sign."""
    entries = conversation(rows, notes, decisions, ZoneInfo(zone))
    return [
        f"day {one.at.astimezone(ZoneInfo(zone)):%d}"
        if one.kind == "day"
        else f"{'+' if one.continues else ''}{one.kind} {one.item.pk}"
        for one in entries
    ]


# Comments


def test_replies_stand_below_what_they_reply_to_by_their_time():
    first, late, early, answer = Row(1), Row(2, 9, 1), Row(3, 5, 1), Row(4, 20, 3)
    assert tree(late, answer, early, first) == [(1, 0, None), (3, 1, None), (4, 2, None), (2, 1, None)]


def test_from_the_third_step_a_reply_says_to_whom_it_replies():
    rows = [Row(1), Row(2, 1, 1), Row(3, 2, 2), Row(4, 3, 3), Row(5, 4, 4), Row(6, 5, 2)]
    assert tree(*rows) == [
        *[(1, 0, None), (2, 1, None), (3, 2, None), (4, 2, 3), (5, 2, 4)],
        (6, 2, None),
    ]


def test_a_reply_to_a_row_that_is_not_there_stands_below_the_first_comment():
    assert tree(Row(1), Row(2, 1, 99), Row(3, 2, 2)) == [(1, 0, None), (2, 1, None), (3, 2, None)]


def test_without_its_first_comment_a_thread_shows_the_replies():
    assert tree(Row(2, 1, 1), Row(3, 2, 2), Row(4, 0, 1)) == [(4, 1, None), (2, 1, None), (3, 2, None)]


def test_the_first_comment_is_first_even_if_a_reply_is_dated_before_it():
    assert tree(Row(1, 5), Row(2, 1, 1)) == [(1, 0, None), (2, 1, None)]


def test_rows_of_a_ring_are_shown_once_each():
    assert tree(Row(1), Row(2, 2, 3), Row(3, 1, 2), Row(4, 3, 4)) == [
        *[(1, 0, None), (3, 1, None), (2, 1, None), (4, 1, None)]
    ]


def test_a_first_comment_that_is_part_of_a_ring_is_first():
    assert tree(Row(1, 0, 2), Row(2, 1, 1)) == [(1, 0, None), (2, 1, None)]


def test_notes_and_decisions_stand_between_the_replies_by_their_time_and_split_no_branch():
    rows = [Row(1), Row(2, 1, 1), Row(3, 9, 2), Row(4, 4, 1)]
    assert tree(*rows, notes=[Added(7, 3), Added(8, 4)], decisions=[Added(9, 0)]) == [
        *[(1, 0, None), ("decision 9", 1, None), (2, 1, None), (3, 2, None)],
        *[("note 7", 1, None), (4, 1, None), ("note 8", 1, None)],
    ]


def test_replies_of_one_moment_are_in_the_order_in_which_they_were_stored():
    assert [key for key, *_ in tree(Row(1), Row(3, 1, 1), Row(2, 1, 1))] == [1, 2, 3]


KEYS = st.integers(1, 8)
ROWS = st.dictionaries(KEYS, st.tuples(st.one_of(st.none(), KEYS, st.just(99)), st.integers(0, 3))).map(
    lambda found: [Row(pk, minute, parent) for pk, (parent, minute) in found.items()]
)


@given(ROWS, st.integers(1, 9))
def test_whatever_the_parents_are_each_row_is_shown_once_the_first_comment_first(rows, root):
    entries = comment_tree(rows, [], [], f"c{root}")
    assert sorted(one.item.pk for one in entries) == sorted(row.pk for row in rows)
    places = {one.item.pk: place for place, one in enumerate(entries)}
    for one in entries:
        is_first = one.item.pk == root
        assert (one.depth == 0, places[one.item.pk] == 0 or not is_first) == (is_first, True)
        assert one.depth <= MAX_DEPTH
        if one.reply_to:
            assert (one.reply_to.pk, one.depth) == (one.item.parent_id, MAX_DEPTH)
            assert places[one.reply_to.pk] < places[one.item.pk]


# Conversations of messages


def test_messages_are_shown_by_their_time_below_their_day():
    assert talk(Row(2, 30), Row(1, 0), notes=[Added(5, 10)], decisions=[Added(6, 60)]) == [
        *["day 04", "row 1", "note 5", "row 2", "decision 6"]
    ]


def test_each_day_of_the_zone_begins_with_a_line():
    rows = [Row(1, 0), Row(2, 11 * 60 + 59), Row(3, 12 * 60), Row(4, 40 * 60)]
    assert talk(*rows) == ["day 04", "row 1", "row 2", "day 05", "row 3", "day 06", "row 4"]
    assert talk(*rows, zone="Asia/Tokyo") == [
        *["day 04", "row 1", "day 05", "row 2", "+row 3", "day 06", "row 4"]
    ]


def test_messages_of_one_author_within_five_minutes_are_a_group():
    rows = [Row(1, 0), Row(2, 4.9), Row(3, 9.8), Row(4, 14.8), Row(5, 15, author_id="brand"), Row(6, 16)]
    assert talk(*rows) == ["day 04", "row 1", "+row 2", "+row 3", "row 4", "row 5", "row 6"]


def test_a_note_between_two_messages_ends_their_group():
    assert talk(Row(1, 0), Row(2, 2), notes=[Added(3, 1)]) == ["day 04", "row 1", "note 3", "row 2"]


def test_at_one_moment_a_message_stands_before_the_decision_on_it():
    assert talk(Row(5, 1), decisions=[Added(2, 1)]) == ["day 04", "row 5", "decision 2"]


def test_an_empty_conversation_has_no_day():
    assert talk() == []
