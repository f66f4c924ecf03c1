"""The routes of the demo: its object, its switch and its settings."""

import pytest
from django.utils import timezone

from accounts.models import Profile
from demo.lifecycle import pending_work, transitions
from demo.models import DemoAccount
from interactions.models import Content, Interaction
from tests.world import NOW, demo_of, event, send

JSON = "application/json"


def test_never_enabled_is_off_with_the_defaults(page):
    body = page.get("/api/v1/demo/").json()
    assert body["state"] == "off"
    assert body["enabled_at"] is None
    assert body["settings"] == {
        "content_per_day": 2,
        "comments_per_window": 10,
        "messages_per_window": 5,
        "posting_hour": None,
        "time_zone": "UTC",
        "rhythm": "steady",
        "viral_spikes": True,
        "retention_days": 30,
    }
    assert list(body["next_runs"].items()) == [("content", None), ("interactions", None), ("cleanup", None)]
    assert not DemoAccount.objects.exists()


def test_the_demo_object_describes_an_active_demo(page, alice):
    demo_of(alice, size="full", seed=12)
    body = page.get("/api/v1/demo/").json()
    assert (body["state"], body["seed"], body["enabled_at"]) == ("active", 12, "2026-03-04T07:30:00Z")
    assert body["progress"] == {
        "content": {"done": 35, "total": 35},
        "comments": {"done": 920, "total": 920},
        "messages": {"done": 100, "total": 100},
        "dead": 0,
    }
    assert body["next_runs"]["interactions"] == "2026-03-04T18:00:00Z"
    assert body["next_runs"]["content"] == "2026-03-05T10:00:00Z"


@pytest.mark.django_db(transaction=True)
def test_enable_is_202_and_then_200_and_a_worker_finishes_it(page, alice):
    first = page.post("/api/v1/demo/enable/", {"seed": 3, "niche": "fashion"}, content_type=JSON)
    again = page.post("/api/v1/demo/enable", {"seed": 4}, content_type=JSON)
    assert (first.status_code, first.json()["state"], again.status_code) == (202, "enabling", 200)
    assert (again.json()["seed"], again.json()["niche"]) == (3, "fashion")
    assert page.post("/api/v1/demo/disable/").status_code == 202
    assert page.post("/api/v1/demo/enable/").status_code == 409


@pytest.mark.django_db(transaction=True)
def test_the_options_of_enabling_shape_the_story(page, alice):
    options = {
        "niche": "fashion",
        "language": "es",
        "brand": "Taller Lira",
        "products": ["Chaqueta Alba"],
        "platforms": ["instagram"],
        "rhythm": "natural",
        "viral_spikes": False,
        "seed": 5,
    }
    body = page.post("/api/v1/demo/enable/", options, content_type=JSON).json()
    assert {name: body[name] for name in options if name in body} == {
        name: value for name, value in options.items() if name in body
    }
    assert (body["settings"]["rhythm"], body["settings"]["viral_spikes"]) == ("natural", False)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, timezone.now())
    assert set(Profile.objects.demo().values_list("platform", "display_name")) == {
        ("instagram", "Taller Lira")
    }
    assert Interaction.objects.filter(text__icontains="chaqueta alba").count() > 100
    assert not Interaction.objects.filter(text__icontains="jacket").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"products": ["a" * 61]},
        {"products": ["a\nb"]},
        {"products": ["\u3164"]},
        {"brand": "\u200b"},
        {"brand": "Acme \ufffd"},
        {"brand": "\U0001f3fb"},
        {"brand": "."},
        {"brand": "👩‍🍳"},
        {"brand": "e" + "\u0320" * 70},
        {"products": ["e" + "\u0320" * 6]},
        {"products": ["\ufffd"]},
        {"brand": "\u3164"},
        {"brand": "\u2800 \u00ad"},
        {"brand": "Ac\u202eme"},
        {"brand": "Acme\u2028Inc"},
        {"brand": "Acme\ue000"},
        {"brand": "a" * 81},
        {"platforms": ["x"] * 2_000},
        {"nich": "coffee"},
        {"products": ["a"] * 50},
        {"products": [""]},
        {"rhythm": "jazz"},
        {"viral_spikes": "perhaps"},
        {"language": "es", "niche": "games"},
        {"platforms": []},
        {"platforms": ["myspace"]},
        {"niche": "x"},
        {"language": "xx"},
        {"seed": -1},
        {"seed": 2**53},
    ],
)
def test_a_wrong_option_is_400(page, options):
    assert page.post("/api/v1/demo/enable/", options, content_type=JSON).status_code == 400


@pytest.mark.parametrize(
    ("brand", "kept"),
    [
        ("Café 👩‍🍳", "Café 👩‍🍳"),
        ("کافه‌ما", "کافه‌ما"),
        ("  Cafe\u0301\u00a0 Olé ", "Café Olé"),
        ("e\u0301" * 80, "é" * 80),
    ],
)
def test_brand_and_products_may_be_names_in_any_script(page, brand, kept):
    options = {"brand": brand, "products": [brand[:60], "Alba"], "platforms": ["instagram"]}
    body = page.post("/api/v1/demo/enable/", options, content_type=JSON).json()
    assert body["brand"] == kept
    assert body["products"][1] == "Alba"
    assert Profile.objects.demo().get().display_name == kept


