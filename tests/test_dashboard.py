"""The dashboard as the server sends it; `test_browser_dashboard.py` tests it in a browser."""

import re

import pytest
from django.utils import timezone

from accounts.models import Platform, Profile, User
from demo.dashboard.arrivals import arrivals_by_day, bars
from demo.dashboard.timeline import first_arrivals_text, timeline
from demo.engine.planning import plan_due
from demo.lifecycle import pending_work, scenarios, transitions
from demo.models import COUNTED_TYPES, DemoAccount, State, StoryEvent
from demo.models.account import NEXT_WINDOW_COLUMNS
from demo.status import UPCOMING_EVENTS, upcoming_events
from interactions.models import Content, Interaction
from tests.world import DAY, HOUR, NOW, demo_of


@pytest.mark.django_db(transaction=True)
def test_demo_mode_is_switched_on_and_off_on_the_dashboard(page, alice):
    assert "Switch demo mode on" in page.get("/").content.decode()
    page.post("/demo/enable/")
    account = DemoAccount.objects.get()
    assert account.state == State.ENABLING
    pending_work.run_to_completion(account.pk, NOW.replace(year=2030))
    assert (
        "2 posts a day, and 10 comments and 5 direct messages every 6 hours."
        in page.get("/").content.decode()
    )
    page.post("/demo/disable/")
    pending_work.run_to_completion(account.pk, NOW)
    assert User.objects.get().demo_mode_enabled_at is None


CHOICES = {
    "niche": "fitness",
    "language": "es",
    "brand": "Gimnasio Lira",
    "products": "Clase Alba, grande\n\nClase Brisa",
    "platforms": ["x", "facebook"],
    "rhythm": "natural",
}


@pytest.mark.django_db(transaction=True)
def test_demo_mode_is_switched_on_as_the_form_asks(page, alice):
    page.post("/demo/enable/", CHOICES)
    account = DemoAccount.objects.get()
    assert (account.niche, account.language, account.brand) == ("fitness", "es", "Gimnasio Lira")
    assert account.products == ["Clase Alba, grande", "Clase Brisa"]
    assert (account.rhythm, sorted(account.platforms)) == ("natural", ["facebook", "x"])
    assert account.viral_spikes


@pytest.mark.django_db(transaction=True)
def test_the_form_has_every_setting_of_enabling_and_an_empty_checkbox_is_off(page, alice):
    shown = page.get("/").content.decode()
    assert 'type="hidden" name="initial-viral_spikes" value="True"' in shown
    assert ('name="rhythm" value="natural"' in shown, "One post in" in shown) == (True, True)
    assert '<details class="more-options" id="more-options">' in shown
    page.post("/demo/enable/", CHOICES | {"initial-viral_spikes": "True"})
    assert not DemoAccount.objects.get().viral_spikes


def test_an_empty_brand_is_an_invented_one_and_one_that_is_left_out_stays(page, alice):
    demo_of(alice, seed=1)
    invented = DemoAccount.objects.get().brand
    for sent, kept in (
        ({"brand": "Acme"}, "Acme"),
        ({"niche": "coffee", "platforms": ["x"]}, "Acme"),
        ({"brand": " "}, invented),
    ):
        transitions.disable(alice, request_worker=False)
        pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
        page.post("/demo/enable/", sent)
        assert DemoAccount.objects.values_list("state", "brand").get() == ("enabling", kept)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"platforms": []}, "Choose at least one platform."),
        ({"products": "a" * 200}, "Each product must be a name of 1 to"),
        (
            {"niche": "games"},
            "In Español, choose Coffee, Fashion, Fitness.",
        ),
        ({"brand": "a" * 81}, "must be a name of 1 to 80 characters in one line; it has 81."),
        ({"brand": "Ac\u202eme"}, "Brand must be a name of 1 to 80 characters in one line; remove U+202E"),
        (
            {"products": "Alba\u3164"},
            "Each product must be a name of 1 to 60 characters in one line; remove",
        ),
    ],
)
def test_an_invalid_choice_is_shown_in_the_form_and_starts_nothing(page, alice, choice, sentence, headers):
    answer = page.post("/demo/enable/", CHOICES | choice, headers=headers, follow=True)
    shown = answer.content.decode().replace("&#x27;", "'")
    assert (answer.status_code, sentence in shown, "Clase Brisa" in shown) == (
        200,
        True,
        "products" not in choice,
    )
    assert not DemoAccount.objects.exclude(state=State.OFF).exists()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_button_refused_in_the_present_state_shows_the_reason(page, alice, headers):
    answer = page.post("/demo/pause/", headers=headers, follow=True)
    assert "Demo mode is off; only an active demo can be paused." in answer.content.decode()
    assert "Switch demo mode on" in answer.content.decode()


