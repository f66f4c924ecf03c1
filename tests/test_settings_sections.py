"""What all sections of the settings have in common: access, methods, CSRF, number of queries, names of any kind."""

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Profile, TokenName, User
from accounts.tokens import create_token
from interactions.models import BlockedAuthor, InboxRule, SavedReply
from tests.pseudo_locale import untranslated
from tests.settings_pages import HOSTILE, SECTIONS, blocked, html, reply, rule, secrets_of, shown
from tests.world import NOW, demo_of

FORMS = [  # what a form of the settings posts to; ids are those of `owned`
    ("/settings/", {"theme": "dark", "density": "compact"}),
    ("/settings/theme/", {"theme": "dark"}),
    ("/settings/tokens/", {"name": "New"}),
    ("/settings/tokens/{token}/revoke/", {}),
    ("/settings/profiles/new/", {"platform": "x", "platform_id": "9", "handle": "new_one"}),
    ("/settings/profiles/{profile}/rotate/", {"mark": "{mark}"}),
    ("/settings/profiles/{profile}/delete/", {"handle": "brand"}),
    ("/settings/replies/new/", {"name": "New", "text": "New"}),
    ("/settings/replies/{reply}/", {"name": "Other", "text": "Other", "seen": NOW.isoformat()}),
    ("/settings/replies/{reply}/delete/", {}),
    ("/settings/rules/new/", {"condition": "word", "value": "x", "action": "hide"}),
    ("/settings/rules/{rule}/switch/", {"enabled": "0"}),
    ("/settings/rules/{rule}/move/", {"position": "2"}),
    ("/settings/rules/{rule}/delete/", {}),
    ("/settings/blocked/{blocked}/unblock/", {}),
]


@pytest.fixture
def owned(alice, profile) -> dict[str, object]:
    """One row of every kind of Alice's, and a second rule."""
    found = {
        "profile": profile.pk,
        "mark": profile.secret_mark,
        "reply": reply(alice).pk,
        "rule": rule(alice).pk,
        "blocked": blocked(profile).pk,
        "token": create_token(alice, timezone.now(), "Report")[:15],
    }
    rule(alice, "second")
    return found


def stored() -> list[object]:
    """Everything that the settings change."""
    models = {
        User: ("theme", "density", "time_zone", "keyboard_shortcuts", "answers_close_threads"),
        Profile: ("owner", "handle", "webhook_secret", "webhook_secret_previous"),
        TokenName: ("name",),
        SavedReply: ("name", "text"),
        InboxRule: ("position", "value", "enabled"),
        BlockedAuthor: ("author_id",),
    }
    return [
        list(model.objects.order_by("pk").values_list("pk", *columns)) for model, columns in models.items()
    ]


def filled(path: str, body: dict, owned: dict) -> tuple[str, dict]:
    return path.format(**owned), {name: value.format(**owned) for name, value in body.items()}


@pytest.mark.parametrize("path", SECTIONS)
def test_a_section_asks_for_a_log_in_and_then_shows(client, alice, path):
    assert client.get(path).headers["Location"] == f"/login/?next={path}"
    client.force_login(alice)
    page = client.get(path)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "private, no-store")
    assert page.content.decode().count("<h1") == 1


@pytest.mark.parametrize("path", SECTIONS)
def test_a_section_is_marked_in_the_list_of_sections_and_no_other_is(page, path):
    section = "/".join(path.split("/")[:3]) + "/" * (path.count("/") > 2)
    listed = html(page.get(path)).split('<nav class="sections')[1].split("</nav>")[0]
    current = [line for line in listed.splitlines() if 'aria-current="page"' in line]
    assert len(current) == 1
    assert f'href="{section if section != "/settings//" else "/settings/"}"'.rstrip('"/') in current[0]


@pytest.mark.parametrize(("path", "body"), FORMS)
def test_a_form_changes_something_by_post_and_nothing_by_get(page, owned, path, body):
    path, body = filled(path, body, owned)
    before = stored()
    assert page.get(path).status_code in (200, 302)
    assert page.head(path).status_code in (200, 302)
    assert stored() == before
    assert page.post(path, body).status_code in (200, 302)
    assert stored() != before


@pytest.mark.parametrize(("path", "body"), FORMS)
def test_a_form_without_a_csrf_token_changes_nothing(strict, owned, path, body):
    path, body = filled(path, body, owned)
    before = stored()
    assert strict.post(path, body).status_code == 403
    assert stored() == before


@pytest.mark.parametrize(("path", "body"), FORMS)
def test_a_form_sent_by_nobody_changes_nothing(client, owned, path, body):
    path, body = filled(path, body, owned)
    before = stored()
    assert client.post(path, body).headers["Location"].startswith("/login/")
    assert stored() == before


@pytest.mark.parametrize(("path", "body"), FORMS)
def test_a_form_sent_twice_leaves_the_same_as_once(page, owned, path, body):
    path, body = filled(path, body, owned)
    page.post(path, body)
    once = stored()
    page.post(path, body)
    assert stored() == once if path != "/settings/rules/new/" else len(stored()[4]) == 4


def test_what_belongs_to_another_user_is_404_and_stays(page, of_bob):
    before = stored()
    for path in (path for name, path in of_bob.items() if name != "profile"):
        body = {"handle": "bob", "mark": Profile.objects.get().secret_mark, "enabled": "0", "position": "1"}
        assert page.post(path, body).status_code == 404, path
    for name in ("profile", "reply", "rule"):
        assert page.get(of_bob[name]).status_code == 404
    assert stored() == before


