"""The admin page of demo accounts: state, progress, next windows, and an action for each transition.

Imported by `demo/admin/__init__.py`. Actions call `demo.lifecycle.transitions` and `demo.engine.retention`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.confirmation import MAX_NAMES, confirmation_page, is_confirmed
from accounts.models import User
from accounts.plurals import pluralize
from demo.admin.story import retry_report
from demo.engine.clock import Clock
from demo.engine.retention import CleanupResult, clean_up, restore
from demo.engine.retries import retry_dead
from demo.exceptions import InvalidOption, InvalidState
from demo.lifecycle import transitions
from demo.models import DemoAccount, State, StoryEvent
from demo.models.account import NEXT_WINDOW_COLUMNS, ORDINAL_COLUMNS
from demo.windows import RESTORABLE_DAYS
from interactions.admin import LargeTableAdmin
from interactions.clock import now
from interactions.models import Content, Interaction

IS_DELETED = "this demo was deleted with its user."
MAX_ACTION_TIME = timedelta(seconds=20)  # after which a request starts no further demo


def counted(rows: QuerySet, by: str, owner: str) -> Coalesce:
    """A subquery with the number of `rows` whose field `by` equals the account's field `owner`."""
    counts = rows.filter(**{by: OuterRef(owner)}).order_by().values(by).annotate(count=Count("pk"))
    return Coalesce(Subquery(counts.values("count"), output_field=IntegerField()), 0)


INBOUND = Interaction.objects.visible().filter(is_demo=True, direction="in")
COUNTS = {
    "undelivered": (
        StoryEvent.objects.undelivered_by_account_index().filter(origin=StoryEvent.Origin.INITIAL),
        "account",
        "pk",
    ),
    "dead": (StoryEvent.objects.filter(delivered_at=None, account__gt=0).dead(), "account", "pk"),
    "content": (Content.objects.visible().filter(is_demo=True), "profile__owner", "user"),
    "comments": (INBOUND.filter(type="comment"), "profile__owner", "user"),
    "messages": (INBOUND.filter(type="message"), "profile__owner", "user"),
}


