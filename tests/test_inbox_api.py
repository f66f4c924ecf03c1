"""The inbox over REST: stable pages, filters, replies, summaries, signing secrets."""

import base64
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import Profile
from demo.lifecycle import pending_work, transitions
from interactions import replies
from interactions.api.views import ProfileViewSet
from interactions.models import Content, Interaction, Thread
from interactions.signing import sign
from interactions.threads.decisions import decide
from interactions.threads.hiding import set_hidden
from tests.world import DAY, NOW, demo_of, event, send

JSON = "application/json"


def post(client: Client, path: str, **body):
    return client.post(f"/api/v1/{path}", body, content_type=JSON)


def pages(client: Client, path: str, direction: str = "next") -> list[list[int]]:
    """Return the ids of every page from that URL on."""
    found = []
    while path:
        body = client.get(path).json()
        found.append([row["id"] for row in body["results"]])
        path = body[direction]
    return found


def comments(profile: Profile, *names: str, at=NOW - DAY) -> list[int]:
    """Create comments posted at the same time; return their ids."""
    results = send(profile, *(event("comment.created", name, at.isoformat()) for name in names))
    return [result.id for result in results]


def test_pages_do_not_shift_while_newer_older_and_equal_rows_arrive(page, live):
    first = comments(live, *(f"c{n:02}" for n in range(30)))
    path = "/api/v1/interactions/?page_size=10&type=comment"
    one = page.get(path).json()
    comments(live, "newer", at=NOW)
    comments(live, "older", at=NOW - 2 * DAY)
    comments(live, *(f"equal-{n}" for n in range(5)))
    rest = [id for ids in pages(page, one["next"]) for id in ids]
    seen = [row["id"] for row in one["results"]] + rest
    assert [id for id in seen if id in first] == first[::-1]
    assert len(seen) == len(set(seen))


def test_previous_returns_the_same_pages_and_then_newer_rows(page, live):
    comments(live, *(f"c{n:02}" for n in range(25)))
    forward = pages(page, "/api/v1/interactions/?page_size=10")
    last = page.get("/api/v1/interactions/?page_size=10").json()
    while last["next"]:
        last = page.get(last["next"]).json()
    [new] = comments(live, "newer", at=NOW)
    back = pages(page, last["previous"], "previous")
    assert back[:-1] == forward[1::-1]
    assert back[-1] == [new]


def encoded(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


TIME = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "cursor",
    [
        *("nonsense", "%00", encoded(), encoded(1, 2, 3), encoded(1, None, 0), encoded("1", TIME, 0)),
        *(encoded(-1, TIME, 0), encoded(2**63, TIME, 0), encoded(1, TIME, 7), encoded(1, "today", 0)),
        *(encoded(1, "9999-12-31T23:59:59-23:59", 0), encoded(1, "0001-01-01T00:00:00+23:59", 1)),
    ],
)
def test_an_invalid_cursor_is_400_with_a_hint(page, cursor):
    answer = page.get(f"/api/v1/interactions/?cursor={cursor}")
    assert (answer.status_code, "Use `next`" in answer.json()["detail"]) == (400, True)


def test_a_cursor_is_valid_only_for_its_kind_of_list_and_in_any_time_offset(page, live):
    shifted = encoded(1, "2026-03-02T00:00:00+23:59", 0)
    assert page.get(f"/api/v1/interactions/?cursor={shifted}").status_code == 200
    assert page.get(f"/api/v1/profiles/?cursor={shifted}").status_code == 400
    assert page.get(f"/api/v1/profiles/?cursor={encoded(live.pk + 1, None, 0)}").json()["results"]


