"""Demos for operators: what state each is in, what it does next, and everything that can be done about it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import redis
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django_celery_beat.admin import CrontabScheduleAdmin, PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.models import CrontabSchedule, PeriodicTask, SolarSchedule
from kombu.exceptions import OperationalError as BrokerError

from accounts.amounts import amount
from accounts.asking import MOST_TOLD, ask, is_confirmed
from accounts.fields import readable_or_invalid
from accounts.models import User
from accounts.redis_client import reachable
from demo import lifecycle
from demo.clock import Clock
from demo.models import DemoAccount, State, StoryEvent
from demo.retention import Cleaned, clean_up, restore
from demo.retries import retry_dead
from demo.schedule_rows import problem_of
from demo.states import NotPossible, WrongOption
from interactions.admin import LargeTableAdmin, ReadOnlyAdmin, with_platform_id
from interactions.clock import now
from interactions.models import Content, Interaction

IS_GONE = "this demo is gone, with its user."
EXPIRIES = ("expires", "expire_seconds")
FIGURES = Q(type=StoryEvent.Type.METRICS)  # have an index of their own
LONGEST_ACTION = timedelta(seconds=20)  # after which a request begins with no further demo


def counted(rows: QuerySet, by: str, owner: str) -> Coalesce:
    """The number of `rows` whose field `by` is the account's `owner`, as a subquery."""
    own = rows.filter(**{by: OuterRef(owner)}).order_by().values(by).annotate(count=Count("pk"))
    return Coalesce(Subquery(own.values("count"), output_field=IntegerField()), 0)


SHOWN = {"is_demo": True, "deleted_at": None}
INBOUND = Interaction.objects.filter(direction="in", **SHOWN)
COUNTS = {
    "left": (
        StoryEvent.objects.undelivered_by_account().filter(origin=StoryEvent.Origin.INITIAL),
        "account",
        "pk",
    ),
    "dead": (StoryEvent.objects.filter(delivered_at=None, account__gt=0).dead(), "account", "pk"),
    "content": (Content.objects.filter(**SHOWN), "profile__owner", "user"),
    "comments": (INBOUND.filter(type="comment"), "profile__owner", "user"),
    "messages": (INBOUND.filter(type="message"), "profile__owner", "user"),
}


