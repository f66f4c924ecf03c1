"""Reads what lists show of threads beside their columns. Called by the API, the pages and exports."""

from collections.abc import Sequence

from django.db.models.functions import Left

from interactions.models import Interaction, Label, Thread

START_LENGTH = 200  # characters of the newest row's text


def add_shown(threads: Sequence[Thread]) -> None:
    """Set `last_row`, `author_row` and `label_names` of threads that were read `with_relations`, by two queries.

    A row is None if it was deleted since the threads were read.
    """
    rows = _rows([id for thread in threads for id in (thread.last_id, thread.author_row_id) if id])
    names = _label_names(threads)
    for thread in threads:
        thread.last_row, thread.author_row = rows.get(thread.last_id), rows.get(thread.author_row_id)
        for row in filter(None, (thread.last_row, thread.author_row)):
            row.profile = thread.profile
        found = (names[id] for id in thread.label_ids if id in names)
        thread.label_names = sorted(found, key=lambda name: (name.casefold(), name))


def _rows(ids: Sequence[int]) -> dict[int, Interaction]:
    """The rows by their ids, each with the start of its text only, as `text_start`."""
    rows = Interaction.objects.filter(pk__in_array=ids).annotate(text_start=Left("text", START_LENGTH))
    author = ("author_id", "author_handle", "author_name", "is_demo")
    return {row.pk: row for row in rows.only("direction", "posted_at", "send_status", "profile", *author)}


def _label_names(threads: Sequence[Thread]) -> dict[int, str]:
    ids = {id for thread in threads for id in thread.label_ids}
    return dict(Label.objects.filter(pk__in_array=ids).values_list("pk", "name"))