HTMX = {"HX-Request": "true"}
WAVE = "/demo/scenarios/complaint-wave"


def press(page, path: str, headers: dict) -> str:
    """What the dashboard shows after a button was pressed."""
    answer = page.post(path, headers=headers, follow=True)
    assert answer.status_code == 200
    assert ("<title>Demo · Perennial</title>" in answer.content.decode()) == (headers == {})
    return answer.content.decode()


@pytest.mark.parametrize(("headers", "slash"), [({}, "/"), (HTMX, "")])
def test_a_scenario_is_started_and_cancelled_on_the_dashboard(page, alice, headers, slash):
    demo_of(alice, timezone.now())
    shown = press(page, f"{WAVE}/start{slash}", headers)
    wave = StoryEvent.objects.filter(origin="complaint-wave").order_by("due_at")
    rest = "comments, messages and new numbers of likes and views are still to come"
    assert f"{wave.count()} {rest}, the last at {wave.last().due_at:%H:%M}." in shown
    assert '<progress value="0" max="38" aria-label="Complaint wave">' in shown
    assert ("Cancel: Complaint wave" in shown, "Start: Complaint wave" in shown) == (True, False)
    assert ("Start: Viral spike" in shown, "Start: Product launch" in shown) == (True, True)
    shown = press(page, f"{WAVE}/cancel{slash}", headers)
    assert ("Cancel: Complaint wave" in shown, "Start: Complaint wave" in shown) == (False, True)
    assert not wave.exists()


def test_upcoming_events_of_a_scenario_have_its_name(page, alice):
    demo_of(alice, timezone.now())
    press(page, f"{WAVE}/start", {})
    [own, *_] = StoryEvent.objects.filter(origin="complaint-wave").order_by("due_at", "id")
    StoryEvent.objects.filter(pk=own.pk).update(origin="window")
    listed = page.get("/").content.decode().split('id="demo-next"')[1].split("</section>")[0]
    assert len(re.findall('<li class="(?:content|comments|messages)">', listed)) == 10
    assert listed.count('<span class="badge demo">Complaint wave</span>') == 9


def test_the_brands_own_events_are_announced_as_its_answers(page, alice):
    demo_of(alice, timezone.now())
    press(page, f"{WAVE}/start", {})
    first = StoryEvent.objects.filter(origin="complaint-wave", type="comment.created").earliest(
        "due_at", "id"
    )
    assert "Brand’s answer" not in page.get("/").content.decode()
    first.payload["author"]["id"] = first.profile.platform_id
    first.save(update_fields=["payload"])
    assert page.get("/").content.decode().count("<b>Brand’s answer</b>") == 1


def test_the_page_that_showed_a_scenario_is_told_once_that_it_has_ended(page, alice):
    demo_of(alice, timezone.now())
    assert '"running": ["complaint-wave"]' in press(page, f"{WAVE}/start", HTMX)
    sent = {"shown": "active", "running": ["complaint-wave", "unknown"]}
    assert "ended" not in page.get("/demo/panel/", sent, headers=HTMX).content.decode()
    StoryEvent.objects.filter(origin="complaint-wave").update(delivered_at=timezone.now())
    shown = page.get("/demo/panel/", sent, headers=HTMX).content.decode()
    assert ("This scenario has ended: Complaint wave." in shown, '"running": []' in shown) == (True, True)


@pytest.mark.parametrize("path", ["/demo/panel/", "/demo/banner/"])
def test_the_page_that_showed_the_deletion_is_told_that_the_demo_is_off(page, alice, path):
    demo_of(alice)
    sentence = "Demo mode is off, and all data of the demo is deleted."
    assert sentence not in page.get(path, {"shown": "disabling"}, headers=HTMX).content.decode()
    transitions.disable(alice, request_worker=False)
    assert sentence not in page.get(path, {"shown": "disabling"}, headers=HTMX).content.decode()
    pending_work.run_to_completion(DemoAccount.objects.get().pk, NOW)
    assert sentence in page.get(path, {"shown": "disabling"}, headers=HTMX).content.decode()
    assert sentence not in page.get(path, {"shown": "active"}, headers=HTMX).content.decode()