@admin.register(DemoAccount)
class DemoAccountAdmin(LargeTableAdmin):
    list_display = [
        *["user", "state", "last_error", "progress", "stored", "dead_events"],
        *["next_interactions", "next_content"],
    ]
    list_filter = ["state", "niche"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    readonly_fields = [
        *["user", "seed", "state", "platforms", "niche", "brand", "products", "language"],
        *["initial_content", "initial_comments", "initial_messages"],
        *["next_content_window", "next_interactions_window", "content_ordinal", "interactions_ordinal"],
        *["planned_at", "paused_at", "heartbeat_at", "last_error"],
    ]
    actions = [
        *["enable", "pause", "resume", "advance_a_day", "advance_a_week", "retry_dead_events"],
        *["count_what_cleanup_would_hide", "clean_up", "restore", "reset", "disable"],
    ]

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def get_queryset(self, request) -> QuerySet[DemoAccount]:
        rows = super().get_queryset(request)
        return rows.annotate(**{f"{name}_count": counted(*what) for name, what in COUNTS.items()})

    @admin.display(description="initial batch")
    def progress(self, account: DemoAccount) -> str:
        if account.state == State.OFF:
            return "-"
        quota = account.initial_quota
        total = quota.content + quota.comments + quota.messages
        return f"{total - account.left_count if account.planned_at else 0:,} of {total:,}"

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
        """Settings count from the next window on, as they do when the user changes them."""
        lifecycle.change_settings(
            obj.user, now(), {name: form.cleaned_data[name] for name in form.changed_data}
        )

    def changeform_view(self, request, *args, **kwargs) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (NotPossible, WrongOption) as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(request.get_full_path())
        except DemoAccount.DoesNotExist:
            self.message_user(request, IS_GONE.capitalize(), messages.ERROR)
            return redirect("admin:demo_demoaccount_changelist")

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request, queryset) -> None:
        self._each(request, queryset, "enabled", lambda user: lifecycle.enable(user, now()))

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request, queryset) -> None:
        self._each(request, queryset, "paused", lambda user: lifecycle.pause(user, now()))

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request, queryset) -> None:
        self._each(request, queryset, "resuming", lambda user: lifecycle.resume(user, now()))

    @admin.action(description="Advance by a day", permissions=["change"])
    def advance_a_day(self, request, queryset) -> None:
        self._each(request, queryset, "advancing by a day", lambda user: lifecycle.advance(user, 1, now()))

    @admin.action(description="Advance by a week", permissions=["change"])
    def advance_a_week(self, request, queryset) -> None:
        self._each(request, queryset, "advancing by a week", lambda user: lifecycle.advance(user, 7, now()))

    @admin.action(description="Retry dead events", permissions=["change"])
    def retry_dead_events(self, request, queryset) -> None:
        dead = StoryEvent.objects.filter(account__in=queryset.values("pk"))
        self.message_user(request, _retried(retry_dead(dead)))

    @admin.action(
        description="Clean up (dry run): count what is older than its retention", permissions=["change"]
    )
    def count_what_cleanup_would_hide(self, request, queryset) -> None:
        cleaned = self._clean(request, queryset, dry_run=True)
        self.message_user(request, f"Would be hidden: {cleaned}. Nothing was.")
        self._say_failed(request, cleaned)

    @admin.action(description="Clean up: hide what is older than its retention", permissions=["change"])
    def clean_up(self, request, queryset) -> HttpResponse | None:
        cleaned = self._clean(request, queryset, dry_run=not is_confirmed(request))
        if not is_confirmed(request):
            return self._ask(request, queryset, "clean_up", f"Hide {cleaned}?")
        self.message_user(request, f"Hidden: {cleaned}.")
        self._say_failed(request, cleaned)

    @admin.action(description="Restore what cleanup has hidden in the last week", permissions=["change"])
    def restore(self, request, queryset) -> None:
        restored, refused = [], []
        for account in self._in_time(request, queryset):
            try:
                restored.append(_of(account, f"restored {restore(account)}."))
            except NotPossible as error:
                refused.append(_of(account, error))
        self._tell(request, restored, messages.INFO)
        self._tell(request, refused, messages.WARNING)

    @admin.action(description="Reset: delete and tell the same story again", permissions=["change"])
    def reset(self, request, queryset) -> HttpResponse | None:
        if not is_confirmed(request):
            return self._ask(request, queryset, "reset", "Delete these demos and tell their stories again?")
        self._each(request, queryset, "being reset", lifecycle.reset)

    @admin.action(description="Disable: delete everything of the demo", permissions=["change"])
    def disable(self, request, queryset) -> HttpResponse | None:
        if not is_confirmed(request):
            return self._ask(request, queryset, "disable", "Delete everything of these demos?")
        self._each(request, queryset, "being disabled", lifecycle.disable)

    def _clean(self, request, queryset, *, dry_run: bool) -> Cleaned:
        """Clean up one by one the demos that have little to be planned first; of the others say why not."""
        cleaned, refused = Cleaned(), []
        for account in self._in_time(request, queryset):
            moment = now()
            try:
                lifecycle.plan_before_cleanup(account.user, moment)
            except NotPossible as error:
                refused.append(_of(account, error))
                continue
            except DemoAccount.DoesNotExist:
                refused.append(_of(account, IS_GONE))
                continue
            cleaned += clean_up(moment, accounts=[account.pk], dry_run=dry_run)
        self._tell(request, refused, messages.WARNING)
        return cleaned

    def _in_time(self, request, queryset) -> Iterator[DemoAccount]:
        """The accounts one by one until the request has taken long enough; then the operator learns how many are left."""
        accounts, clock = list(_plain(queryset)), Clock(now())
        for place, account in enumerate(accounts):
            if clock.elapsed >= LONGEST_ACTION:
                left = len(accounts) - place
                sentence = (
                    f"There was no time for {amount(left, 'demo')}; choose what is left and do it again."
                )
                self.message_user(request, sentence, messages.WARNING)
                return
            yield account

    def _say_failed(self, request, cleaned: Cleaned) -> None:
        if cleaned.failed:
            sentence = f"{amount(cleaned.failed, 'demo')} could not be cleaned up; the log says why."
            self.message_user(request, sentence, messages.ERROR)

    def _ask(self, request, queryset, action: str, question: str) -> HttpResponse:
        chosen = {account.pk: f"{account.user} ({account.state})" for account in _plain(queryset)}
        return ask(self, request, action, question, chosen)

    def _each(
        self, request: HttpRequest, queryset, done: str, act: Callable[[User], lifecycle.Transition]
    ) -> None:
        """Do something to each account and report how many it was done to, and why not to the others."""
        started, refused = 0, []
        for account in self._in_time(request, queryset):
            try:
                started += act(account.user).started
            except (NotPossible, WrongOption) as error:
                refused.append(_of(account, error))
            except DemoAccount.DoesNotExist:
                refused.append(_of(account, IS_GONE))
        others = len(_ids(queryset)) - started
        if started:
            left = f", {others} left as before" if others else ""
            self.message_user(request, f"{amount(started, 'demo')} {done}{left}.")
        elif others:
            self.message_user(request, f"{amount(others, 'demo')} left as before.", messages.WARNING)
        self._tell(request, refused, messages.WARNING)

    def _tell(self, request: HttpRequest, sentences: list[str], level: int) -> None:
        """What is to be said of single demos, or of as many as a page should hold."""
        for sentence in sentences[:MOST_TOLD]:
            self.message_user(request, sentence, level)
        if (more := len(sentences) - MOST_TOLD) > 0:
            self.message_user(request, f"and so on, for {more} more.", level)


