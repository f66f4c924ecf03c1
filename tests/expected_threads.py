"""What threads must be, computed from all rows without the product's code. Called by tests of every writer of rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from interactions.models import Interaction, Thread


def root_of(row: Interaction, by_ref: dict[tuple[int, str], Interaction]) -> str:
    """The platform id of the comment's first comment: missing parents are roots, and of a ring the smallest id."""
    path: list[str] = []
    while True:
        if row.platform_id in path:
            return min(path[path.index(row.platform_id) :])
        path.append(row.platform_id)
        if not row.parent_ref:
            return row.platform_id
        parent = by_ref.get((row.profile_id, row.parent_ref))
        if parent is None or parent.type != "comment":
            return row.parent_ref
        row = parent


def rows_by_thread() -> dict[tuple[int, str, str], list[Interaction]]:
    rows = list(Interaction.objects.select_related("content"))
    by_ref = {(row.profile_id, row.platform_id): row for row in rows}
    groups = defaultdict(list)
    for row in rows:
        root = row.conversation_id if row.type == "message" else root_of(row, by_ref)
        groups[row.profile_id, row.type, root].append(row)
    return groups


def place_of(row: Interaction | None) -> tuple[datetime, str] | None:
    return row and (row.posted_at, row.platform_id)


def newest(rows: Iterable[Interaction]) -> Interaction | None:
    return max(rows, key=place_of, default=None)


def expected(thread: Thread, rows: list[Interaction], now: datetime) -> dict:
    """The columns of the thread that follow from its rows, and from its decision and time of reading."""
    visible = [row for row in rows if row.deleted_at is None]
    received = [row for row in visible if row.direction == "in" and row.hidden_at is None]
    sent = [row for row in visible if row.direction == "out"]
    closing = [row for row in sent if row.closes and row.send_status != "failed"]
    last, last_in, last_out, answer = (newest(some) for some in (visible, received, sent, closing))
    received_at = max((row.received_at for row in received), default=None)
    status, until, unread, active_at = state(thread, last_in, answer, received_at, last, now)
    is_deleted = deleted_with_root(thread, rows)
    if is_deleted:
        unread, active_at = False, None
    refs = [row.content_ref for row in rows if row.content_ref]
    return {
        "content_ref": min(refs, default=""),
        "status": status,
        "snoozed_until": until,
        "unread": unread,
        "active_at": active_at,
        "last_at": last and last.posted_at,
        "last_ref": last.platform_id if last else "",
        "last_in_at": last_in and last_in.posted_at,
        "last_in_ref": last_in.platform_id if last_in else "",
        "last_in_received_at": received_at,
        "last_out_at": last_out and last_out.posted_at,
        "answered_at": answer and answer.posted_at,
        "sentiment": last_in and last_in.sentiment,
        "is_deleted": is_deleted,
    }


def deleted_with_root(thread: Thread, rows: list[Interaction]) -> bool:
    """Whether Facebook deleted the first comment. A purged one has left this with its thread."""
    roots = [row for row in rows if row.type == "comment" and row.platform_id == thread.root_ref]
    if not roots:
        return thread.is_deleted
    by_platform = roots[0].deleted_at and roots[0].deleted_at != roots[0].expired_at
    return bool(by_platform and thread.profile.platform == "facebook")


def state(thread, last_in, answer, received_at, last, now) -> tuple:
    answered = answer is not None and (last_in is None or answer.posted_at > last_in.posted_at)
    read_at = thread.read_at
    unread = bool(last_in and not answered and (read_at is None or received_at > read_at))
    active_at = last and last.posted_at
    covers = thread.covers_at and (thread.covers_at, thread.covers_ref)
    if thread.decided_at and (last_in is None or (covers and place_of(last_in) <= covers)):
        if thread.decision in ("open", "snoozed") and answered and answer.posted_at > thread.decided_at:
            status = "done"
        elif thread.decision == "snoozed" and thread.decided_until <= now:
            status = "open"
            unread = unread or read_at is None or thread.decided_until > read_at
            active_at = active_at and max(active_at, thread.decided_until)
        else:
            status = thread.decision
    elif answered:
        status = "done"
    else:
        status = "open" if last_in else "done"
    until = thread.decided_until if status == "snoozed" else None
    return status, until, unread and active_at is not None, active_at


def check_threads(now: datetime) -> None:
    """Every row is in its thread, and every thread is what its rows, its decision and `now` say."""
    groups = rows_by_thread()
    threads = {
        (one.profile_id, one.kind, one.root_ref): one
        for one in Thread.objects.select_related("content", "profile")
    }
    assert threads.keys() == groups.keys()
    for key, rows in groups.items():
        thread = threads[key]
        assert {row.thread_id for row in rows} == {thread.pk}, key
        columns = expected(thread, rows, now)
        assert {name: getattr(thread, name) for name in columns} == columns, key
        contents = {row.content_ref: row.content for row in rows if row.content_ref}
        assert thread.content == contents.get(thread.content_ref), key
        assert thread.is_demo == rows[0].is_demo


def threads_as_seen(without: Sequence[str] = ()) -> dict[tuple[int, str, str], tuple]:
    """Every thread without primary keys, for comparison with what another order of arrival leaves."""
    left_out = ("id", "content", *without)
    columns = [field.name for field in Thread._meta.fields if field.name not in left_out]
    return {
        (row["profile"], row["kind"], row["root_ref"]): tuple(row.values())
        for row in Thread.objects.values(*columns, "content__platform_id")
    }
