"""The banner that says on every page that a demo is on. `config/settings.py` names its context processor."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, IntegerField, OuterRef, Subquery, When
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from demo.access import demo_allowed
from demo.models import COUNTED_TYPES, DemoAccount, State, StoryEvent

_UNDELIVERED = (
    StoryEvent.objects.filter(account=OuterRef("pk"), account__gt=0, delivered_at=None)
    .filter(origin=StoryEvent.Origin.INITIAL, type__in=COUNTED_TYPES.values())
    .order_by()
    .values("account")
)
# The undelivered events of the initial batch, which are counted only while a demo is filled.
_LEFT = Case(
    When(state=State.ENABLING, then=Subquery(_UNDELIVERED.annotate(n=Count("pk")).values("n"))),
    output_field=IntegerField(),
)


@dataclass(frozen=True)
class Banner:
    """What the banner says; `done` and `total` count the events of the initial batch."""

    account: DemoAccount
    done: int
    total: int
    on_dashboard: bool = False

    @property
    def is_polled(self) -> bool:
        """Whether the banner requests itself again; the dashboard sends it along with its panel."""
        return not self.on_dashboard and self.account.state in (State.ENABLING, State.DISABLING)

    @property
    def is_allowed(self) -> bool:
        return demo_allowed(self.account.user)


def demo_banner(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `demo_banner`, read when a template uses it, which only whole pages do; None while off."""
    return {"demo_banner": SimpleLazyObject(lambda: stored_banner(request.user))}


def stored_banner(user: User) -> Banner | None:
    """The banner of the user's demo, in one query."""
    accounts = DemoAccount.objects.filter(user=user).exclude(state=State.OFF).select_related("user")
    account = accounts.annotate(left=_LEFT).first()
    if account is None:
        return None
    total = account.initial_quota.total
    done = total - (account.left or 0) if account.planned_at else 0
    return Banner(account, done, total)


def banner_of(account: DemoAccount, done: int = 0) -> Banner:
    """The banner of an account that is not off, for the dashboard; `done` events of its initial batch are delivered."""
    return Banner(account, done, account.initial_quota.total, on_dashboard=True)