def test_another_users_scenario_is_not_shown(page, alice, bob):
    demo_of(alice, timezone.now())
    demo_of(bob, timezone.now(), seed=2)
    scenarios.start(bob, "complaint-wave", timezone.now())
    assert "Start: Complaint wave" in page.get("/").content.decode()
    press(page, f"{WAVE}/cancel", {})
    assert StoryEvent.objects.filter(account__user=bob, origin="complaint-wave").exists()


@pytest.mark.parametrize("action", ["start", "cancel"])
def test_there_are_no_scenarios_but_those_on_the_dashboard(page, alice, action):
    demo_of(alice, timezone.now())
    assert page.post(f"/demo/scenarios/earthquake/{action}").status_code == 404
    assert page.post(f"{WAVE}/{action}ed").status_code == 404


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("path", [f"{WAVE}/start", "/demo/advance/7"])
def test_a_paused_demo_offers_no_start_and_a_late_click_shows_the_reason(page, alice, path, headers):
    demo_of(alice, timezone.now())
    transitions.pause(alice, timezone.now())
    shown = press(page, path, headers)
    assert ("Demo mode is paused; " in shown, "Resume the demo to start" in shown) == (True, True)
    assert ("Start: " in shown, "Skip a " in shown) == (False, False)
    account = DemoAccount.objects.get()
    assert (account.advance_days, account.story.undelivered().count()) == (0, 0)


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(("days", "progress"), [(1, "Skipping 1 day…"), (7, "Skipping 7 days…")])
def test_a_demo_is_advanced_on_the_dashboard_which_follows_it(page, alice, days, progress, headers):
    demo_of(alice, timezone.now())
    before = page.get("/").content.decode()
    assert ("Skip a day" in before, "Skip a week" in before, "Start: " in before) == (True, True, True)
    shown = press(page, f"/demo/advance/{days}/", headers)
    assert (progress in shown, 'hx-trigger="every 1s"' in shown) == (True, True)
    assert ("Skip a " in shown, "/demo/advance/" in shown, "Start: " in shown) == (False, False, False)
    assert DemoAccount.objects.get().advance_days == days
    shown = press(page, f"/demo/advance/{days}", headers)  # the second press of the same
    assert (progress in shown, "is skipping ahead" in shown) == (True, False)
    shown = press(page, f"/demo/advance/{8 - days}", headers)
    assert "The demo is skipping ahead; try again when it has finished." in shown
    assert DemoAccount.objects.get().advance_days == days


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_demo_is_not_advanced_by_more_days_than_it_can(page, alice, headers):
    demo_of(alice, timezone.now())
    assert "Days must be a whole number from 1 to 30" in press(page, "/demo/advance/31", headers)
    assert DemoAccount.objects.get().advance_days == 0


@pytest.mark.parametrize("path", [f"{WAVE}/start", f"{WAVE}/cancel/", "/demo/advance/7", "/demo/pause"])
def test_a_buttons_address_shows_the_dashboard_and_does_nothing_unless_it_is_allowed(
    page, alice, path, settings
):
    demo_of(alice, timezone.now())
    assert page.get(path).headers["Location"] == "/"
    settings.DEMO_ALLOWED = "none"
    assert page.post(path).status_code == 403
    assert "Start: " not in page.get("/").content.decode()
    account = DemoAccount.objects.get()
    assert (account.state, account.advance_days, account.story.undelivered().count()) == ("active", 0, 0)


def test_the_dashboard_shows_since_when_a_demo_is_paused(page, alice):
    demo_of(alice, timezone.now())
    transitions.pause(alice, timezone.now())
    paused = DemoAccount.objects.get().paused_at
    shown = page.get("/").content.decode()
    assert f"Paused since {paused:%A, %-d %B %Y, %H:%M} UTC." in shown


@pytest.mark.django_db(transaction=True)
def test_a_reset_is_shown_as_starting_over_not_as_switching_off(page, alice):
    demo_of(alice, timezone.now())
    assert "the same story begins again. Demo mode stays on" in page.get("/").content.decode()
    shown = press(page, "/demo/reset/", HTMX)
    assert 'role="status">Starting over</span>' in shown
    assert "then the same story begins again" in shown
    assert "; then the same story" in shown
    account = DemoAccount.objects.get()
    pending_work.run_to_completion(account.pk, timezone.now())
    shown = press(page, "/demo/disable/", HTMX)
    assert 'role="status">Switching off</span>' in shown
    assert "The demo's data is being deleted. Live data" in shown