@pytest.mark.parametrize("id", ["0", "9" * 19, "999"])
def test_an_unknown_id_is_404(page, id):
    for path in ("profiles/{}/", "replies/{}/", "rules/{}/"):
        assert page.get(f"/settings/{path.format(id)}").status_code == 404
    for path in (
        "profiles/{}/rotate/",
        "replies/{}/delete/",
        "rules/{}/move/",
        "blocked/{}/unblock/",
        "tokens/{}/revoke/",
    ):
        assert page.post(f"/settings/{path.format(id)}").status_code == 404


PINNED = {  # three of them for session, user and the banner of the demo
    "/settings/": 4,
    "/settings/profiles/": 4,
    "/settings/profiles/new/": 3,
    "/settings/replies/": 4,
    "/settings/replies/new/": 4,
    "/settings/rules/": 4,
    "/settings/rules/new/": 4,
    "/settings/blocked/": 4,
    "/settings/tokens/": 4,
}


def queries(page, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert page.get(path).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow_with_the_rows(page, alice):
    assert {path: queries(page, path) for path in SECTIONS} == PINNED
    demo_of(alice)
    for number in range(5):
        own = Profile.objects.create(owner=alice, platform="x", platform_id=str(number), handle=f"p{number}")
        reply(alice, f"reply {number}")
        rule(alice, f"word{number}", profile=own)
        blocked(own)
        create_token(alice, timezone.now(), f"token {number}")
    assert {path: queries(page, path) for path in SECTIONS} == PINNED


def test_pages_of_one_row_cost_few_queries(page, owned):
    paths = ("profiles/{profile}/", "replies/{reply}/", "rules/{rule}/")
    assert [queries(page, f"/settings/{path.format(**owned)}") for path in paths] == [4, 5, 5]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_any_kind_are_shown_as_text(page, alice, name):
    own = Profile.objects.create(owner=alice, platform="x", platform_id=name, handle="h", display_name=name)
    one = reply(alice, name, name)
    two = rule(alice, name, action="label", label=name[:50])
    blocked(own, name=name)
    create_token(alice, timezone.now(), name)
    paths = [
        "profiles/",
        f"profiles/{own.pk}/",
        "replies/",
        f"replies/{one.pk}/",
        "rules/",
        f"rules/{two.pk}/",
    ]
    for path in (*paths, "blocked/", "tokens/"):
        answer = page.get(f"/settings/{path}")
        assert "<script>alert" not in html(answer), path
        assert name in shown(answer) or name in html(answer).replace("&lt;", "<").replace("&gt;", ">"), path


def test_no_page_shows_a_secret_or_the_rest_of_a_token(page, alice, owned):
    token = create_token(alice, timezone.now(), "Other")
    profile = Profile.objects.get()
    profile.rotate_secret()
    for path in (*SECTIONS, f"/settings/profiles/{profile.pk}/"):
        body = html(page.get(path))
        assert not [secret for secret in secrets_of(alice) if secret in body], path
        assert token[:16] not in body
    kept = "".join(session.session_data for session in Session.objects.all())
    assert "whsec_" not in kept


@pytest.mark.parametrize("path", [*SECTIONS, "profiles/{profile}/", "replies/{reply}/", "rules/{rule}/"])
def test_a_section_with_rows_has_no_text_that_cannot_be_translated(page, alice, owned, marked, path):
    create_token(alice, timezone.now())
    InboxRule.objects.filter(pk=owned["rule"]).update(enabled=False)
    BlockedAuthor.objects.update(is_hiding=True)
    path = path if path.startswith("/") else f"/settings/{path.format(**owned)}"
    assert untranslated(html(page.get(path))) == []


@pytest.mark.parametrize(("path", "body"), FORMS)
def test_what_a_form_answers_has_no_text_that_cannot_be_translated(page, owned, marked, path, body):
    path, body = filled(path, body, owned)
    for sent in (body, {}, body):
        answer = page.post(path, sent, follow=True)
        if answer.status_code == 200:
            assert untranslated(answer.content.decode()) == []


@pytest.mark.parametrize(("path", "body"), FORMS)
def test_messages_that_no_page_has_shown_do_not_pile_up(page, owned, path, body):
    page.post("/settings/", {"theme": "light", "density": "compact"})
    page.post(*filled(path, body, owned))
    assert len(page.get("/settings/").context["messages"]) <= 1


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/settings/", "Choose a theme of the list."),
        ("/settings/tokens/", "Give the token a name"),
        ("/settings/profiles/new/", "Choose the platform."),
        ("/settings/replies/new/", "Give it a name, by which you find it when you answer."),
        ("/settings/replies/{reply}/", "Give it a name, by which you find it when you answer."),
        ("/settings/rules/new/", "This field is required."),
        ("/settings/rules/{rule}/", "This field is required."),
    ],
)
def test_a_form_without_a_body_gets_errors_and_changes_nothing(strict, owned, path, sentence):
    before = stored()
    path = path.format(**owned)
    strict.get(path)
    answer = strict.post(path, headers={"X-CSRFToken": strict.cookies["csrftoken"].value})
    assert sentence in shown(answer)
    assert (html(answer).count('aria-invalid="true"') > 0, stored()) == (True, before)
