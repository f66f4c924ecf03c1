"""Sets the labels of a thread. Called by `changing.py`.

A profile has at most MAX_LABELS labels, whose names differ in more than case. A label is stored when a thread gets it
first. It stays when no thread has it any more, until its place is needed.
"""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from interactions.models import Label, Thread, label_key
from interactions.threads.labels import create_labels

MAX_LABELS = 200  # of one profile
MAX_LABELS_OF_THREAD = 20


class TooManyLabels(Exception):
    """The profile has MAX_LABELS labels that its threads use."""


def set_labels(thread: Thread, names: Sequence[str]) -> None:
    """Give the thread the labels of these normalized names, and no others. Raises TooManyLabels.

    The caller holds the profile's lock and has read the thread under it.
    """
    ids = sorted(_ids_of(thread, {label_key(name): name for name in reversed(names)}))
    if ids != thread.label_ids:
        Thread.objects.filter(pk=thread.pk).update(label_ids=ids)


def _ids_of(thread: Thread, names: dict[str, str]) -> list[int]:
    """The ids of the labels, by keys of their names; stores those that the profile does not have."""
    if not names:
        return []
    labels = Label.objects.filter(profile=thread.profile_id)
    known = {label_key(name): id for id, name in labels.values_list("pk", "name")}
    missing = {(thread.profile_id, key): name for key, name in names.items() if key not in known}
    if len(known) + len(missing) > MAX_LABELS:
        kept = [known[key] for key in names.keys() & known.keys()]
        _delete_unused(thread.profile_id, kept)
        if labels.count() + len(missing) > MAX_LABELS:
            raise TooManyLabels
    new = create_labels(missing) if missing else {}
    return [*(known[key] for key in names.keys() & known.keys()), *new.values()]


def _delete_unused(profile_id: int, kept: Sequence[int]) -> None:
    """Delete the profile's labels that no thread has, except for those that are `kept`."""
    using = Thread.objects.filter(label_ids__contains=[OuterRef("pk")]).exclude(label_ids=[])
    unused = Label.objects.filter(~Exists(using), profile=profile_id).exclude(pk__in=kept)
    unused.delete()
