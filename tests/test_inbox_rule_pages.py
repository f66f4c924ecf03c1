"""The section Inbox rules: their order, the form, the switch, and what one would have done."""

import re

import pytest

from accounts.models import Profile
from interactions.models import InboxRule, inbox_rules
from interactions.models.inbox_rules import InboxRuleChanged, InboxRuleQuerySet
from tests.settings_pages import HTMX, html, rule, shown, text_of
from tests.world import NOW, event, send

PATH = "/settings/rules/"
FIELDS = {"condition": "word", "value": "free crypto", "action": "hide"}


def create(page, **fields):
    return page.post(f"{PATH}new/", FIELDS | fields)


def change(page, row: InboxRule, **fields):
    return page.post(f"{PATH}{row.pk}/", FIELDS | {"seen": row.updated_at.isoformat()} | fields)


def move(page, row: InboxRule, position: object):
    return page.post(f"{PATH}{row.pk}/move/", {"position": position})


def stored() -> list[tuple]:
    columns = ("profile", "condition", "value", "action", "label", "enabled")
    return list(InboxRule.objects.order_by("position").values_list(*columns))


def values() -> list[str]:
    return [row[2] for row in stored()]


def dry_run(page, **fields) -> str:
    return shown(page.post(f"{PATH}dry-run/", FIELDS | fields, headers=HTMX))


def test_a_rule_is_created_listed_changed_and_deleted(page, profile):
    assert create(page, profile=profile.pk).headers["Location"] == "/settings/rules/"
    assert stored() == [(profile.pk, "word", "free crypto", "hide", "", True)]
    listed = shown(page.get(PATH))
    assert "The rule is saved. It applies to what arrives from now on." in listed
    assert "The text has the words free crypto Hide the comment · @brand" in listed
    row = InboxRule.objects.get()
    change(page, row, value="spam", action="label", label=" Scam ", profile="")
    assert stored() == [(None, "word", "spam", "label", "Scam", True)]
    page.post(f"{PATH}{row.pk}/delete/")
    assert stored() == []


def test_a_language_is_chosen_by_its_name(page):
    create(page, condition="language", value="", language="es", action="label", label="Español")
    assert stored() == [(None, "language", "es", "label", "Español", True)]
    assert "The text is in the language Spanish Label the thread Español · all profiles" in shown(
        page.get(PATH)
    )
    form = html(page.get(f"{PATH}{InboxRule.objects.get().pk}/"))
    assert '<option value="es" selected>Spanish</option>' in form


def test_only_the_fields_count_that_the_choices_ask_for(page):
    create(page, language="es", label="not asked for")
    create(page, condition="language", value="not asked for", language="de")
    assert stored() == [
        (None, "word", "free crypto", "hide", "", True),
        (None, "language", "de", "hide", "", True),
    ]


@pytest.mark.parametrize(
    ("fields", "beside", "sentence"),
    [
        ({"value": ""}, "value", "The value has no word: write letters or digits"),
        ({"value": "!!"}, "value", "The value has no word: write letters or digits"),
        ({"condition": "author", "value": "@"}, "value", "The value has no handle or id."),
        ({"condition": "language", "language": ""}, "language", "The language must be one of am, ar, az"),
        ({"condition": "language", "language": "tlh"}, "language", "Select a valid choice."),
        ({"condition": "mood"}, "condition", "Select a valid choice."),
        ({"action": "label"}, "label", "The action label needs the name of a label."),
        ({"action": "label", "label": "x" * 51}, "label", "The label must be a name of 1 to 50 characters"),
        ({"value": "x" * 256}, "value", "Ensure this value has at most 255 characters"),
        ({"profile": "999"}, "profile", "Choose one of your profiles."),
    ],
)
def test_a_wrong_rule_gets_a_sentence_beside_the_field_and_is_not_stored(
    page, alice, fields, beside, sentence
):
    row = rule(alice, "kept")
    for answer in (create(page, **fields), change(page, row, **fields)):
        assert sentence in html(answer).split(f'id="id_{beside}_error"')[1].split("</div>")[0]
    assert sentence in dry_run(page, **fields)
    assert values() == ["kept"]


def test_another_users_profile_cannot_be_chosen(page, bob):
    theirs = Profile.objects.create(owner=bob, platform="x", platform_id="1", handle="bob")
    assert "Choose one of your profiles." in shown(create(page, profile=theirs.pk))
    assert ("@bob" in html(page.get(f"{PATH}new/")), stored()) == (False, [])


def test_a_user_has_at_most_so_many(page, alice, monkeypatch):
    monkeypatch.setattr(inbox_rules, "MAX_RULES", 1)
    create(page)
    assert "which is the maximum. Delete one first." in shown(create(page))
    assert len(stored()) == 1