def test_every_filter_selects_exactly_its_rows(page, alice, live):
    demo_of(alice, size="small", platforms=["instagram", "youtube"])
    rows = Interaction.objects
    chosen = list(rows.filter(is_demo=True)[:5])
    rows.filter(pk__in=[row.pk for row in chosen]).update(sentiment="positive")
    decide({row.thread_id for row in chosen}, "archived", NOW)
    set_hidden([rows.filter(is_demo=True, type="comment").last().pk], True, NOW)
    author = rows.filter(type="message", direction="in").first().author_id
    rows.filter(pk__in=[row.pk for row in rows.filter(type="comment")[:3]]).update(author_id=author)
    post = Content.objects.filter(is_demo=True).first()
    middle = rows.filter(is_demo=True).order_by("posted_at")[100].posted_at
    word = rows.filter(is_demo=True).first().text.split()[0]
    filters = {
        f"profile={live.pk}": {"profile": live},
        "platform=youtube": {"profile__platform": "youtube"},
        "type=message": {"type": "message"},
        f"content={post.pk}": {"content": post},
        "status=archived": {"thread__status": "archived", "hidden_at": None},
        "status=hidden": {"hidden_at__isnull": False},
        "direction=out": {"direction": "out"},
        f"author={author}": {"author_id": author},
        f"author={author}&type=comment&platform=instagram": {
            "author_id": author,
            "type": "comment",
            "profile__platform": "instagram",
        },
        f"author={author}&search={word}": {"author_id": author, "text__icontains": word},
        "author=nobody": {"author_id": "nobody"},
        "is_demo=false": {"is_demo": False},
        "sentiment=positive": {"sentiment": "positive"},
        f"search={word.upper()}": {"text__icontains": word},
        f"posted_after={middle.isoformat().replace('+', '%2B')}": {"posted_at__gte": middle},
        f"posted_before={middle.isoformat().replace('+', '%2B')}": {"posted_at__lt": middle},
        "platform=youtube&type=comment&status=new": {
            "profile__platform": "youtube",
            "type": "comment",
            "thread__status": "open",
            "hidden_at": None,
        },
    }
    for query, lookups in filters.items():
        expected = list(rows.filter(**lookups).order_by("-posted_at", "-id").values_list("pk", flat=True))
        found = [id for ids in pages(page, f"/api/v1/interactions/?page_size=200&{query}") for id in ids]
        assert found == expected, query


@pytest.mark.parametrize(
    ("text", "words"), [("CAFÉ Ñandú", "café ñ"), ("Ελλάδα", "ΕΛΛΆΔ"), ("100 % \\o_o/", "% \\O_O")]
)
def test_search_ignores_case_whatever_the_databases_locale(page, live, text, words):
    send(live, event("comment.created", "found", text=text), event("comment.created", "other", text="a x o"))
    found = page.get("/api/v1/interactions/", {"search": words}).json()["results"]
    assert [row["platform_id"] for row in found] == ["found"]


@pytest.mark.parametrize(
    "query", ["platform=x", "profile=0", "content=99999999999999999999", "search=nowhere"]
)
def test_a_filter_without_matches_returns_an_empty_page(page, live, query):
    assert page.get(f"/api/v1/interactions/?{query}").json() == {
        "next": None,
        "previous": None,
        "results": [],
    }