def test_a_name_that_shows_nothing_is_answered_with_what_to_do(page):
    answer = page.post("/api/v1/demo/enable/", {"brand": "Ac\u3164me"}, content_type=JSON)
    assert answer.status_code == 400
    assert "brand must be a name of 1 to 80 characters in one line; remove U+3164 (HANGUL FILLER)" in str(
        answer.json()
    )


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"content_per_day": 21}, "content_per_day must be a whole number from 0 to 20."),
        ({"comments_per_window": -1}, "comments_per_window must be a whole number from 0 to 200."),
        ({"messages_per_window": 101}, "messages_per_window must be a whole number from 0 to 100."),
        ({"posting_hour": 24}, "posting_hour must be a whole number from 0 to 23."),
        ({"content_per_day": None}, "content_per_day must be a whole number from 0 to 20, not null."),
        ({"retention_days": 0}, "retention_days must be a whole number from 1 to 365."),
        ({"time_zone": "Mars/Olympus"}, "time_zone must be an IANA name; use a name such as Europe/Berlin."),
        ({"time_zone": "EUROPE/BERLIN"}, "time_zone must be an IANA name; use Europe/Berlin."),
        ({"time_zone": "../etc/passwd"}, "time_zone must be an IANA name"),
        ({"rhythm": "jazz"}, "jazz"),
        ({"colour": "red"}, "There is no such setting"),
    ],
)
def test_a_setting_out_of_range_is_400_naming_the_range(page, alice, settings, hint):
    demo_of(alice)
    answer = page.patch("/api/v1/demo/", {"settings": settings}, content_type=JSON)
    assert answer.status_code == 400
    assert hint in answer.json()["detail"]


def test_settings_are_changed_and_answered(page, alice):
    demo_of(alice, timezone.now())
    answer = page.patch(
        "/api/v1/demo/", {"settings": {"posting_hour": 8, "time_zone": "Europe/Berlin"}}, content_type=JSON
    )
    assert (answer.status_code, answer.json()["settings"]["posting_hour"]) == (200, 8)


@pytest.mark.parametrize(
    "action", ["pause", "resume", "reset", "generate/daily-content", "generate/interactions"]
)
def test_a_demo_that_is_off_answers_409(page, action):
    assert page.post(f"/api/v1/demo/{action}/").status_code == 409


def test_advance_is_409_unless_active_and_400_out_of_range(page, alice):
    assert page.post("/api/v1/demo/advance/", {"days": 1}, content_type=JSON).status_code == 409
    demo_of(alice)
    for days, end in ((0, ""), (31, ""), (None, ", not null"), ("week", ", not a string")):
        answer = page.post("/api/v1/demo/advance/", {"days": days}, content_type=JSON)
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            f"days: days must be a whole number from 1 to 30{end}.",
        )
    assert page.post("/api/v1/demo/advance/", {"days": 2}, content_type=JSON).status_code == 202


def test_generate_answers_what_it_delivered_and_moves_no_next_window(page, alice):
    demo_of(alice, timezone.now())
    next_windows = DemoAccount.objects.values("next_content_window", "next_interactions_window").get()
    content = page.post("/api/v1/demo/generate/daily-content/")
    interactions = page.post("/api/v1/demo/generate/interactions/")
    assert (content.status_code, content.json()) == (200, {"content": 2, "comments": 0, "messages": 0})
    assert (interactions.status_code, interactions.json()) == (
        200,
        {"content": 0, "comments": 10, "messages": 5},
    )
    assert (Content.objects.count(), Interaction.objects.filter(direction="in").count()) == (3 + 2, 35 + 15)
    assert DemoAccount.objects.values("next_content_window", "next_interactions_window").get() == next_windows


def test_pause_and_resume_answer_202_then_200(page, alice):
    demo_of(alice, timezone.now())
    asked = [page.post(f"/api/v1/demo/{action}/") for action in ("pause", "pause", "resume", "resume")]
    assert [answer.status_code for answer in asked] == [202, 200, 202, 200]
    shown = [(answer.json()["state"], answer.json()["resuming"]) for answer in asked]
    assert shown == [("paused", False), ("paused", False), ("paused", True), ("paused", True)]
    refused = page.post("/api/v1/demo/pause/")
    assert (refused.status_code, "resuming" in refused.json()["detail"]) == (409, True)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, timezone.now())
    shown = page.get("/api/v1/demo/").json()
    assert (shown["state"], shown["resuming"]) == ("active", False)


def test_staff_act_for_a_user_and_others_do_not(client, alice, bob):
    demo_of(bob)
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    assert client.get("/api/v1/demo/?user=bob").json()["state"] == "active"
    assert client.get("/api/v1/demo/?user=nobody").status_code == 404
    client.force_login(bob)
    assert client.get("/api/v1/demo/?user=bob").json()["state"] == "active"
    assert client.get("/api/v1/demo/?user=alice").status_code == 403
    assert client.post("/api/v1/demo/enable/", {"user": "alice"}).status_code == 403


