"""The admin of users, profiles and inbox rows: searches of large tables, read-only rows, secrets, permissions."""

import pytest
from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Profile, TokenName, User
from demo.models import StoryEvent
from interactions.models import Content, DeadLetter, Enrichment, Interaction, PendingChange, UnindexedRange
from interactions.tasks import fill_search
from tests.admin_client import LETTERS, act, page
from tests.world import demo_of, event, send

OURS = [
    model
    for name in ("accounts", "interactions", "demo")
    for model in apps.get_app_config(name).get_models()
    if model is not TokenName  # its key is the token's digest
]
READ_ONLY = (Content, Interaction, PendingChange, DeadLetter, Enrichment, UnindexedRange, StoryEvent)
INTERACTIONS = "admin:interactions_interaction_changelist"


def test_every_model_of_ours_is_registered(operator, alice, live):
    demo_of(alice)
    for model in OURS:
        page(operator, f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", READ_ONLY)
def test_ingested_rows_are_read_only(operator, alice, live, model):
    fill_search()
    demo_of(alice)
    send(live, event("comment.edited", "never-arrives"))
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert operator.get(reverse(f"{name}_add")).status_code == 403
    row = model.objects.first()
    assert operator.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    assert operator.post(reverse(f"{name}_change", args=[row.pk]), {"text": "x"}).status_code == 403
    assert operator.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_a_dead_letter_shows_its_event_and_can_be_replayed_when_it_is_valid(operator, live, monkeypatch):
    name = LETTERS
    send(live, {"type": "comment.liked", "id": "later", "note": "<script>"})
    liked = DeadLetter.objects.latest("pk")
    detail = operator.get(reverse("admin:interactions_deadletter_change", args=[liked.pk])).content.decode()
    assert "&quot;type&quot;: &quot;comment.liked&quot;" in detail
    assert "&lt;script&gt;" in detail
    assert act(operator, name, "replay", *DeadLetter.objects.all()) == [
        "2 events were rejected again and kept."
    ]
    DeadLetter.objects.filter(pk=liked.pk).update(
        raw=b'{"type": "comment.deleted", "id": "comment", "occurred_at": "2026-03-03T00:00:00Z"}'
    )
    assert act(operator, name, "replay", *DeadLetter.objects.all()) == [
        "1 event was stored. 1 event was rejected again and kept."
    ]
    assert Interaction.objects.get(platform_id="comment").deleted_at is not None
    assert DeadLetter.objects.count() == 1


def test_a_too_deeply_nested_dead_letter_is_shown_and_kept(operator, live):
    letter = DeadLetter.objects.get()
    DeadLetter.objects.filter(pk=letter.pk).update(raw=b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    change = operator.get(reverse("admin:interactions_deadletter_change", args=[letter.pk]))
    assert "[[[[" in change.content.decode()
    assert act(operator, LETTERS, "replay", letter) == ["1 event was rejected again and kept."]
    assert DeadLetter.objects.count() == 1


def found(operator: Client, words: str) -> set[str]:
    rows = operator.get(reverse(INTERACTIONS), {"q": words}).context["cl"].result_list
    return {row.platform_id for row in rows}


def test_rows_are_found_by_id_handle_and_text(operator, live, bob):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="bob-1", handle="harbour_inn")
    send(live, event("comment.created", "needle", text="Where is the harbour?"))
    send(other, event("comment.created", "needle", text="needles and pins"), event("message.created", "note"))
    assert found(operator, " needle ") == {"needle"}
    assert found(operator, "pins needles") == {"needle"}
    assert found(operator, "HARBOUR") == {"needle"}
    assert found(operator, "@harbour_inn") == found(operator, "harbour_inn") == {"needle", "note"}
    assert found(operator, "person") == found(operator, "") == {"comment", "message", "needle", "note"}
    assert found(operator, "needl xyz") == set()


def test_texts_are_searched_in_the_newest_rows_and_handles_in_all(operator, live, monkeypatch):
    monkeypatch.setattr("interactions.admin.MAX_SEARCHED", 2)
    send(live, *(event("comment.created", f"c{n}", text="rain") for n in range(5)))
    assert found(operator, "rain") == {"c3", "c4"}
    assert found(operator, "c0") == {"c0"}
    assert len(found(operator, "alice")) == 7


def test_large_tables_are_counted_up_to_a_maximum(operator, live, monkeypatch):
    monkeypatch.setattr("interactions.admin.MAX_COUNTED", 2)
    send(live, *(event("comment.created", f"c{n}") for n in range(5)))
    assert operator.get(reverse(INTERACTIONS)).context["cl"].result_count == 2


def test_a_demos_profiles_cannot_be_changed(operator, alice, bob):
    demo_of(alice)
    [before, *_] = Profile.objects.filter(is_demo=True).order_by("pk").values()
    body = {"owner": bob.pk, "platform": "x", "platform_id": "z", "handle": "h", "display_name": "d"}
    operator.post(reverse("admin:accounts_profile_change", args=[before["id"]]), body)
    assert Profile.objects.filter(pk=before["id"]).values().get() == before


def test_a_signing_secret_is_shown_only_when_it_is_created(operator, alice):
    add = reverse("admin:accounts_profile_add")
    fields = {"owner": alice.pk, "platform": "x", "platform_id": "1", "handle": "acme", "display_name": ""}
    operator.post(add, fields)
    profile = Profile.objects.get()
    shown = page(operator, "admin:accounts_profile_changelist")
    assert profile.webhook_secret in shown
    assert "whsec_" not in page(operator, "admin:accounts_profile_changelist")
    change = reverse("admin:accounts_profile_change", args=[profile.pk])
    assert "whsec_" not in operator.get(change).content.decode()
    [message] = act(operator, "admin:accounts_profile_changelist", "rotate_secrets", profile, confirmed="1")
    previous = profile.webhook_secret
    profile.refresh_from_db()
    assert profile.webhook_secret in message
    assert profile.webhook_secret_previous == previous


def test_a_profile_shows_its_absolute_webhook_url(operator, live, settings):
    settings.ALLOWED_HOSTS = ["inbox.example.com"]
    change = reverse("admin:accounts_profile_change", args=[live.pk])
    for secure, scheme in ((False, "http"), (True, "https")):
        shown = operator.get(change, secure=secure, headers={"Host": "inbox.example.com"}).content.decode()
        assert f">{scheme}://inbox.example.com/api/v1/webhooks/profiles/{live.uuid}/<" in shown


@pytest.mark.parametrize(
    ("name", "kept"), [("Café  👩‍🍳 ", "Café 👩‍🍳"), ("", ""), ("\u3164", None), ("Ac\u202eme", None)]
)
def test_a_profiles_display_name_must_be_readable(operator, alice, name, kept):
    fields = {"owner": alice.pk, "platform": "x", "platform_id": "1", "handle": "acme", "display_name": name}
    page = operator.post("/admin/accounts/profile/add/", fields).content.decode()
    assert list(Profile.objects.values_list("display_name", flat=True)) == ([] if kept is None else [kept])
    assert ("The display name must be a name of 1 to 255 characters" in page) == (kept is None)


@pytest.mark.parametrize("model", [User, Profile])
def test_users_and_profiles_cannot_be_deleted_in_the_admin(operator, alice, live, model):
    name = f"admin:accounts_{model._meta.model_name}"
    row = model.objects.first()
    assert operator.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    act(operator, f"{name}_changelist", "delete_selected", row, post="yes")
    assert model.objects.filter(pk=row.pk).exists()


def test_saving_a_profile_keeps_a_secret_that_was_rotated_meanwhile(operator, live, monkeypatch):
    real = ModelAdmin.get_form

    def rotate_meanwhile(self, request, obj=None, **options):
        secrets.append(Profile.objects.get(pk=live.pk).rotate_secret())
        return real(self, request, obj, **options)

    secrets: list[str] = []
    monkeypatch.setattr(ModelAdmin, "get_form", rotate_meanwhile)
    body = {
        "owner": live.owner_id,
        "platform": "x",
        "platform_id": "live-1",
        "handle": "new",
        "display_name": "",
    }
    operator.post(reverse("admin:accounts_profile_change", args=[live.pk]), body)
    live.refresh_from_db()
    assert (live.handle, live.platform, live.webhook_secret) == ("new", "x", secrets[-1])


def test_dead_letters_are_searched_by_reason_in_the_newest(operator, live, monkeypatch):
    name = reverse(LETTERS)
    send(live, *({"type": "comment.created", "id": f"c{number}"} for number in range(3)))
    assert operator.get(name, {"q": "occurred_at"}).context["cl"].result_count == 3
    monkeypatch.setattr("interactions.admin.MAX_SEARCHED", 2)
    assert operator.get(name, {"q": "occurred_at"}).context["cl"].result_count == 2
    assert operator.get(name).context["cl"].result_count == 4


@pytest.mark.parametrize("lookup", ["webhook_secret__startswith", "webhook_secret_previous__regex"])
def test_lists_cannot_be_filtered_by_a_secret(operator, live, lookup):
    assert operator.get(reverse("admin:accounts_profile_changelist"), {lookup: "whsec_"}).status_code == 400


@pytest.mark.parametrize(
    ("model", "indexes"),
    [
        (Content, ["content_is_stored_once"]),
        (Interaction, ["interaction_is_stored_once"]),
        (StoryEvent, ["story_event_is_planned_once", "story_figures_of_a_piece"]),
    ],
)
def test_an_exact_id_is_looked_up_in_the_index_once_for_each_profile(operator, alice, model, indexes):
    """It never scans the table or the whole index."""
    demo_of(alice)
    row = model.objects.order_by("pk").first()
    name = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    with CaptureQueriesContext(connection) as queries:
        shown = operator.get(
            name, {"q": row.platform_id, **({"delivery_state": "any"} if model is StoryEvent else {})}
        )
    assert row.pk in [found.pk for found in shown.context["cl"].result_list]
    asked = [query["sql"] for query in queries if f"\"platform_id\" = '{row.platform_id}'" in query["sql"]]
    searches = [sql for sql in asked if "accounts_profile" in sql.split("WHERE")[0]][: len(indexes)]
    with connection.cursor() as cursor:
        # PostgreSQL would scan the few rows of a small profile, so it plans for a large table.
        cursor.execute("ANALYZE")
        cursor.execute("UPDATE pg_class SET reltuples = 1000000 WHERE relname = %s", [model._meta.db_table])
        plans = []
        for search in searches:
            cursor.execute(
                f"EXPLAIN {search[search.index('SELECT') :]}"
            )  # it is preceded by the statement timeout
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    for plan, index in zip(plans, indexes, strict=True):
        assert index in plan
        assert "Index Cond: ((profile_id = accounts_profile.id) AND ((platform_id)::text = " in plan
        assert ("Join" in plan, "Nested Loop" in plan) == (False, False)


def test_staff_who_may_change_users_and_groups_cannot_extend_their_permissions(client, operator):
    helper = User.objects.create_user("helper", is_staff=True)
    helper.user_permissions.add(*Permission.objects.filter(codename__in=("change_user", "change_group")))
    helper.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(helper)
    change = reverse("admin:accounts_user_change", args=[helper.pk])
    body = {"username": "helper", "email": "new@example.com", "is_active": "on", "is_superuser": "on"}
    body |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00", "is_staff": "on"}
    body |= {"theme": "system", "density": "comfortable"}
    assert client.post(change, body).status_code == 302
    helper.refresh_from_db()
    assert (helper.email, helper.is_superuser, helper.is_staff) == ("new@example.com", False, True)
    above = User.objects.get(is_superuser=True)
    password = {"password1": "another good one", "password2": "another good one", "usable_password": "true"}
    change = reverse("admin:accounts_user_change", args=[above.pk])
    assert client.post(change, body | {"username": "taken"}).status_code == 403
    assert client.post(f"/admin/accounts/user/{above.pk}/password/", password).status_code == 403
    assert not User.objects.get(pk=above.pk).has_usable_password()
    group = Group.objects.create(name="group")
    change = reverse("admin:auth_group_change", args=[group.pk])
    everything = [permission.pk for permission in Permission.objects.all()]
    assert client.post(change, {"name": "group", "permissions": everything}).status_code == 403
    assert client.get(change).status_code == 200
    assert group.permissions.count() == 0


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("?foo=1", "Filtering by foo not allowed"),
        ("?owner__password__startswith=a", "Filtering by owner__password__startswith not allowed"),
        ("?_popup=%00", "NUL character"),
    ],
)
def test_a_refused_admin_request_gets_our_page_and_one_log_line(
    operator, settings, capfd, caplog, query, why, debug
):
    settings.DEBUG = debug
    answer = operator.get(f"/admin/accounts/profile/{query}")
    shown = answer.content.decode()
    assert (answer.status_code, "<h1>Bad request</h1>" in shown, why in shown) == (400, True, True)
    refused = [
        record for record in caplog.records if "refused" in str(record.msg) or record.levelname != "INFO"
    ]
    assert [(record.levelname, record.exc_info) for record in refused] == [("INFO", None)]
    assert "Traceback" not in capfd.readouterr().err


def test_invalid_filters_get_an_error_page_that_does_not_blame_the_database(operator):
    shown = operator.get("/admin/accounts/profile/?e=1&is_demo__exact=x").content.decode()
    assert "The filters in this address cannot be read." in shown
    assert "atabase" not in shown
