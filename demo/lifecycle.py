"""Switching demo mode on, off and back: `off -> enabling -> active <-> paused`, anything but off `-> disabling -> off`.

Each transition is one conditional UPDATE whose row count says who won. What is left to do afterwards stands in the
account's row, so a lost message only costs the time until the next sweep.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Platform, User
from demo import activation, simulator, tasks
from demo.alone import alone
from demo.ceiling import check_room, check_size
from demo.models import LARGEST_SEED, DemoAccount, Rhythm, State, StoryEvent
from demo.naming import brand_name, product_names
from demo.planning import MOST_EVENTS, plan_open_windows, quotas_of_open_windows
from demo.progress import KINDS
from demo.states import NotPossible, WrongOption
from interactions.models import Content, Interaction

ON = (State.ENABLING, State.ACTIVE, State.PAUSED)
MOST_DAYS = 30
MOST_HELD = 5_000  # events that a web request holds back; a demo that is not behind has fewer to come
LATEST = 20  # events that say whether a demo is stored here
USUAL_SIZES = {f"initial_{kind}": DemoAccount._meta.get_field(f"initial_{kind}").default for kind in KINDS}


@dataclass(frozen=True)
class Transition:
    """The account after a request, and whether the request started anything."""

    account: DemoAccount
    started: bool


def enable(user: User, now: datetime, *, dispatch: bool = True, **options: Any) -> Transition:
    """Switch demo mode on; the initial batch follows in the background, or at once by `finish` without `dispatch`.

    `options` may set platforms, niche, brand (empty: an invented one), products, language, rhythm, viral_spikes, seed and the
    initial_… sizes.
    Raises WrongOption with a sentence; NotPossible while the demo is being removed, and when they would change one that
    failed after its story was planned.
    """
    check_options(options)
    with alone(user) as account:
        columns = changes(account, options)
        if account.state == State.FAILED and account.planned_at:
            _refuse_changes(account, {name: columns[name] for name in options if options[name] is not None})
        if activation.begin(account, now, columns):
            return _started(account, dispatch)
    if account.state == State.DISABLING:
        raise NotPossible("The demo is still being removed; enable it again when its state is off.")
    return Transition(account, started=False)


def _refuse_changes(account: DemoAccount, columns: dict[str, Any]) -> None:
    """Raise NotPossible when one of the columns is not as it was."""
    changed = [name for name, value in columns.items() if value != getattr(account, name)]
    if changed:
        raise NotPossible(
            f"The demo failed when its story was planned already, so {', '.join(changed)} cannot change any more;"
            " enable it without them to go on, or disable it first."
        )


def check_options(options: dict[str, Any]) -> None:
    """Raise WrongOption with a sentence that names the values allowed."""
    platforms = options.get("platforms")
    if platforms is not None and (not platforms or set(platforms) - set(Platform.values)):
        raise WrongOption(f"platforms must be one or more of {', '.join(Platform.values)}.")
    if options.get("niche") not in (None, *simulator.NICHES):
        raise WrongOption(f"niche must be one of {', '.join(simulator.NICHES)}.")
    if options.get("language") not in (None, *simulator.LANGUAGES):
        raise WrongOption(f"language must be one of {', '.join(simulator.LANGUAGES)}.")
    if options.get("rhythm") not in (None, *Rhythm.values):
        raise WrongOption(f"rhythm must be one of {', '.join(Rhythm.values)}.")
    names_in(options)
    if not 0 <= (options.get("seed") or 0) <= LARGEST_SEED:
        raise WrongOption(f"seed must be a whole number from 0 to {LARGEST_SEED}.")


def names_in(options: dict[str, Any]) -> dict[str, Any]:
    """The brand and the products that `options` give, as they are kept; WrongOption for what people cannot read."""
    read = {"brand": brand_name, "products": product_names}
    return {name: read[name](options[name]) for name in read if options.get(name) not in (None, "")}


def check_words(language: str, niche: str) -> None:
    """Raise WrongOption unless the language has tables of words for the niche."""
    spoken = simulator.niches(language)
    if niche not in spoken:
        raise WrongOption(
            f"In language {language} the niche must be one of {', '.join(spoken)}; {niche} is not."
        )


def changes(account: DemoAccount, options: dict[str, Any]) -> dict[str, Any]:
    """The columns that `options` set when the account is enabled, and the usual sizes.

    Raises WrongOption when there are no words for what comes out. Another niche, language or seed brings a new brand, and
    another niche the products of its own, unless they are given.
    """
    given = {name: value for name, value in options.items() if value is not None}
    columns = USUAL_SIZES | given | names_in(given)
    before = (account.seed, account.niche, account.language)
    seed, niche, language = (
        columns.get(name, getattr(account, name)) for name in ("seed", "niche", "language")
    )
    check_words(language, niche)
    if "platforms" in columns:
        columns["platforms"] = list(dict.fromkeys(columns["platforms"]))
    if not columns.get("brand", account.brand if (seed, niche, language) == before else ""):
        columns["brand"] = simulator.default_brand(seed, niche, language)
    if niche != account.niche:
        columns.setdefault("products", [])
    return columns


def disable(user: User, *, dispatch: bool = True) -> Transition:
    """Switch demo mode off; its rows go in the background. An account that is off stays so."""
    return _remove(user, dispatch, reset=False)


def reset(user: User, *, dispatch: bool = True) -> Transition:
    """Remove the demo and tell the same story again from the beginning; NotPossible while off or being removed."""
    transition = _remove(user, dispatch, reset=True)
    if not transition.started:
        raise NotPossible(f"Demo mode is {transition.account.state}; there is nothing to reset.")
    return transition


def _remove(user: User, dispatch: bool, reset: bool) -> Transition:
    with alone(user) as account:
        mine = DemoAccount.objects.filter(pk=account.pk)
        if mine.filter(state__in=[*ON, State.FAILED]).update(
            state=State.DISABLING,
            reset_requested=reset,
            heartbeat_at=None,
            paused_at=None,
            resume_requested_at=None,
            resumed_to=0,
            advance_days=0,
            catching_up=False,
            last_error="",
        ):
            return _started(account, dispatch)
        if not reset:  # switching off wins over a reset that is under way
            mine.filter(state=State.DISABLING).update(reset_requested=False)
    account.refresh_from_db()
    return Transition(account, started=False)


def pause(user: User, now: datetime) -> Transition:
    """Hold the story; windows already open are planned first.

    NotPossible unless active or paused, while advancing or resuming, and while more is under way than a web request
    should move.
    """
    with alone(user) as account:
        if account.is_resuming:
            raise NotPossible("The demo is resuming; pause it when it is active.")
        if account.state == State.PAUSED:
            return Transition(account, started=False)
        if account.state != State.ACTIVE:
            raise NotPossible(f"Demo mode is {account.state}; only an active demo can be paused.")
        if account.is_advancing:
            raise NotPossible("The demo is advancing; pause it when it has arrived.")
        plan_what_is_open(account, now)
        to_come = StoryEvent.objects.undelivered_by_account().filter(account=account)
        if to_come[:MOST_HELD].count() == MOST_HELD:
            raise NotPossible("Too much of the demo is on its way; pause it when it has arrived.")
        to_come.update(held=True)
        DemoAccount.objects.filter(pk=account.pk).update(
            state=State.PAUSED, paused_at=now, resume_requested_at=None, resumed_to=0
        )
    account.refresh_from_db()
    return Transition(account, started=True)


def resume(user: User, now: datetime, *, dispatch: bool = True) -> Transition:
    """Ask for a pause to end as of `now`; the demo reads paused until a worker has moved its story on.

    Everything held, and what later draws look back on, then comes later by the pause; windows are left out, as many as it
    has room for. NotPossible unless active or paused.
    """
    with alone(user) as account:
        if account.state == State.ACTIVE or account.is_resuming:
            return Transition(account, started=False)
        if account.state != State.PAUSED:
            raise NotPossible(f"Demo mode is {account.state}; only a paused demo can be resumed.")
        DemoAccount.objects.filter(pk=account.pk).update(
            resume_requested_at=max(now, account.paused_at), resumed_to=0, heartbeat_at=None
        )
        return _started(account, dispatch)


def change_settings(user: User, now: datetime, changes: dict[str, Any]) -> DemoAccount:
    """Change validated settings from the next window on; windows already open are planned with the old ones.

    Raises WrongOption when a demo with these settings would outgrow DEMO_MAX_ROWS, unless it does not become larger than
    it is.
    """
    with alone(user) as account:
        check_size(account, changes)
        if account.state == State.ACTIVE:
            plan_what_is_open(account, now)
        DemoAccount.objects.filter(pk=account.pk).update(**changes)
    account.refresh_from_db()
    return account


def advance(user: User, days: int, now: datetime, *, dispatch: bool = True) -> Transition:
    """Let an active demo live through `days` whole days at once, in the background.

    Raises WrongOption for a wrong number. NotPossible unless active, above the ceiling of rows, while something is on its
    way over HTTP, and where what was delivered lies in another installation.
    """
    with alone(user) as account:
        most = min(MOST_DAYS, account.retention_days)
        if not 1 <= days <= most:
            why = "" if most == MOST_DAYS else ", the demo's retention"
            raise WrongOption(f"days must be a whole number from 1 to {most}{why}.")
        if account.state != State.ACTIVE or account.is_advancing:
            raise NotPossible(
                f"Demo mode is {account.state}; only an active demo that is not advancing can advance."
            )
        check_room(account)
        if StoryEvent.objects.filter(account=account).leased(now).exists():
            raise NotPossible("Events of this demo are on their way; advance it when they have arrived.")
        if _lives_elsewhere(account):
            raise NotPossible(
                "The demo's rows lie in another installation (MAIN_APP_URL); it cannot advance."
            )
        DemoAccount.objects.filter(pk=account.pk).update(advance_days=days, heartbeat_at=None)
        return _started(account, dispatch)


def _lives_elsewhere(account: DemoAccount) -> bool:
    """Whether events were delivered and none of the latest is stored here; one may have been rejected."""
    told = StoryEvent.objects.filter(account=account, delivered_at__isnull=False, expired_at=None)
    latest = told.exclude(type=StoryEvent.Type.METRICS).order_by("-due_at", "-id")[:LATEST]
    ids = list(latest.values_list("platform_id", flat=True))
    own = {"profile__in": account.profiles, "platform_id__in": ids}
    stored = (model.objects.filter(**own).exists() for model in (Interaction, Content))
    return bool(ids) and not any(stored)


def plan_before_cleanup(user: User, now: datetime) -> None:
    """Plan the windows that a cleanup from a web request would plan; NotPossible while advancing, and for too many."""
    with alone(user) as account:
        if account.is_advancing:
            raise NotPossible("The demo is advancing; clean it up when it has arrived.")
        if account.state == State.ACTIVE:
            plan_what_is_open(account, now)


def plan_what_is_open(account: DemoAccount, now: datetime) -> None:
    """Plan what the old settings still decide; NotPossible when that is more than a web request should do.

    What the quotas bring is known before any of it is planned, which would be taken back; natural rhythm may bring more.
    """
    if quotas_of_open_windows(account, now) < MOST_EVENTS:
        plan_open_windows([account], now, MOST_EVENTS)
    if min(account.next_content_window, account.next_interactions_window) <= now:
        raise NotPossible("The demo is still catching up; try again in a moment.")


def _started(account: DemoAccount, dispatch: bool) -> Transition:
    account.refresh_from_db()
    if dispatch:
        transaction.on_commit(lambda: tasks.ask_for_turn(account.pk, account.turn))
    return Transition(account, started=True)