def _ids(queryset: QuerySet[DemoAccount]) -> list[int]:
    return list(queryset.values_list("pk", flat=True))


def _plain(queryset: QuerySet[DemoAccount]) -> QuerySet[DemoAccount]:
    """The accounts without the counts of the list, which cost more than what is done to them."""
    return DemoAccount.objects.filter(pk__in=_ids(queryset)).select_related("user").order_by("-pk")


def _short(moment: datetime | None) -> str:
    return f"{moment:%d %b %H:%M}" if moment else "-"


def _of(account: DemoAccount, what: object) -> SafeString:
    """What is said of one demo. The name stands in an element: Django makes a capital of the first letter otherwise."""
    return format_html("<bdi>{}</bdi>: {}", account.user, str(what))


def _retried(number: int) -> str:
    if not number:
        return "There was no dead event to deliver again."
    return f"{amount(number, 'dead event')} will be delivered again."


class Standing(admin.SimpleListFilter):
    """Where in its life an event is; unless asked otherwise, those that are still to come and not held by a pause."""

    title = "standing"
    parameter_name = "standing"
    WAITING = "waiting"
    TITLES = {
        "due": "Story events that are due now",
        "held": "Story events that a pause holds",
        "delivered": "Delivered story events",
        "dead": "Dead story events",
        "any": "All story events",
    }
    OTHERWISE = "Story events that are still to come; choose others under “By standing”"
    PAST = {"delivered": Q(delivered_at__isnull=False), "dead": Q(dead_at__isnull=False), "any": Q()}

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("due", "due now"), ("held", "held"), *((name, name) for name in self.PAST)]

    def choices(self, changelist) -> Iterator[dict]:
        everything, *others = super().choices(changelist)
        yield everything | {"display": self.WAITING}
        yield from others

    def queryset(self, request, queryset):
        if self.value() in self.PAST:
            return queryset.filter(self.PAST[self.value()])
        if self.value() == "due":
            return queryset.due(now())
        return queryset.undelivered().filter(held=self.value() == "held")


@admin.register(StoryEvent)
class StoryEventAdmin(ReadOnlyAdmin):
    list_display = [
        *["due_at", "words", "type", "account", "last_error", "attempts"],
        *["origin", "delivered_at", "dead_at"],
    ]
    list_filter = [Standing, "type", "origin"]
    list_select_related = ["account__user"]
    search_fields = ["platform_id__exact"]
    search_help_text = "A user's exact name, or an event's exact id."
    actions = ["retry"]

    def get_changelist_instance(self, request) -> ChangeList:
        """With a title that says which events are shown, as an old story has none that are still to come."""
        changelist = super().get_changelist_instance(request)
        standing = request.GET.get(Standing.parameter_name, "")
        changelist.title = Standing.TITLES.get(standing, Standing.OTHERWISE)
        return changelist

    def get_ordering(self, request) -> list[str]:
        """What comes next first; of the past the newest first, by the index that covers it."""
        past = request.GET.get(Standing.parameter_name) in Standing.PAST
        return ["-pk"] if past else ["due_at", "pk"]

    def get_search_results(self, request, queryset, search_term: str) -> tuple[QuerySet, bool]:
        if accounts := list(DemoAccount.objects.filter(user__username=search_term.strip())):
            return queryset.filter(account__in=accounts), False
        if words := search_term.strip():
            return queryset.filter(pk__in=with_platform_id(StoryEvent, words, (~FIGURES, FIGURES))), False
        return queryset, False

    @admin.display(description="text")
    def words(self, event: StoryEvent) -> str:
        text = event.payload.get("text") if isinstance(event.payload, dict) else None
        return Truncator(str(text or event.payload)).chars(60)

    def has_retry_permission(self, request) -> bool:
        return request.user.has_perm("demo.change_demoaccount")

    @admin.action(description="Retry dead events", permissions=["retry"])
    def retry(self, request, queryset) -> None:
        self.message_user(request, _retried(retry_dead(queryset)))