@admin.register(DemoAccount)
class DemoAccountAdmin(LargeTableAdmin):
    list_display = [
        "user",
        "state",
        "last_error",
        "progress",
        "stored",
        "dead_events",
        "next_interactions",
        "next_content",
    ]
    list_filter = ["state", "niche"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    readonly_fields = [
        "user",
        "seed",
        "state",
        "platforms",
        "niche",
        "brand",
        "products",
        "language",
        "initial_content",
        "initial_comments",
        "initial_messages",
        *NEXT_WINDOW_COLUMNS,
        *ORDINAL_COLUMNS,
        "planned_at",
        "paused_at",
        "heartbeat_at",
        "last_error",
    ]
    actions = [
        "enable",
        "pause",
        "resume",
        "advance_a_day",
        "advance_a_week",
        "retry_dead_events",
        "count_expired",
        "clean_up",
        "restore",
        "reset",
        "disable",
    ]

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def get_queryset(self, request) -> QuerySet[DemoAccount]:
        rows = super().get_queryset(request)
        return rows.annotate(**{f"{name}_count": counted(*arguments) for name, arguments in COUNTS.items()})

    @admin.display(description="initial batch")
    def progress(self, account: DemoAccount) -> str:
        if account.state == State.OFF:
            return "-"
        quota = account.initial_quota
        total = quota.content + quota.comments + quota.messages
        return f"{total - account.undelivered_count if account.planned_at else 0:,} of {total:,}"

    @admin.display(description="content / comments / messages")
    def stored(self, account: DemoAccount) -> str:
        return f"{account.content_count:,} / {account.comments_count:,} / {account.messages_count:,}"

    @admin.display(description="dead")
    def dead_events(self, account: DemoAccount) -> int:
        return account.dead_count

    @admin.display(description="next interactions (UTC)", ordering="next_interactions_window")
    def next_interactions(self, account: DemoAccount) -> str:
        return _short(account.next_interactions_window)

    @admin.display(description="next content (UTC)", ordering="next_content_window")
    def next_content(self, account: DemoAccount) -> str:
        return _short(account.next_content_window)

    def save_model(self, request, obj, form, change) -> None:
        """Change the settings as the page Settings does: for the windows that start from now on."""
        transitions.change_settings(
            obj.user, now(), {name: form.cleaned_data[name] for name in form.changed_data}
        )

    def changeform_view(self, request, *args, **kwargs) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (InvalidState, InvalidOption) as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(request.get_full_path())
        except DemoAccount.DoesNotExist:
            self.message_user(request, IS_DELETED.capitalize(), messages.ERROR)
            return redirect("admin:demo_demoaccount_changelist")

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request, queryset) -> None:
        self._each(request, queryset, "enabled", lambda user: transitions.enable(user, now()))

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request, queryset) -> None:
        self._each(request, queryset, "paused", lambda user: transitions.pause(user, now()))

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request, queryset) -> None:
        self._each(request, queryset, "resuming", lambda user: transitions.resume(user, now()))

    @admin.action(description="Advance by a day", permissions=["change"])
    def advance_a_day(self, request, queryset) -> None:
        self._each(request, queryset, "advancing by a day", lambda user: transitions.advance(user, 1, now()))

    @admin.action(description="Advance by a week", permissions=["change"])
    def advance_a_week(self, request, queryset) -> None:
        self._each(request, queryset, "advancing by a week", lambda user: transitions.advance(user, 7, now()))

    @admin.action(description="Retry dead events", permissions=["change"])
    def retry_dead_events(self, request, queryset) -> None:
        dead = StoryEvent.objects.filter(account__in=queryset.values("pk"))
        self.message_user(request, retry_report(retry_dead(dead)))

    @admin.action(
        description="Clean up (dry run): count rows older than the retention", permissions=["change"]
    )
    def count_expired(self, request, queryset) -> None:
        cleaned = self._clean(request, queryset, dry_run=True)
        self.message_user(request, f"Would expire: {cleaned}. Nothing was changed.")
        self._report_failed(request, cleaned)

    @admin.action(description="Clean up: expire rows older than the retention", permissions=["change"])
    def clean_up(self, request, queryset) -> HttpResponse | None:
        cleaned = self._clean(request, queryset, dry_run=not is_confirmed(request))
        if not is_confirmed(request):
            return self._ask(request, queryset, "clean_up", f"Expire {cleaned}?")
        self.message_user(request, f"Expired: {cleaned}.")
        self._report_failed(request, cleaned)

    @admin.action(
        description=f"Restore rows that expired in the last {RESTORABLE_DAYS} days", permissions=["change"]
    )
    def restore(self, request, queryset) -> None:
        restored, refused = [], []
        for account in self._in_time(request, queryset):
            try:
                restored.append(_about(account, f"restored {restore(account, now())}."))
            except InvalidState as error:
                refused.append(_about(account, error))
        self._report(request, restored, messages.INFO)
        self._report(request, refused, messages.WARNING)

    @admin.action(description="Reset: delete the demo and start the same story again", permissions=["change"])
    def reset(self, request, queryset) -> HttpResponse | None:
        if not is_confirmed(request):
            return self._ask(request, queryset, "reset", "Delete these demos and start their stories again?")
        self._each(request, queryset, "being reset", transitions.reset)

    @admin.action(description="Disable: delete all data of the demo", permissions=["change"])
    def disable(self, request, queryset) -> HttpResponse | None:
        if not is_confirmed(request):
            return self._ask(request, queryset, "disable", "Delete all data of these demos?")
        self._each(request, queryset, "being disabled", transitions.disable)

    def _clean(self, request, queryset, *, dry_run: bool) -> CleanupResult:
        """Clean up the demos one by one; report those that refuse it, such as those with many windows to plan first."""
        cleaned = CleanupResult()
        refused = []
        for account in self._in_time(request, queryset):
            moment = now()
            try:
                transitions.plan_before_cleanup(account.user, moment)
            except InvalidState as error:
                refused.append(_about(account, error))
                continue
            except DemoAccount.DoesNotExist:
                refused.append(_about(account, IS_DELETED))
                continue
            cleaned += clean_up(moment, accounts=[account.pk], dry_run=dry_run)
        self._report(request, refused, messages.WARNING)
        return cleaned

    def _in_time(self, request, queryset) -> Iterator[DemoAccount]:
        """The accounts one by one, until MAX_ACTION_TIME has passed; then report how many remain."""
        accounts = list(_without_counts(queryset))
        clock = Clock(now())
        for index, account in enumerate(accounts):
            if clock.elapsed >= MAX_ACTION_TIME:
                remaining = pluralize(len(accounts) - index, "demo")
                sentence = f"There was no time for {remaining}; select them and run the action again."
                self.message_user(request, sentence, messages.WARNING)
                return
            yield account

    def _report_failed(self, request, cleaned: CleanupResult) -> None:
        if cleaned.failed:
            sentence = f"{pluralize(cleaned.failed, 'demo')} could not be cleaned up; the log says why."
            self.message_user(request, sentence, messages.ERROR)

    def _ask(self, request, queryset, action: str, question: str) -> HttpResponse:
        names = {account.pk: f"{account.user} ({account.state})" for account in _without_counts(queryset)}
        return confirmation_page(self, request, action, question, names)

    def _each(
        self, request: HttpRequest, queryset, done: str, act: Callable[[User], transitions.Transition]
    ) -> None:
        """Call `act` for each account; report for how many it started something, and the refusals of the others."""
        started = 0
        refused = []
        for account in self._in_time(request, queryset):
            try:
                started += act(account.user).started
            except (InvalidState, InvalidOption) as error:
                refused.append(_about(account, error))
            except DemoAccount.DoesNotExist:
                refused.append(_about(account, IS_DELETED))
        unchanged = len(_ids(queryset)) - started
        if started:
            rest = f", {unchanged} unchanged" if unchanged else ""
            self.message_user(request, f"{pluralize(started, 'demo')} {done}{rest}.")
        elif unchanged:
            self.message_user(request, f"{pluralize(unchanged, 'demo')} unchanged.", messages.WARNING)
        self._report(request, refused, messages.WARNING)

    def _report(self, request: HttpRequest, sentences: list[str], level: int) -> None:
        """Show one message per sentence, at most MAX_NAMES of them."""
        for sentence in sentences[:MAX_NAMES]:
            self.message_user(request, sentence, level)
        if (more := len(sentences) - MAX_NAMES) > 0:
            self.message_user(request, f"The same applies to {more} more.", level)


def _ids(queryset: QuerySet[DemoAccount]) -> list[int]:
    return list(queryset.values_list("pk", flat=True))


def _without_counts(queryset: QuerySet[DemoAccount]) -> QuerySet[DemoAccount]:
    """The accounts without the counts of the list, whose queries are slower than the actions."""
    return DemoAccount.objects.filter(pk__in=_ids(queryset)).select_related("user").order_by("-pk")


def _short(moment: datetime | None) -> str:
    return f"{moment:%d %b %H:%M}" if moment else "-"


def _about(account: DemoAccount, sentence: object) -> SafeString:
    """The user's name and the sentence. The name is in an element, as Django capitalizes a message's first letter."""
    return format_html("<bdi>{}</bdi>: {}", account.user, str(sentence))