@pytest.mark.parametrize("path", ["/", "/demo/panel/"])
@pytest.mark.parametrize(
    ("state", "queries"),
    [("off", 3), ("enabling", 5), ("failed", 5), ("active", 10), ("paused", 10), ("disabling", 5)],
)
def test_the_queries_of_a_state_do_not_grow_with_the_demo(
    page, alice, path, state, queries, django_assert_num_queries
):
    demo_of(alice)
    put_into(state)
    with django_assert_num_queries(queries):
        page.get(path)
    demo_of(User.objects.create_user("other"), seed=2, size="small")
    StoryEvent.objects.update(account=DemoAccount.objects.get(user=alice))
    Profile.objects.update(owner=alice)
    with django_assert_num_queries(queries):
        page.get(path)


def put_into(state: str) -> None:
    """Set the state of the only demo, without the work that leads to it."""
    columns = {"state": state, "paused_at": timezone.now() if state == "paused" else None}
    if state == State.OFF:
        columns |= dict.fromkeys(NEXT_WINDOW_COLUMNS)
    DemoAccount.objects.update(**columns)


def test_the_form_offers_each_niche_with_its_picture_and_its_languages(page):
    shown = page.get("/").content.decode()
    assert re.findall(
        r'data-languages="([a-z ]+)"><input type="radio" name="niche" value="(\w+)"', shown
    ) == [
        ("en es", "coffee"),
        ("en es", "fashion"),
        ("en es", "fitness"),
        ("en", "games"),
        ("en", "restaurant"),
        ("en", "skincare"),
        ("en", "software"),
        ("en", "travel"),
    ]
    assert shown.count('src="/pictures/niches/') == 8
    assert re.findall(r'type="checkbox" name="platforms" value="(\w+)"', shown) == Platform.values
    assert re.findall(r"<button[^>]*primary[^>]*>", shown) == [
        '<button class="button primary large" id="press-enable">'
    ]


def test_a_demo_that_is_being_filled_shows_its_progress_and_what_has_just_arrived(page, alice):
    demo_of(alice, size="small")
    every = StoryEvent.objects.order_by("-due_at", "-id")
    story = every.filter(origin="initial")
    comments = story.filter(type="comment.created")
    late = comments[50].due_at
    every.filter(due_at__gt=late).update(delivered_at=None)
    newest = every.exclude(delivered_at=None).exclude(type="content.metrics")[0]
    put_into("enabling")
    shown = page.get("/demo/panel/", headers=HTMX).content.decode()
    done = {"content": 0, "comments": 150, "messages": 0}
    for name, type in COUNTED_TYPES.items():
        done[name] = story.filter(type=type, delivered_at__isnull=False).count()
    assert done["comments"] == 150
    for name, total in (("content", 10), ("comments", 200), ("messages", 25)):
        assert f'data-kind="{name}">{done[name]} <small>of {total}</small>' in shown
        assert f'<progress value="{done[name]}" max="{total}"' in shown
    assert f"Your demo is being filled: {sum(done.values())} of 235" in shown
    arrivals = shown.split('class="ticker"')[1].split("</ol>")[0]
    assert re.findall(r'id="arrival-(\d+)"', arrivals)[0] == str(newest.pk)
    assert arrivals.count("<li ") == 6
    assert 'hx-trigger="every 1s"' in shown


def test_a_demo_that_is_being_deleted_says_how_much_is_left(page, alice):
    demo_of(alice, size="small")
    put_into("disabling")
    assert "235 rows left" in page.get("/").content.decode()
    Interaction.objects.filter(type="comment").delete()
    assert "35 rows left" in page.get("/demo/panel/", headers=HTMX).content.decode()


def test_a_failed_demo_shows_why_and_can_be_tried_again(page, alice):
    demo_of(alice)
    put_into("failed")
    DemoAccount.objects.update(last_error="<oops>")
    shown = page.get("/").content.decode()
    assert ("<bdi>&lt;oops&gt;</bdi>" in shown, "Try again" in shown) == (True, True)
    assert "38 of 38 posts, comments and messages arrived. Trying again continues there." in shown
    page.post("/demo/enable/")
    assert DemoAccount.objects.get().state == State.ENABLING


