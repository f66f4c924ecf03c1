"""What an action of a page did: its sentence, how to undo it, and what the page shows then. Returned by the actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from interactions.models import BulkJob, SavedView
from interactions.pages.thread_pane import Composer


class Refused(Exception):
    """The action is not possible; the message is a sentence that says what to do."""


@dataclass(frozen=True)
class Undo:
    """The form that takes an action back: its address, its fields, and the element that its answer fills."""

    address: str
    fields: Mapping[str, str] = field(default_factory=dict)
    target: str = "#thread"


@dataclass(frozen=True)
class Outcome:
    """What an action did: the sentence that a toast shows, how to undo it, and which thread the pane shows then.

    `composer` is the form below the thread after a reply or note; `job` a bulk change that a worker makes; `views` are the
    user's saved views, if these have changed.
    """

    sentence: str = ""
    undo: Undo | None = None
    open_id: int | None = None
    composer: Composer | None = None
    job: BulkJob | None = None
    views: Sequence[SavedView] | None = None
    status: int = 200

    @property
    def is_refusal(self) -> bool:
        return self.status >= 400