@pytest.fixture
def boss(client, alice, bob):
    """Alice is staff; she and Bob have a demo each, of which nobody may touch hers by mistake."""
    demo_of(alice)
    demo_of(bob)
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    return client


CALLS = [
    *(("post", f"demo/{name}/") for name in ("enable", "disable", "pause", "resume", "reset", "advance")),
    *(("post", f"demo/generate/{name}/") for name in ("daily-content", "interactions")),
    *((method, "demo/scenarios/viral-spike/") for method in ("post", "delete")),
    *((method, "demo/") for method in ("get", "patch")),
]
NO_NAME = "user must be a string with a user name; leave it out for your own demo."
NO_VALUE = "user is empty; give it a value or leave it out."
TWO_NAMES = "Name one user; the query and the body name different ones."
UNCLEAR = [
    ("?user=", b"", NO_VALUE),
    ("?user=%20", b"", NO_VALUE),
    ("", b'{"user": null}', NO_NAME),
    ("", b'{"user": ""}', NO_VALUE),
    ("", b'{"user": ["bob"]}', NO_NAME),
    ("?user=bob", b'{"user": null}', NO_NAME),
    ("?user=bob", b'{"user": "alice"}', TWO_NAMES),
    ("?user=alice", b'{"user": "bob"}', TWO_NAMES),
    ("?user=alice&user=bob", b"", "Send user once; it was sent 2 times."),
    ("", b'{"user": "bob", "user": "alice"}', 'Send the member "user" once; the JSON has it twice.'),
    ("", b"null", "The body must be a JSON object, such as {}."),
    ("", b"[]", "The body must be a JSON object, such as {}."),
    ("?user=bob", b'"alice"', "The body must be a JSON object, such as {}."),
]


@pytest.mark.sample(4)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_call_that_does_not_say_whose_demo_it_means_is_400_and_does_nothing(boss, method, path):
    before = list(DemoAccount.objects.order_by("pk").values())
    for query, body, sentence in UNCLEAR:
        answer = boss.generic(method.upper(), f"/api/v1/{path}{query}", body, content_type=JSON)
        assert (answer.status_code, sentence in answer.json()["detail"]) == (400, True), (query, body)
    assert list(DemoAccount.objects.order_by("pk").values()) == before


def test_a_form_that_names_two_users_is_400_and_does_nothing(boss):
    form = "application/x-www-form-urlencoded"
    answer = boss.post("/api/v1/demo/disable/", "user=bob&user=alice", content_type=form)
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"user": ["Send user once; it was sent 2 times."]},
    )
    assert set(DemoAccount.objects.values_list("state", flat=True)) == {"active"}


def test_the_same_user_may_be_named_in_query_and_body(boss, bob):
    answer = boss.post("/api/v1/demo/disable/?user=bob", {"user": "bob"}, content_type=JSON)
    assert (answer.status_code, DemoAccount.objects.get(user=bob).state) == (202, "disabling")


def test_the_callers_name_in_the_query_does_not_permit_another_in_the_body(client, alice, bob):
    demo_of(bob)
    client.force_login(bob)
    for query, code in (("", 403), ("?user=bob", 400)):
        answer = client.post(f"/api/v1/demo/disable/{query}", {"user": "alice"}, content_type=JSON)
        assert (answer.status_code, DemoAccount.objects.get().state) == (code, "active")


def test_demo_allowed_none_forbids(page, settings):
    settings.DEMO_ALLOWED = "none"
    assert page.post("/api/v1/demo/enable/").status_code == 403


def test_a_live_profile_with_the_demos_id_is_409_and_another_seed_succeeds(page, alice):
    page.post("/api/v1/demo/enable/", {"seed": 5}, content_type=JSON)
    Profile.objects.update(is_demo=False)
    DemoAccount.objects.all().delete()
    answer = page.post("/api/v1/demo/enable/", {"seed": 5}, content_type=JSON)
    assert (answer.status_code, "another seed" in answer.json()["detail"]) == (409, True)
    assert page.get("/api/v1/demo/").json()["state"] == "off"
    assert page.post("/api/v1/demo/enable/", {"seed": 6}, content_type=JSON).status_code == 202


def test_enabling_again_without_options_has_the_usual_size(page, alice):
    demo_of(alice, size="smoke")
    transitions.disable(alice, request_worker=False)
    pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
    progress = page.post("/api/v1/demo/enable/").json()["progress"]
    assert [progress[kind]["total"] for kind in ("content", "comments", "messages")] == [35, 920, 100]


def test_the_demo_object_counts_what_the_inbox_shows(page, alice):
    demo_of(alice)
    deleted = Interaction.objects.filter(type="comment").first()
    send(deleted.profile, event("comment.deleted", deleted.platform_id, NOW.isoformat()))
    demo = page.get("/api/v1/demo/").json()
    assert demo["stored"] == {"content": 3, "comments": 29, "messages": 5}
    assert demo["progress"]["comments"] == {"done": 30, "total": 30}