@pytest.mark.parametrize("state", list(State.values))
def test_where_demos_are_not_allowed_the_dashboard_offers_nothing(page, alice, state, settings):
    demo_of(alice)
    put_into(state)
    settings.DEMO_ALLOWED = "none"
    shown = page.get("/").content.decode()
    assert "You may not use demo mode; ask an operator." in shown or state == "disabling"
    assert "<form" not in shown.split('id="demo"')[1]
    assert "demo-off" not in shown


GENERATED = {
    "posts": ("2 posts arrived.", (2, 0, 0)),
    "interactions": ("10 comments and 5 direct messages arrived.", (0, 10, 5)),
}


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("what", GENERATED)
def test_some_are_brought_now(page, alice, what, headers):
    demo_of(alice, timezone.now())
    before = received()
    shown = press(page, f"/demo/generate/{what}/", headers)
    sentence, added = GENERATED[what]
    assert sentence in shown
    assert ('hx-swap-oob="beforeend:#toasts"' in shown) == (headers == HTMX)
    assert tuple(now - then for now, then in zip(received(), before, strict=True)) == added


def received() -> tuple[int, int, int]:
    """How many posts, comments and messages are in the inbox."""
    incoming = Interaction.objects.filter(direction="in")
    return (
        Content.objects.count(),
        incoming.filter(type="comment").count(),
        incoming.filter(type="message").count(),
    )


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_bringing_some_is_refused_while_paused_and_there_is_nothing_else_to_bring(page, alice, headers):
    demo_of(alice, timezone.now())
    transitions.pause(alice, timezone.now())
    shown = press(page, "/demo/generate/posts", headers)
    assert ("Demo mode is paused; resume it first." in shown, "Bring posts" in shown) == (True, False)
    assert page.post("/demo/generate/people").status_code == 404


def test_in_the_first_hours_the_dashboard_says_when_life_starts_and_offers_some(page, alice):
    account = demo_of(alice, timezone.now())
    shown = page.get("/").content.decode()
    begins = timezone.localtime(account.next_interactions_window)
    assert f"{begins:%H:%M}, posts " in shown
    assert "Until then, bring some now or start a scenario." in shown
    assert shown.count("Bring comments and messages") == shown.count("Bring posts") == 1
    DemoAccount.objects.update(interactions_ordinal=1)
    shown = page.get("/").content.decode()
    assert ("Your inbox is filled" in shown, "They arrive at once" in shown) == (False, True)
    assert shown.count("Bring comments and messages") == shown.count("Bring posts") == 1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "New comments and messages begin at 18:00, posts tomorrow at 10:00."),
        ({"messages_per_window": 0}, "New comments begin at 18:00, posts tomorrow at 10:00."),
        ({"content_per_day": 0}, "New comments and messages begin at 18:00."),
        ({"comments_per_window": 0, "messages_per_window": 0}, "New posts begin tomorrow at 10:00."),
        ({"content_per_day": 0, "comments_per_window": 0, "messages_per_window": 0}, ""),
        ({"platforms": ["youtube"]}, "New comments begin at 18:00, posts tomorrow at 10:00."),
    ],
)
def test_the_sentence_names_what_the_settings_bring(alice, settings, sentence):
    account = demo_of(alice, **settings)
    assert first_arrivals_text(account, NOW) == sentence


def test_times_are_in_the_users_zone(alice):
    account = demo_of(alice)
    with timezone.override("Asia/Tokyo"):
        assert first_arrivals_text(account, NOW) == (
            "New comments and messages begin tomorrow at 03:00, posts tomorrow at 19:00."
        )
        assert [
            (day.label, [f"{timezone.localtime(one.at):%H:%M}" for one in day.entries])
            for day in timeline(account, NOW)
        ] == [
            ("Tomorrow", ["03:00", "19:00"]),
            ("Monday, 9 March", ["12:00"]),
        ]


def test_the_timeline_has_windows_and_the_cleanup_among_the_planned_events(alice):
    account = demo_of(alice)
    assert lines(account) == [
        ("Today", "18:00 window 10 comments and 5 direct messages, within 6 hours"),
        ("Tomorrow", "10:00 window 2 posts, within 24 hours"),
        ("Monday, 9 March", "03:00 cleanup Data older than 30 days expires"),
    ]
    plan_due(NOW + 11 * HOUR)
    account.refresh_from_db()
    shown = lines(account, NOW + 11 * HOUR)
    assert len(shown) == UPCOMING_EVENTS + 4
    assert shown[UPCOMING_EVENTS][1].endswith(" more More follow after these.")
    assert [line.split()[1] for _, line in shown[:5]] == [
        {"comment.created": "comments", "message.created": "messages"}[event["type"]]
        for event in upcoming_events(account)[:5]
    ]
    assert ("Tomorrow", "00:00 window 10 comments and 5 direct messages, within 6 hours") in shown


