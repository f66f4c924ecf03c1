"""Every form and route for a name or a text refuses unreadable or invisible ones with an error."""

import re
import unicodedata

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django_celery_beat.models import PeriodicTask

from accounts.models import Profile, User
from interactions.display import display_text
from interactions.models import Interaction

JSON = "application/json"
UNSEEN = ["\u3164", "\uffa0", "\u115f", "\u2800", "\u200b", "\u202e", "\u2066"]
NAMES = [*UNSEEN, "a\u3164b", "ac\u202eme", "ac\u200bme", "a\u00adb"]
READABLE = ["acme", "Café_1", "北京", "עדה", "ქართული"]
SENTENCE = "must be a name of 1 to"


@pytest.fixture
def staff(client, alice):
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    return client


def created(staff, name: str):
    return staff.post("/api/v1/users/", {"username": name}, content_type=JSON)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_user_with_an_unreadable_name_cannot_be_created_anywhere(operator, name):
    assert created(operator, name).status_code == 400
    body = {"username": name, "usable_password": "false"}
    assert operator.post("/admin/accounts/user/add/", body).status_code == 200
    with pytest.raises(CommandError) as refused:
        call_command("seed_demo", "--user", name, "--create", "--size", "smoke")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError):
        call_command("createsuperuser", "--noinput", "--username", name, "--email", "a@example.com")
    assert list(User.objects.values_list("username", flat=True)) == ["operator"]


@pytest.mark.parametrize("name", ["\u3164", "a\u3164b", "\uffa0"], ids=ascii)
def test_the_error_names_the_character_to_remove_from_a_user_name(staff, name):
    answer = created(staff, name)
    [sentence] = answer.json()["errors"]["username"]
    assert answer.status_code == 400
    assert re.match(
        r"The username must be a name of 1 to 150 characters in one line; remove U\+[0-9A-F]{4} ", sentence
    )


@pytest.mark.parametrize("name", READABLE)
def test_a_user_name_in_any_script_is_accepted(staff, name):
    assert created(staff, name).json()["username"] == name


@pytest.mark.sample(12)
@pytest.mark.parametrize("field", ["platform_id", "handle", "display_name"])
@pytest.mark.parametrize("text", NAMES, ids=ascii)
def test_an_unreadable_name_of_a_profile_is_refused(operator, alice, field, text):
    fields = {"owner": alice.pk, "platform": "x", "platform_id": "1", "handle": "acme", "display_name": ""}
    shown = operator.post("/admin/accounts/profile/add/", fields | {field: text}).content.decode()
    assert f"The {field.replace('_', ' ')} {SENTENCE} 255 characters" in shown
    assert not Profile.objects.exists()


def test_names_of_a_profile_are_stored_composed_and_with_single_blanks(operator, alice):
    names = {"platform_id": " 17841\u00a0\u20091 ", "handle": "Cafe\u0301", "display_name": "Café 👩‍🍳  "}
    operator.post("/admin/accounts/profile/add/", {"owner": alice.pk, "platform": "youtube"} | names)
    made = Profile.objects.get()
    assert (made.platform_id, made.handle, made.display_name) == ("17841 1", "Café", "Café 👩‍🍳")


@pytest.mark.parametrize(
    ("platform", "typed", "kept"),
    [
        ("instagram", "@alice", "alice"),
        ("instagram", " @@ al.ice_ ", "al.ice_"),
        ("x", "@X", "X"),
        ("facebook", "Acme.Coffee", "Acme.Coffee"),
        ("tiktok", "_acme.1", "_acme.1"),
        ("youtube", "@कॉफ़ी-हाउस", "कॉफ़ी-हाउस"),
        ("linkedin", "café-münchen", "café-münchen"),
    ],
)
def test_a_handle_is_stored_without_the_at_sign(operator, alice, platform, typed, kept):
    fields = {"owner": alice.pk, "platform": platform, "platform_id": "1", "display_name": ""}
    answer = operator.post("/admin/accounts/profile/add/", fields | {"handle": typed})
    assert (answer.status_code, Profile.objects.get().handle) == (302, unicodedata.normalize("NFC", kept))


