"""Every filter of the list of threads, and threads of which each selects some; called by the tests of the list and of its export."""

from datetime import datetime

import pytest
from django.db.models import Count

from accounts.models import Profile
from interactions.models import Interaction, Label, Thread
from interactions.threads.decisions import decide, mark_read
from tests.world import HOUR, NOW, at, demo_of


@pytest.fixture
def threads_in_every_state(alice, live) -> None:
    """Alice's demo on two platforms and her live profile, with threads in every state."""
    demo_of(alice, size="small", platforms=["instagram", "youtube"])
    ids = list(Thread.objects.shown().order_by("pk").values_list("pk", flat=True))
    for number, status in enumerate(("open", "snoozed", "done", "archived")):
        until = NOW + HOUR if status == "snoozed" else None
        decide(ids[number : 60 + number : 5], status, NOW, until=until)
    mark_read(ids[100:140], NOW)
    for number, sentiment in enumerate(("positive", "negative", "neutral")):
        chosen = ids[number::7]
        Interaction.objects.filter(thread__in=chosen).update(sentiment=sentiment)
        Thread.objects.filter(pk__in=chosen).update(sentiment=sentiment)
    for name, chosen in {"Urgent": ids[::9], "question": ids[::4]}.items():
        for one in Profile.objects.all():
            label = Label.objects.create(profile=one, is_demo=one.is_demo, name=name)
            for labelled in Thread.objects.filter(profile=one, pk__in=chosen):
                labelled.label_ids = sorted([*labelled.label_ids, label.pk])
                labelled.save()


def every_filter(live: Profile) -> dict[str, dict]:
    """Queries, and what they mean."""
    middle = Thread.objects.shown().order_by("active_at")[80].active_at
    posts = Thread.objects.shown().filter(is_demo=True).exclude(content=None).values_list("content")
    [post, _] = posts.annotate(number=Count("pk")).order_by("-number", "content").first()
    word = Interaction.objects.filter(is_demo=True, type="comment").first().text.split()[0].lower()
    queries = {
        "": {},
        "kind=message": {"kind": "message"},
        **{f"platform={one}": {"platform": one} for one in ("youtube", "instagram")},
        f"profile={live.pk}": {"profile": live.pk},
        f"content={post}": {"content": post},
        **{f"status={one}": {"status": one} for one in ("open", "snoozed", "done", "archived")},
        "status=new": {"status": "open"},
        "unread=true": {"unread": True},
        "unread=false": {"unread": False},
        "sentiment=negative": {"sentiment": "negative"},
        "label=uRGent": {"label": "Urgent"},
        "label=%20question": {"label": "question"},
        "is_demo=false": {"is_demo": False},
        f"search={word.upper()}": {"search": word},
        f"active_after={encoded(middle)}": {"active_after": middle},
        f"active_before={encoded(middle)}": {"active_before": middle},
    }
    combinations = [
        ("platform=youtube", "kind=message"),
        ("platform=youtube", "status=new", "unread=true"),
        ("sentiment=negative", "status=archived"),
        ("sentiment=negative", f"content={post}"),
        ("label=uRGent", "status=done", "is_demo=false"),
        ("label=uRGent", "unread=true", f"active_after={encoded(middle)}"),
        ("label=uRGent", "sentiment=negative"),
        (f"search={word.upper()}", "label=uRGent", "unread=true"),
        (f"search={word.upper()}", "platform=instagram", f"active_before={encoded(middle)}"),
        (f"content={post}", "status=open", "unread=true"),
        (f"content={post}", "kind=message"),
        (f"content={post}", f"profile={live.pk}"),
    ]
    for some in combinations:
        wanted = {name: value for one in some for name, value in queries[one].items()}
        queries["&".join(some)] = wanted
    return queries


def encoded(moment: datetime) -> str:
    return at(moment).replace("+", "%2B")


def matches(one: Thread, names: dict[int, str], **wanted) -> bool:
    """Whether the thread has these values; a plain recount of the filters. `names` are those of labels."""
    texts = [found.text.lower() for found in one.rows.all() if found.deleted_at is None]
    rules = {
        "platform": lambda value: one.profile.platform == value,
        "label": lambda value: value in [names[id] for id in one.label_ids],
        "search": lambda value: any(value in text for text in texts),
        "active_after": lambda value: one.active_at >= value,
        "active_before": lambda value: one.active_at < value,
        "content": lambda value: one.content_id == value,
        "profile": lambda value: one.profile_id == value,
    }
    return all(
        rules[name](value) if name in rules else getattr(one, name) == value for name, value in wanted.items()
    )
