"""Inbox rules over REST, in the ingest and in the admin: what matches, what is done, and in which order."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from eld import LanguageDetector
from eld.languageData import languageData
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Profile, User
from interactions.models import (
    BlockedAuthor,
    Decision,
    InboxRule,
    Interaction,
    Label,
    Moderation,
    Thread,
    inbox_rules,
)
from interactions.models.inbox_rules import InboxRuleQuerySet
from interactions.moderation.languages import LANGUAGES, language_of
from interactions.threads.decisions import decide
from interactions.threads.hiding import set_hidden
from tests.commands import run
from tests.expected_threads import check_threads, threads_as_seen
from tests.world import HOUR, NOW, SECOND, T, at, demo_of, event, send

JSON = "application/json"
PATH = "/api/v1/inbox-rules/"
SPANISH = "¿Cuándo abren la tienda los domingos?"


def rule(owner: User, condition: str, value: str, action: str = "hide", label: str = "", **more) -> InboxRule:
    return InboxRule.objects.store(
        owner, NOW, condition=condition, value=value, action=action, label=label, **more
    )


def create(client: Client, **fields):
    body = {"condition": "word", "value": "spam", "action": "hide"} | fields
    return client.post(PATH, body, content_type=JSON)


def change(client: Client, id: int, /, **fields):
    return client.patch(f"{PATH}{id}/", fields, content_type=JSON)


def comment(id: str, text: str = "a comment", when=T[0], **fields) -> dict:
    return event("comment.created", id, at(when), text=text, **fields)


def message(id: str, text: str = "a message", when=T[0], **fields) -> dict:
    return event("message.created", id, at(when), text=text, **fields)


def hidden() -> set[str]:
    return set(Interaction.objects.exclude(hidden_at=None).values_list("platform_id", flat=True))


def labels() -> dict[str, list[str]]:
    names = dict(Label.objects.values_list("pk", "name"))
    return {
        one.root_ref: sorted(names[id] for id in one.label_ids)
        for one in Thread.objects.all()
        if one.label_ids
    }


# The API


def test_a_rule_is_created_read_changed_and_deleted(page, profile):
    created = create(page, value="free crypto", profile=profile.pk)
    row = created.json()
    assert (created.status_code, list(row)) == (
        201,
        [
            "id",
            "position",
            "profile",
            "condition",
            "value",
            "action",
            "label",
            "enabled",
            "created_at",
            "updated_at",
        ],
    )
    assert [row[name] for name in ("position", "profile", "value", "action", "label")] == [
        1,
        profile.pk,
        "free crypto",
        "hide",
        None,
    ]
    assert page.get(f"{PATH}{row['id']}").json() == row
    changed = change(page, row["id"], action="label", label=" spam ", profile=None).json()
    assert [changed[name] for name in ("action", "label", "profile")] == ["label", "spam", None]
    back = change(page, row["id"], action="done").json()
    assert (back["label"], page.get(PATH).json()["results"]) == (None, [back])
    assert page.get(PATH).json() == {"next": None, "previous": None, "results": [back]}
    codes = [page.delete(f"{PATH}{row['id']}/").status_code for _ in range(2)]
    assert (codes, page.get(PATH).json()["results"]) == ([204, 404], [])


def test_a_disabled_rule_does_nothing_until_it_is_enabled(page, alice, profile):
    row = create(page, value="spam").json()
    assert row["enabled"] is True
    assert change(page, row["id"], enabled=False).json()["enabled"] is False
    send(profile, comment("c1", "spam"))
    assert hidden() == set()
    rule(alice, "word", "spam", "done")
    send(profile, comment("c2", "more spam"))
    assert (hidden(), Decision.objects.count()) == (set(), 1)
    change(page, row["id"], enabled=True)
    send(profile, comment("c3", "spam again"))
    assert hidden() == {"c3"}
    assert create(page, value="x", enabled=False).json()["enabled"] is False


def test_a_process_that_knows_no_disabled_rules_inserts_enabled_ones(alice):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_inboxrule"
            " (owner_id, position, condition, value, action, label, created_at, updated_at)"
            " VALUES (%s, 1, 'word', 'spam', 'hide', '', now(), now())",
            [alice.pk],
        )
    assert InboxRule.objects.get().enabled


def test_a_position_moves_the_others(page):
    def order() -> list[str]:
        rows = page.get(PATH).json()["results"]
        assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
        return [row["value"] for row in rows]

    ids = {value: create(page, value=value).json()["id"] for value in "abc"}
    assert order() == ["a", "b", "c"]
    assert create(page, value="d", position=2).json()["position"] == 2
    assert order() == ["a", "d", "b", "c"]
    assert change(page, ids["c"], position=1).json()["position"] == 1
    assert order() == ["c", "a", "d", "b"]
    assert change(page, ids["c"], position=50).json()["position"] == 4
    assert order() == ["a", "d", "b", "c"]
    page.delete(f"{PATH}{ids['a']}/")
    assert change(page, ids["b"], position=1).json()["position"] == 1
    assert order() == ["b", "d", "c"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"condition": "regex"}, "condition"),
        ({"action": "delete"}, "action"),
        ({"value": ""}, "value"),
        ({"value": "!!! 🔥"}, "value"),
        ({"value": "x" * 256}, "value"),
        ({"condition": "author", "value": "@"}, "value"),
        ({"condition": "language", "value": "english"}, "value"),
        ({"action": "label"}, "label"),
        ({"action": "label", "label": "\u200b"}, "label"),
        ({"action": "label", "label": "x" * 51}, "label"),
        ({"label": "spam"}, "label"),
        ({"position": 0}, "position"),
        ({"position": 51}, "position"),
        ({"owner": 1}, "owner"),
    ],
)
def test_an_invalid_field_is_400_and_named(page, fields, field):
    row = create(page).json()
    for answer in (create(page, **fields), change(page, row["id"], **fields)):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert page.get(PATH).json()["results"] == [row]


def test_another_users_rules_and_profiles_are_404(page, profile, bob):
    row = create(page).json()
    page.force_login(bob)
    path = f"{PATH}{row['id']}/"
    answers = [page.get(path), change(page, row["id"], value="x"), page.delete(path)]
    answers += [create(page, profile=profile.pk)]
    answers += [page.post(f"{PATH}dry-run/", row_body(profile=profile.pk), content_type=JSON)]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert page.get(PATH).json()["results"] == []


def test_a_user_has_at_most_fifty(page, alice, bob):
    for number in range(49):
        rule(alice, "word", f"w{number}")
    assert [create(page).status_code for _ in range(2)] == [201, 409]
    page.force_login(bob)
    assert create(page).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_do_not_exceed_the_limit_and_number_the_rules(alice, monkeypatch):
    monkeypatch.setattr(inbox_rules, "MAX_RULES", 3)

    def ask(number: int) -> int:
        client = Client()
        client.force_login(alice)
        code = create(client, position=1).status_code
        connection.close()
        return code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(ask, range(6))) == [201] * 3 + [409] * 3
    assert sorted(InboxRule.objects.values_list("position", flat=True)) == [1, 2, 3]


def test_the_number_of_queries_is_constant(page, alice, profile, django_assert_num_queries):
    for number in range(3):
        rule(alice, "word", f"w{number}", profile=profile)
        with django_assert_num_queries(3):  # session, user, rows
            page.get(PATH)
        # session, user, row, time, savepoint, lock, rules, row, and twice savepoint, positions; savepoint, row
        with django_assert_num_queries(12):
            change(page, InboxRule.objects.first().pk, position=1)
        send(profile, comment(f"c{number}", "w1"))
        with django_assert_num_queries(3):  # session, user, rows
            page.post(f"{PATH}dry-run/", row_body(value="w1"), content_type=JSON)


# The dry run


def row_body(**fields) -> dict:
    return {"condition": "word", "value": "spam", "action": "hide"} | fields


def dry_run(client: Client, **fields) -> dict:
    return client.post(f"{PATH}dry-run/", row_body(**fields), content_type=JSON).json()


def test_a_dry_run_names_the_received_rows_that_match_and_changes_nothing(page, alice, profile):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="brand", handle="brand")
    ids = [
        result.id
        for result in send(
            profile,
            comment("c1", "SPAM here"),
            comment("c2", "no", T[1]),
            comment("c3", "spam", T[2]),
            message("m1", "spam", T[3]),
            comment("out", "spam", T[4], author={"id": "brand"}),
        )
    ]
    [elsewhere] = send(other, comment("c4", "spam", T[5]))
    assert dry_run(page) == {"read": 5, "matched": 3, "ids": [elsewhere.id, ids[2], ids[0]]}
    assert dry_run(page, action="done", profile=profile.pk) == {
        "read": 4,
        "matched": 3,
        "ids": [ids[3], ids[2], ids[0]],
    }
    assert (hidden(), Decision.objects.count(), InboxRule.objects.count()) == (set(), 0, 0)


def test_a_dry_run_reads_the_newest_five_hundred(page, profile):
    send(profile, *(comment(f"c{number}", "spam", NOW - number * HOUR) for number in range(501)))
    result = dry_run(page)
    assert (result["read"], result["matched"], len(result["ids"])) == (500, 500, 500)
    assert Interaction.objects.get(platform_id="c500").pk not in result["ids"]


def test_a_dry_run_with_an_invalid_rule_is_400(page, db):
    answer = page.post(f"{PATH}dry-run/", row_body(action="label"), content_type=JSON)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["label"])


# What matches


@pytest.mark.parametrize(
    ("value", "text", "matches"),
    [
        ("spam", "This is SPAM!", True),
        ("spam", "spammer", False),
        ("spam", "antispam", False),
        ("free crypto", "Get free  CRYPTO, now", True),
        ("free crypto", "crypto free", False),
        ("free crypto", "free of crypto", False),
        ("cafe", "the CAFÉ", True),
        ("café", "a cafe", True),
        ("crypto.gains", "crypto gains", True),
        ("7", "7 days", True),
        ("متجر", "هذا متجر", True),
        ("the end", "not the end", True),
    ],
)
def test_words_match_whole_words_in_sequence(profile, alice, value, text, matches):
    rule(alice, "word", value)
    send(profile, comment("c1", text))
    assert hidden() == ({"c1"} if matches else set())


@pytest.mark.parametrize(
    ("value", "matches"),
    [
        ("spam.bot", True),
        ("@Spam.Bot", True),
        ("Person-66", True),
        ("spam", False),
        ("Spam Bot", False),
    ],
)
def test_an_author_matches_by_exact_handle_or_id(profile, alice, value, matches):
    rule(alice, "author", value)
    author = {"id": "person-66", "handle": "Spam.Bot", "name": "Spam Bot"}
    send(profile, comment("c1", author=author), comment("c2", author={"id": "x"}))
    assert hidden() == ({"c1"} if matches else set())


def test_a_rule_gives_the_label_of_the_profile_that_differs_in_case_only(profile, alice):
    label = Label.objects.create(profile=profile, is_demo=False, name="spam")
    rule(alice, "word", "spam", "label", "Spam")
    rule(alice, "word", "new", "label", "New")
    send(profile, comment("c1", "spam"), comment("c2", "new"))
    send(profile, comment("c3", "spam"), comment("c4", "new"))
    assert labels() == {"c1": ["spam"], "c2": ["New"], "c3": ["spam"], "c4": ["New"]}
    assert (Label.objects.count(), Thread.objects.get(root_ref="c1").label_ids) == (2, [label.pk])


def test_a_language_matches_texts_that_can_be_told(profile, alice):
    rule(alice, "language", "es", "label", "Spanish")
    send(
        profile,
        comment("es", SPANISH),
        comment("en", "When do you open on Sundays?"),
        comment("short", "me encanta"),
        comment("emoji", "🔥🔥🔥"),
    )
    assert labels() == {"es": ["Spanish"]}


def test_the_languages_are_those_of_the_library_and_the_same_text_has_the_same_language():
    LanguageDetector()
    assert sorted(LANGUAGES) == sorted(languageData.lang_codes.values())
    assert {language_of(SPANISH) for _ in range(20)} == {"es"}
    assert language_of("@ada_winter https://example.com/muchas-gracias #todos") is None
    assert [language_of(text) for text in ("", " ", "\x00", "a" * 65_000)] == [None] * 4


# What is done


def test_the_first_rule_by_position_that_matches_acts_alone(profile, alice):
    rule(alice, "word", "spam", "label", "first")
    rule(alice, "word", "spam", "hide")
    rule(alice, "word", "offer", "hide", position=1)
    send(profile, comment("c1", "spam"), comment("c2", "spam offer"))
    assert (hidden(), labels()) == ({"c2"}, {"c1": ["first"]})


def test_a_rule_of_a_profile_and_of_another_user_leaves_the_others_alone(profile, alice, bob):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="brand", handle="brand")
    rule(alice, "word", "spam", profile=other)
    rule(bob, "word", "spam")
    send(profile, comment("c1", "spam"))
    send(other, comment("c2", "spam"))
    assert hidden() == {"c2"}


def test_a_hidden_live_comment_is_queued_for_its_network(profile, alice):
    rule(alice, "word", "spam")
    send(profile, comment("c1", "spam"), at=NOW)
    row = Moderation.objects.get()
    assert (row.action, row.requested_at, row.status(NOW)) == ("hide", NOW, "waiting")
    check_threads(NOW)


def test_a_hide_rule_passes_messages_on_to_the_next_rule(profile, alice):
    rule(alice, "word", "spam")
    rule(alice, "word", "spam", "done")
    send(profile, message("m1", "spam"))
    assert (hidden(), Thread.objects.get().status) == (set(), "done")


def test_a_done_rule_covers_only_its_row(profile, alice):
    rule(alice, "word", "thanks", "done")
    send(profile, message("m1", "thanks", T[1]), at=NOW)
    thread = Thread.objects.get()
    assert (thread.status, thread.unread) == ("done", False)
    assert Decision.objects.values_list("status", "author_name", "at").get() == ("done", "inbox rules", NOW)
    send(profile, message("m0", "a question", T[0]), at=NOW + SECOND)
    assert Thread.objects.get().status == "done"
    send(profile, message("m2", "a question", T[2]), at=NOW + SECOND)
    assert (Thread.objects.get().status, Thread.objects.get().unread) == ("open", True)
    check_threads(NOW)


def test_a_done_rule_leaves_a_newer_row_of_its_batch_unread(profile, alice):
    rule(alice, "word", "thanks", "done")
    send(profile, message("m1", "thanks", T[0]), message("m2", "a question", T[1]))
    assert (Thread.objects.get().status, Thread.objects.get().unread) == ("open", True)


def test_a_done_rule_changes_no_decision_that_covers_its_row(profile, alice):
    rule(alice, "word", "thanks", "done")
    send(profile, message("m2", "a question", T[2]))
    decide([Thread.objects.get().pk], "archived", NOW)
    send(profile, message("m1", "thanks", T[1]))
    assert Thread.objects.get().status == "archived"
    send(profile, message("m3", "thanks", T[3]))
    assert Thread.objects.get().status == "done"


def test_own_words_edits_and_repetitions_match_no_rule(profile, alice):
    rule(alice, "word", "spam")
    send(profile, comment("own", "spam", author={"id": "brand"}), comment("c1", "fine"))
    send(profile, event("comment.edited", "c1", at(NOW), text="spam"))
    assert hidden() == set()
    send(profile, comment("c2", "spam"))
    set_hidden([Interaction.objects.get(platform_id="c2").pk], False, NOW)
    send(profile, comment("c2", "spam"))
    assert hidden() == set()


def test_the_text_of_the_creation_counts_even_if_its_edit_came_before(profile, alice):
    rule(alice, "word", "spam")
    edits = [event("comment.edited", id, at(NOW), text=text) for id, text in (("c1", "fine"), ("c2", "spam"))]
    send(profile, *edits)
    send(profile, comment("c1", "spam"), comment("c2", "fine"))
    assert hidden() == {"c1"}


@pytest.mark.parametrize("later", [True, False])
def test_an_unhide_of_the_network_wins_if_it_is_later_in_any_order(profile, alice, later):
    rule(alice, "word", "spam")
    unhidden = event("comment.unhidden", "c1", at(T[1] if later else T[0] - SECOND))
    for order in ([comment("c1", "spam"), unhidden], [unhidden, comment("c1", "spam")]):
        with transaction.atomic():
            for one in order:
                send(profile, one)
            assert hidden() == (set() if later else {"c1"})
            transaction.set_rollback(True)


def test_a_rule_that_is_deleted_or_new_changes_no_stored_row(page, profile, alice):
    send(profile, comment("c1", "spam"))
    row = create(page).json()
    send(profile, comment("c2", "spam"))
    page.delete(f"{PATH}{row['id']}/")
    send(profile, comment("c3", "spam"))
    assert hidden() == {"c2"}


def test_rules_act_in_demos_too(alice, profile):
    rule(alice, "language", "en", "label", "English")
    demo_of(alice)
    assert {tuple(names) for names in labels().values()} == {("English",)}
    assert set(Label.objects.values_list("is_demo", flat=True)) == {True}


# The order of arrival


@pytest.mark.parametrize("late", [0, 1, 2])
def test_of_decisions_of_one_time_the_one_that_covers_most_holds_when_threads_merge(profile, alice, late):
    rule(alice, "word", "thanks", "done")
    events = [comment("p", parent_id="first"), comment("a", "thanks", T[1], parent_id="first")]
    events += [comment("b", "thanks", T[1], parent_id="p")]
    for one in [*events[:late], *events[late + 1 :], events[late]]:
        send(profile, one)
    thread = Thread.objects.get()
    assert (thread.status, thread.covers_ref, Decision.objects.count()) == ("done", "b", 2)


@st.composite
def histories(draw) -> list[dict]:
    """Comments, replies and messages, some of which rules match, with their edits, deletions and unhides."""
    events = []
    for id in draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)):
        when = draw(st.sampled_from(T))
        text = draw(st.sampled_from(["spam", "thanks", "question", "hello"]))
        author = {"id": draw(st.sampled_from(["brand", "person", "troll"]))}
        if draw(st.booleans()):
            parent = draw(st.sampled_from([None, "a", "b", "missing"]))
            events.append(comment(id, text, when, author=author, parent_id=None if parent == id else parent))
        else:
            conversation = draw(st.sampled_from(["x", "y"]))
            events.append(message(id, text, when, author=author, conversation_id=conversation))
        kind = events[-1]["type"].partition(".")[0]
        for change in draw(
            st.lists(st.sampled_from(["edited", "deleted", "hidden", "unhidden"]), max_size=2)
        ):
            if kind == "comment" or change in ("edited", "deleted"):
                events.append(event(f"{kind}.{change}", id, at(draw(st.sampled_from(T)))))
    return events


def outcome(profile: Profile, batches: list[list[dict]]) -> tuple:
    """What the batches leave on a profile without rows, without what depends on the time of arrival."""
    with transaction.atomic():
        for batch in batches:
            send(profile, *batch)
            check_threads(NOW)
        left_out = ("unread", "read_at", "label_ids")
        history = sorted(Decision.objects.values_list("thread__root_ref", "status", "author_name"))
        seen = threads_as_seen(without=left_out), hidden(), labels(), history
        transaction.set_rollback(True)
    return seen


@given(data=st.data())
def test_any_permutation_repetition_and_split_leaves_the_same(profile, alice, data):
    with transaction.atomic():
        rule(alice, "word", "spam", "hide")
        rule(alice, "word", "thanks", "done")
        rule(alice, "word", "question", "label", "Q")
        BlockedAuthor.objects.create(profile=profile, is_demo=False, author_id="troll", created_at=NOW)
        events = data.draw(histories())
        again = data.draw(st.lists(st.sampled_from(events), max_size=4))
        order = data.draw(st.permutations([*events, *again]))
        split = data.draw(st.integers(0, len(order)))
        expected = outcome(profile, [events])
        assert outcome(profile, [order[:split], order[split:]]) == expected
        transaction.set_rollback(True)


@pytest.mark.sample(3)
@pytest.mark.parametrize("action", ["hide", "done", "label"])
@pytest.mark.parametrize("name", ["comment", "message"])
def test_a_row_that_is_created_twice_is_treated_the_same_in_any_order(profile, alice, action, name):
    rule(alice, "word", "spam", action, "Q" if action == "label" else "")
    create = comment if name == "comment" else message
    events = [
        create("c1", "spam", T[0]),
        create("c1", "spam", T[3]),
        event(f"{name}.deleted", "c1", at(T[2])),
    ]
    if name == "comment":
        events.append(event("comment.unhidden", "c1", at(T[1])))
    found = set()
    for order in permutations(events):
        with transaction.atomic():
            for one in order:
                send(profile, one)
            check_threads(NOW)
            found.add(
                (*Thread.objects.values_list("status", "covers_at").get(), len(hidden()), len(labels()))
            )
            transaction.set_rollback(True)
    assert len(found) == 1


# The cost


def statements(profile: Profile, number: int, name: str, text: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        send(profile, *(comment(f"{name}{n}", text) for n in range(number)))
    return len(queries)


def test_rules_take_no_statement_without_rules_and_a_constant_number_with_them(profile, alice, bob):
    rule(bob, "word", "spam")
    without = statements(profile, 1, "a", "spam")
    rule(alice, "word", "offer")
    assert statements(profile, 1, "b", "spam") == without + 1  # the rules
    for action, label in (("hide", ""), ("label", "x"), ("done", "")):
        InboxRule.objects.filter(owner=alice).update(action=action, label=label, value="spam")
        assert statements(profile, 1, f"c{action}", "spam") == statements(profile, 40, f"d{action}", "spam")


# Removal and the admin


def test_the_database_deletes_them_with_their_owner_or_profile(alice, bob, profile):
    rule(alice, "word", "a")
    rule(alice, "word", "b", profile=profile)
    rule(bob, "word", "c")
    with connection.cursor() as cursor:  # as a process of the release before
        cursor.execute("DELETE FROM accounts_profile")
        assert [row.value for row in InboxRule.objects.order_by("value")] == ["a", "c"]
        cursor.execute("DELETE FROM django_admin_log; DELETE FROM knox_authtoken")
        cursor.execute("DELETE FROM accounts_user WHERE id = %s", [alice.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert [row.value for row in InboxRule.objects.all()] == ["c"]


def test_deleting_a_user_deletes_their_rules_only(alice, bob, profile):
    rule(alice, "word", "a", profile=profile)
    rule(bob, "word", "b")
    run("delete_user", "--user", "alice", "--yes")
    assert [row.value for row in InboxRule.objects.all()] == ["b"]


def test_the_admin_lists_and_shows_them_and_changes_none(operator, alice):
    row = rule(alice, "word", "<b>spam</b>")
    shown = operator.get(reverse("admin:interactions_inboxrule_changelist"), {"q": "alice"})
    assert ("&lt;b&gt;spam" in shown.content.decode(), shown.context["cl"].result_count) == (True, 1)
    path = reverse("admin:interactions_inboxrule_change", args=[row.pk])
    assert (operator.get(path).status_code, operator.post(path, {}).status_code) == (200, 403)


def test_a_change_that_was_checked_with_other_values_than_those_stored_is_409(page, alice, monkeypatch):
    rule = InboxRule.objects.store(alice, NOW, condition="word", value="a", action="label", label="x")
    path, change = f"{PATH}{rule.pk}/", InboxRuleQuerySet.change

    def change_later(self, row, at, **values):
        change(self, InboxRule.objects.get(), at, action="done", label="")
        return change(self, row, at, **values)

    monkeypatch.setattr(InboxRuleQuerySet, "change", change_later)
    answer = page.patch(path, {"label": "y"}, JSON)
    assert (answer.status_code, answer.json()["hint"]) == (409, "Read it, and send your change again.")
    assert page.get(path).json()["action"] == "done"