ALONE = "The handle must be the name alone, such as acme, without an address or spaces: at most"
ENDS = "with no dot or hyphen at either end."
WITHIN = {
    "instagram": f"{ALONE} 30 letters from a to z, digits, dots and underscores, {ENDS}",
    "x": f"{ALONE} 15 letters from a to z, digits and underscores, {ENDS}",
    "linkedin": f"{ALONE} 100 letters of any language, digits, hyphens and underscores, {ENDS}",
}


@pytest.mark.sample(7)
@pytest.mark.parametrize(
    ("platform", "typed"),
    [
        *(("instagram", typed) for typed in ("a b", "@", "https://instagram.com/alice", "alice/", "al-ice")),
        *(("instagram", typed) for typed in ("a@b.example", "café", ".alice", "alice.", "a" * 31, "alice?a")),
        *(("x", typed) for typed in ("a.b", "a" * 16, "x.com/alice", "@alice bob")),
        *(("linkedin", typed) for typed in ("in/alice", "-alice", "a" * 101, "a b")),
    ],
)
def test_an_invalid_handle_of_the_platform_is_refused_with_an_error(operator, live, platform, typed):
    fields = {"owner": live.owner_id, "platform": platform, "platform_id": "1", "display_name": ""}
    for path in ("add", f"{live.pk}/change"):
        form = operator.post(f"/admin/accounts/profile/{path}/", fields | {"handle": typed}).context[
            "adminform"
        ]
        assert form.form.errors == {"handle": [WITHIN[platform]]}
    assert Profile.objects.get().handle == "alice"


@pytest.mark.parametrize("field", ["username", "first_name", "last_name"])
def test_an_unreadable_name_of_a_user_is_refused(operator, alice, field):
    body = {"username": "alice", "is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    body |= {"theme": "system", "density": "comfortable"}
    path = f"/admin/accounts/user/{alice.pk}/change/"
    shown = operator.post(path, body | {field: "a\u3164b"}).content.decode()
    assert f"The {field.replace('_', ' ')} {SENTENCE} 150 characters in one line; remove U+" in shown
    assert operator.post(path, body | {"first_name": " Ada  B ", "last_name": ""}).status_code == 302
    alice.refresh_from_db()
    assert (alice.username, alice.first_name) == ("alice", "Ada B")


@pytest.mark.parametrize("name", UNSEEN, ids=ascii)
def test_unreadable_names_of_groups_and_schedules_are_refused(operator, name):
    shown = operator.post("/admin/auth/group/add/", {"name": name}).content.decode()
    assert f"The name {SENTENCE} 150 characters" in shown
    task = {"name": name, "regtask": "demo.tasks.sweep", "interval": "", "one_off": ""}
    shown = operator.post("/admin/django_celery_beat/periodictask/add/", task).content.decode()
    assert f"The name {SENTENCE} 200 characters" in shown
    assert not Group.objects.exists()
    assert not PeriodicTask.objects.filter(name=name).exists()


@pytest.mark.parametrize(
    "text", ["  \u200b ", *UNSEEN, "\u200d", "\ufe0f", "\u0301", "\n\u3164\n", "\U000e0041"], ids=ascii
)
def test_a_reply_without_a_visible_character_is_not_queued(page, live, text):
    comment = Interaction.objects.get(platform_id="comment")
    answer = page.post(f"/api/v1/interactions/{comment.pk}/reply/", {"text": text}, content_type=JSON)
    sentence = "The text has no visible character; write letters, digits, signs or emoji."
    assert (answer.status_code, answer.json()["errors"]) == (400, {"text": [sentence]})
    assert not Interaction.objects.filter(direction="out").exists()


@pytest.mark.parametrize(
    "text", ["👩‍🍳", "!", "\u200fשלום", "a\u200bb", "ﷺ", "\U0001fadf", "\u06dd"], ids=ascii
)
def test_a_reply_with_a_visible_character_is_queued_and_shown(page, live, text):
    comment = Interaction.objects.get(platform_id="comment")
    answer = page.post(f"/api/v1/interactions/{comment.pk}/reply/", {"text": text}, content_type=JSON)
    assert (answer.status_code, answer.json()["text"], display_text(text)) == (201, text, text)