def _readable(crontab: CrontabSchedule) -> str:
    """The crontab in words, or as it is written when nobody can read it."""
    try:
        return crontab.human_readable
    except Exception:  # whatever the libraries make of what an operator typed
        return str(crontab)


def _problem(task: PeriodicTask) -> str:
    """`problem_of`, computed once for the columns of a row."""
    if not hasattr(task, "_problem"):
        task._problem = problem_of(task)
    return task._problem


admin.site.unregister([PeriodicTask, CrontabSchedule, SolarSchedule])


@admin.register(CrontabSchedule)
class CrontabAdmin(CrontabScheduleAdmin):
    """django-celery-beat's, where what cannot be read is shown as it is written."""

    list_display = ["__str__", "in_words"]
    fields = ["in_words", "minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone"]
    readonly_fields = ["in_words"]

    @admin.display(description="in words")
    def in_words(self, crontab: CrontabSchedule) -> str:
        return _readable(crontab)


class ScheduleForm(PeriodicTaskForm):
    """django-celery-beat's, which takes any name, and more than a wrong letter for no JSON."""

    def clean_name(self) -> str:
        longest = PeriodicTask._meta.get_field("name").max_length
        return readable_or_invalid(self.cleaned_data["name"], longest, "name")

    def clean(self) -> dict:
        """Where the task's own field has failed, without django-celery-beat's look at it."""
        if "task" in self.errors:
            return super(PeriodicTaskForm, self).clean()
        return super().clean()

    def _clean_json(self, field: str) -> str:
        try:
            return super()._clean_json(field)
        except (RecursionError, TypeError, KeyError):  # nested too deeply, or a type that kombu does not know
            raise ValidationError(
                "This cannot be read as JSON; write less of it, such as [] or {}."
            ) from None

    def clean_headers(self) -> str:
        return self._clean_json("headers") if self.cleaned_data["headers"] else "{}"


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):
    """django-celery-beat's, with the next run beside the last, and with what keeps beat from running a row."""

    form = ScheduleForm
    change_form_template = None
    list_display = ["name", "state", "timing", "last_run_at", "next_run", "total_run_count"]

    def get_fieldsets(self, request, obj=None) -> list[tuple[str | None, dict]]:
        """Without the expiries, which beat leaves out of its messages (config/beat.py).

        A solar schedule needs a library that is not installed: only a row that has one shows it, to be emptied.
        """
        left_out = EXPIRIES if obj and obj.solar_id else (*EXPIRIES, "solar")
        return [
            (title, options | {"fields": [name for name in options["fields"] if name not in left_out]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Without all crontabs in words, for a script that the content security policy keeps from running."""
        return super(PeriodicTaskAdmin, self).changeform_view(request, object_id, form_url, extra_context)

    @admin.display(description="crontab translation")
    def crontab_translation(self, task: PeriodicTask) -> str:
        return _readable(task.crontab) if task.crontab else "-"

    @admin.action(description="Run selected tasks", permissions=["change"])
    def run_tasks(self, request, queryset) -> None:
        broken = {task.name: problem for task in queryset if (problem := _problem(task))}
        if broken:
            reasons = " ".join(f"{name}: {problem}" for name, problem in broken.items())
            self.message_user(request, f"Nothing was run. {reasons}", messages.ERROR)
            return
        try:
            with reachable():
                super().run_tasks(request, queryset)
        except (BrokerError, redis.ConnectionError):
            self.message_user(request, "No broker takes the tasks just now; try again.", messages.ERROR)

    @admin.display(description="state", ordering="enabled")
    def state(self, task: PeriodicTask) -> str:
        problem = _problem(task)
        return f"broken: {problem}" if problem else "on" if task.enabled else "off"

    @admin.display(description="schedule")
    def timing(self, task: PeriodicTask) -> str:
        try:
            return str(task.scheduler)
        except Exception:  # whatever an operator typed; `state` has the reason
            return "-"

    @admin.display(description="next run")
    def next_run(self, task: PeriodicTask):
        if not task.enabled or _problem(task):
            return None
        moment = timezone.now()
        due = moment + task.schedule.remaining_estimate(task.last_run_at or moment)
        return (due + timedelta(milliseconds=500)).replace(microsecond=0)