def lines(account: DemoAccount, now=NOW) -> list[tuple[str, str]]:
    """The timeline, each entry as its day and a line."""
    return [
        (day.label, f"{entry.at:%H:%M} {entry.kind} {entry.text}")
        for day in timeline(account, now)
        for entry in day.entries
    ]


def test_the_timeline_of_a_paused_demo_says_what_comes_when_it_is_resumed_now(alice):
    demo_of(alice)
    plan_due(NOW + 11 * HOUR)
    transitions.pause(alice, NOW + 11 * HOUR)
    account = DemoAccount.objects.get()
    [first, *_] = upcoming_events(account)
    later = NOW + 14 * HOUR
    entries = [entry for day in timeline(account, later) for entry in day.entries]
    assert entries[0].at == first["due_at"] + 3 * HOUR
    assert {entry.kind for entry in entries} <= {"comments", "messages", "content", "more"}


def test_a_natural_rhythm_and_empty_quotas_are_said_on_the_timeline(alice):
    account = demo_of(alice, rhythm="natural", messages_per_window=0, content_per_day=0)
    assert [line for _, line in lines(account)] == [
        "18:00 window about 10 comments, within 6 hours",
        "03:00 cleanup Data older than 30 days expires",
    ]


def test_the_figures_count_what_arrived_on_each_day(page, alice):
    account = demo_of(alice, timezone.now())
    StoryEvent.objects.filter(type="comment.created").exclude(origin="brand").update(
        due_at=timezone.now() - 20 * DAY
    )
    ids = list(
        StoryEvent.objects.filter(type="comment.created", origin="initial").values_list("pk", flat=True)
    )
    today = timezone.now().replace(hour=0, minute=0, second=1)
    StoryEvent.objects.filter(pk__in=ids[:3]).update(due_at=today)
    StoryEvent.objects.filter(pk__in=ids[3:8]).update(due_at=today - DAY)
    StoryEvent.objects.filter(pk__in=ids[8:9]).update(due_at=today - 13 * DAY)
    StoryEvent.objects.filter(pk__in=ids[9:11]).update(due_at=today - 14 * DAY)
    StoryEvent.objects.filter(pk__in=ids[11:12]).update(due_at=today, delivered_at=None)
    assert arrivals_by_day(account, timezone.now())["comments"] == [1, *[0] * 11, 5, 3]
    shown = page.get("/").content.decode().split('data-kind="comments"')[1].split("</li>")[0]
    assert ("30</span>" in shown, "3 today" in shown) == (True, True)
    assert [(bar.x, bar.y, bar.height) for bar in bars([1, *[0] * 11, 5, 3])][-3:] == [
        (66, 27, 1),
        (72, 0, 28),
        (78, 11, 17),
    ]


def test_the_profiles_of_the_demo_lead_to_their_threads(page, alice, live):
    demo_of(alice)
    shown = page.get("/").content.decode().split('id="demo-profiles"')[1].split("</section>")[0]
    demo_profiles = Profile.objects.filter(is_demo=True).order_by("pk")
    assert re.findall(r'href="/inbox/?\?profile=(\d+)"', shown) == [str(one.pk) for one in demo_profiles]
    assert [f"@{one.handle}" in shown for one in demo_profiles] == [True] * 3
    assert f"@{live.handle}<" not in shown


@pytest.mark.parametrize("action", ["disable", "reset"])
def test_deleting_is_asked_for_in_a_dialog(page, alice, action):
    demo_of(alice)
    shown = page.get("/").content.decode()
    [dialog] = [one for one in shown.split("<dialog")[1:] if f'action="/demo/{action}' in one]
    first, *_ = re.findall(r"<(?:a|button|input(?! type=.hidden))\b[^>]*>", dialog)
    assert "data-close" in first  # the browser gives the focus to the first control
    assert "hx-" not in dialog.split("</dialog>")[0]
    assert shown.count(f'action="/demo/{action}') == 1