@pytest.mark.parametrize(
    "query",
    [
        "type=letter",
        "platform=myspace",
        "profile=x",
        "content=1.5",
        "posted_after=soon",
        "status=burnt",
        "is_demo=zz",
        "author=" + 256 * "x",
    ],
)
def test_an_invalid_filter_is_400_and_named(page, query):
    answer = page.get(f"/api/v1/interactions/?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.split("=")[0]])


@pytest.mark.parametrize("size", ["0", "-1", "201", "abc", "9" * 5_000])
def test_a_page_size_out_of_range_is_400(page, size):
    answer = page.get(f"/api/v1/interactions/?page_size={size}")
    assert (answer.status_code, "from 1 to 200" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", ["comment", "message"])
def test_a_reply_is_an_outbound_row_queued_to_be_sent(page, live, name, slash):
    answered = Interaction.objects.get(platform_id=name)
    answer = post(page, f"interactions/{answered.pk}/reply{slash}", text="Thank you!")
    row = answer.json()
    assert answer.status_code == 201
    assert {key: row[key] for key in ("parent", "profile", "content", "type", "text", "conversation_id")} == {
        "parent": answered.pk,
        "profile": live.pk,
        "content": answered.content_id,
        "type": answered.type,
        "text": "Thank you!",
        "conversation_id": answered.conversation_id,
    }
    assert (row["direction"], row["send_status"], row["is_demo"]) == ("out", "queued", False)
    assert row["author"] == {"id": "live-1", "handle": "alice", "name": ""}
    assert page.get("/api/v1/interactions/").json()["results"][0] == row


@pytest.mark.parametrize("text", ["", "   ", "x" * 65_537, "a\x00b", "\ud800", None, {}])
def test_an_invalid_reply_is_400_and_stores_nothing(page, live, text):
    answered = Interaction.objects.get(platform_id="comment")
    before = Interaction.objects.count()
    assert post(page, f"interactions/{answered.pk}/reply/", text=text).status_code == 400
    assert Interaction.objects.count() == before


def test_replies_to_deleted_rows_or_another_users_rows_are_404(page, client, live, bob):
    answered = Interaction.objects.get(platform_id="comment")
    page.force_login(bob)
    assert post(page, f"interactions/{answered.pk}/reply/", text="hello").status_code == 404
    page.force_login(live.owner)
    send(live, event("comment.deleted", "comment", NOW.isoformat()))
    assert post(page, f"interactions/{answered.pk}/reply/", text="hello").status_code == 404
    with pytest.raises(Interaction.DoesNotExist):  # read before it was deleted
        replies.store_reply(answered, "hello", NOW)
    assert Interaction.objects.filter(direction="out").count() == 0


def test_replies_in_a_demo_change_no_later_event_and_are_deleted_with_it(page, alice, live):
    account = demo_of(alice)
    row = Interaction.objects.filter(is_demo=True).first()
    assert post(page, f"interactions/{row.pk}/reply/", text="hello").json()["is_demo"] is True
    transitions.disable(alice, request_worker=False)
    pending_work.run_to_completion(account.pk, NOW)
    assert not Interaction.objects.filter(is_demo=True).exists()
    assert Interaction.objects.count() == 2


def recount(client: Client, query: str) -> dict:
    """Return the expected summary, counted from the lists."""
    path, rows = f"/api/v1/interactions/?page_size=200&{query}", []
    while path:
        body = client.get(path).json()
        rows, path = rows + body["results"], body["next"]
    days = Counter(row["posted_at"][:10] for row in rows)
    return {
        "interactions": len(rows),
        "by_day": [{"day": day, "interactions": days[day]} for day in sorted(days)],
        **{
            f"by_{name}": Counter(row[name] for row in rows)
            for name in ("platform", "type", "status", "direction")
        },
    }


@pytest.mark.parametrize(
    ("mode", "query"), [("live", "is_demo=false"), ("demo", "is_demo=true"), ("all", "")]
)
def test_the_summary_equals_a_recount_of_the_lists(page, alice, live, bob, mode, query):
    demo_of(alice, size="small")
    demo_of(bob)
    answered = Interaction.objects.filter(is_demo=True, profile__owner=alice).first()
    post(page, f"interactions/{answered.pk}/reply/", text="hello")
    decide(Thread.objects.filter(profile=live, kind="message").values_list("pk", flat=True), "archived", NOW)
    summary = page.get(f"/api/v1/analytics/summary/?mode={mode}").json()
    for name, expected in recount(page, query).items():
        found = summary[name]
        assert ({key: n for key, n in found.items() if n} if isinstance(found, dict) else found) == expected
    posts = Content.objects.filter(profile__owner=alice)
    assert (
        summary["content"]
        == {"live": 1, "demo": 10, "all": 11}[mode]
        == (posts.count() if mode == "all" else posts.filter(is_demo=mode == "demo").count())
    )


def test_the_summary_counts_live_rows_of_the_requested_days(page, live):
    for day in range(1, 6):
        comments(live, f"d{day}", at=datetime(2026, 3, day, 23, 59, 59, tzinfo=UTC))
    found = page.get("/api/v1/analytics/summary?from=2026-03-02&to=2026-03-04").json()
    assert [day["day"] for day in found["by_day"]] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert (found["mode"], found["from"], found["to"]) == (
        "live",
        "2026-03-02T00:00:00Z",
        "2026-03-05T00:00:00Z",
    )
    exact = page.get("/api/v1/analytics/summary?from=2026-03-02T23:59:59Z&to=2026-03-04T23:59:59Z").json()
    assert [day["day"] for day in exact["by_day"]] == ["2026-03-02", "2026-03-03"]


@pytest.mark.parametrize(
    "query",
    ["mode=both", "from=yesterday", "to=2026-02-30", "from=2026-03-01T00:00", "to=9999-12-31", "from=%00"],
)
def test_an_invalid_period_is_400_and_named(page, query):
    answer = page.get(f"/api/v1/analytics/summary/?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.split("=")[0]])


def test_the_summarys_query_count_is_constant(page, alice, live, django_assert_num_queries):
    demo_of(alice)
    with django_assert_num_queries(4):
        page.get("/api/v1/analytics/summary/?mode=all")


def signed(client: Client, profile: Profile, secret: str) -> int:
    body = b'{"type": "events", "data": {"events": []}}'
    headers = sign(secret, "msg_1", int(time.time()), body)
    return client.post(
        f"/api/v1/webhooks/profiles/{profile.uuid}/", body, content_type=JSON, headers=headers
    ).status_code


def test_a_rotated_secret_is_shown_once_and_the_previous_one_stays_valid_until_the_next(page, live):
    first = live.webhook_secret
    second = post(page, f"profiles/{live.pk}/rotate-secret/").json()["webhook_secret"]
    assert [signed(page, live, secret) for secret in (first, second)] == [200, 200]
    third = post(page, f"profiles/{live.pk}/rotate-secret").json()["webhook_secret"]
    assert [signed(page, live, secret) for secret in (first, second, third)] == [401, 200, 200]
    fourth = post(page, f"profiles/{live.pk}/rotate-secret/", keep_previous=False).json()["webhook_secret"]
    assert [signed(page, live, secret) for secret in (second, third, fourth)] == [401, 401, 200]
    shown = page.get(f"/api/v1/profiles/{live.pk}/").content.decode()
    assert "whsec" not in shown


def test_simultaneous_rotations_run_one_after_the_other(live):
    seen_before = Profile.objects.get(pk=live.pk)
    first, second = live.rotate_secret(), seen_before.rotate_secret()
    assert Profile.objects.get(pk=live.pk).webhook_secrets == (second, first)


def test_rotating_the_secret_of_a_profile_that_was_just_deleted_is_404(page, live, monkeypatch):
    monkeypatch.setattr(ProfileViewSet, "get_object", lambda self: Profile(pk=0))
    assert post(page, f"profiles/{live.pk}/rotate-secret/").status_code == 404


def test_another_users_secret_is_not_rotated(page, live, bob):
    page.force_login(bob)
    assert post(page, f"profiles/{live.pk}/rotate-secret/").status_code == 404
    assert Profile.objects.get().webhook_secret == live.webhook_secret


def test_after_sixty_invalid_signatures_a_minute_only_that_profile_is_throttled(client, live):
    other = Profile.objects.create(owner=live.owner, platform="x", platform_id="other", handle="other")
    wrong = other.webhook_secret
    assert [signed(client, live, wrong) for _ in range(61)] == [401] * 60 + [429]
    assert signed(client, live, live.webhook_secret) == 429
    assert signed(client, other, other.webhook_secret) == 200


def test_profiles_are_listed_newest_first_page_by_page(page, alice):
    ids = [
        Profile.objects.create(owner=alice, platform="x", platform_id=str(n), handle=str(n)).pk
        for n in range(5)
    ]
    assert pages(page, "/api/v1/profiles/?page_size=2") == [ids[4:2:-1], ids[2:0:-1], ids[:1]]


@pytest.mark.parametrize(
    ("query", "code"), [("2026-03-01T00:00:00-16:08", 200), ("0001-01-01T00:00:00%2B10:00", 400)]
)
def test_times_in_any_offset_are_accepted_or_refused(page, live, query, code):
    assert page.get(f"/api/v1/interactions/?posted_after={query}").status_code == code


def test_posted_times_are_filtered_to_the_microsecond(page, live):
    at = NOW - timedelta(microseconds=1)
    [id] = comments(live, "exact", at=at)
    query = at.isoformat().replace("+", "%2B")
    assert pages(page, f"/api/v1/interactions/?posted_after={query}") == [[id]]


def test_a_reply_is_dated_by_the_databases_clock(page, live, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW.replace(year=2020))
    row = Interaction.objects.get(platform_id="comment")
    answer = page.post(
        f"/api/v1/interactions/{row.pk}/reply/", {"text": "thanks"}, content_type="application/json"
    )
    assert answer.json()["posted_at"][:4] == str(datetime.now(UTC).year)