def test_rules_are_moved(page, alice):
    rows = {value: rule(alice, value) for value in "abc"}
    assert move(page, rows["c"], 1).headers["Location"] == "/settings/rules/"
    assert values() == ["c", "a", "b"]
    move(page, rows["c"], 1)
    assert values() == ["c", "a", "b"]
    move(page, rows["c"], 2)
    assert values() == ["a", "c", "b"]
    listed = html(page.get(PATH))
    assert re.findall(r'id="(up|down)-(\d+)" name="position" value="(\d+)"', listed) == [
        ("down", str(rows["a"].pk), "2"),
        ("up", str(rows["c"].pk), "1"),
        ("down", str(rows["c"].pk), "3"),
        ("up", str(rows["b"].pk), "2"),
    ]


@pytest.mark.parametrize("position", ["", "0", "51", "-1", "1.5", "\u0661", "x" * 100])
def test_a_position_that_is_none_is_404(page, alice, position):
    row = rule(alice, "a")
    assert (move(page, row, position).status_code, values()) == (404, ["a"])


def test_a_rule_is_disabled_and_enabled_again(page, alice, profile):
    row = rule(alice, "spam")
    page.post(f"{PATH}{row.pk}/switch/", {"enabled": "0"})
    assert 'aria-checked="false" name="enabled" value="1"' in html(page.get(PATH))
    assert "Disabled" in shown(page.get(f"{PATH}{row.pk}/"))
    send(profile, event("comment.created", "c1", text="spam"))
    page.post(f"{PATH}{row.pk}/switch/", {"enabled": "1"})
    send(profile, event("comment.created", "c2", text="spam"))
    hidden = page.get("/api/v1/interactions/?status=hidden").json()["results"]
    assert [one["platform_id"] for one in hidden] == ["c2"]


@pytest.mark.parametrize("was_enabled", [True, False])
@pytest.mark.parametrize("sent", [{}, *({"enabled": value} for value in ("", "true", "on", "01", "1 ", "2"))])
def test_an_unknown_value_of_the_switch_is_refused(page, alice, was_enabled, sent):
    row = rule(alice, "spam", enabled=was_enabled)
    answer = page.post(f"{PATH}{row.pk}/switch/", sent)
    assert answer.status_code == 422
    assert "A rule is enabled with 1 and disabled with 0. Nothing was changed." in text_of(answer)
    assert InboxRule.objects.values_list("enabled", "updated_at").get() == (was_enabled, row.updated_at)


def test_a_change_keeps_a_disabled_rule_disabled(page, alice):
    row = rule(alice, "spam", enabled=False)
    change(page, row, value="more spam")
    assert stored() == [(None, "word", "more spam", "hide", "", False)]


def test_a_change_made_elsewhere_is_not_lost_unseen(page, alice):
    row = rule(alice, "old")
    InboxRule.objects.change(InboxRule.objects.get(), NOW.replace(year=2027), value="from elsewhere")
    answer = change(page, row, value="mine")
    assert "It was changed elsewhere meanwhile." in shown(answer)
    assert values() == ["from elsewhere"]
    seen = html(answer).split('name="seen" value="')[1].split('"')[0].replace("&#x2B;", "+")
    change(page, row, value="mine", seen=seen)
    assert values() == ["mine"]


def test_a_change_at_the_same_moment_is_told_and_not_done(page, alice, monkeypatch):
    row = rule(alice, "old")

    def refuse(*_: object, **__: object) -> None:
        raise InboxRuleChanged

    monkeypatch.setattr(InboxRuleQuerySet, "change", refuse)
    switch = {"enabled": "0"}
    for send_form in (
        lambda: change(page, row),
        lambda: move(page, row, 1),
        lambda: page.post(f"{PATH}{row.pk}/switch/", switch),
    ):
        assert send_form().status_code == 302
        assert "The rule was changed elsewhere at the same moment." in shown(page.get(PATH))


def test_a_dry_run_shows_what_would_have_matched_and_changes_nothing(page, profile):
    send(
        profile,
        *(
            event("comment.created", f"c{n}", f"2026-03-01T12:{n:02}:00Z", text=f"Free crypto {n}")
            for n in range(12)
        ),
        event("comment.created", "other", text="A kind word"),
    )
    text = dry_run(page)
    assert "12 of the newest 13 received comments and messages match" in text
    assert ("Free crypto 11" in text, "Free crypto 2" in text, "Free crypto 1 " in text) == (
        True,
        True,
        False,
    )
    assert text.index("Free crypto 11") < text.index("Free crypto 10")
    assert ("The newest 10 are shown." in text, "A kind word" in text) == (True, False)
    assert (stored(), page.get("/api/v1/interactions/?status=hidden").json()["results"]) == ([], [])


def test_a_dry_run_of_nothing_says_so(page, live):
    assert "0 of the newest 2 received comments and messages match It would have done nothing." in dry_run(
        page
    )


def test_a_dry_run_reads_only_the_users_rows_with_few_queries(page, bob, live, django_assert_num_queries):
    theirs = Profile.objects.create(owner=bob, platform="x", platform_id="1", handle="bob")
    send(theirs, event("comment.created", "c", text="free crypto"))
    assert "0 of the newest 2" in dry_run(page)
    send(live, *(event("comment.created", f"c{n}", text=f"free crypto {n}") for n in range(9)))
    with django_assert_num_queries(4):
        page.post(f"{PATH}dry-run/", FIELDS, headers=HTMX)
