"""The search of interactions: what it finds by words and by parts of texts, its bounds, and how the words get stored."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Profile, User
from interactions import search, search_filling, tasks
from interactions.models import Enrichment, Interaction, UnindexedRange
from interactions.search_filling import FILL_LOCK, fill
from interactions.tasks import fill_search
from tests.commands import run
from tests.lock_helpers import locked_elsewhere
from tests.world import NOW, SECOND, event, send

LIST = "/api/v1/interactions/"


def find(page: Client, text: str, **filters: object) -> list[str]:
    """The platform ids of the first page of a search."""
    answer = page.get(LIST, {"search": text, **filters})
    assert answer.status_code == 200, answer.content
    return [row["platform_id"] for row in answer.json()["results"]]


def comment(id: str, text: str, **fields: object) -> dict:
    return event("comment.created", id, text=text, **fields)


def edit(id: str, text: str) -> dict:
    return event("comment.edited", id, NOW.isoformat(), text=text)


@pytest.fixture
def by_words_only(monkeypatch) -> None:
    """Searches do not look for parts of texts."""
    monkeypatch.setattr(search, "MAX_CONTAINS_ROWS", 0)


@pytest.mark.usefixtures("by_words_only")
@pytest.mark.parametrize(
    ("text", "found", "not_found"),
    [
        ("The harbour is closed", ["harbour", "HARB", "closed the", "h c", "the the"], ["arbour", "harbours", "open"]),
        ("CAFÉ Ñandú", ["cafe", "café", "nandu", "ÑANDÚ c"], ["afé"]),
        ("cafe\u0301 in the Straße", ["café", "strasse", "STRASSE"], ["strase"]),
        ("Ελλάδα, ἀρχή", ["ελλαδα", "ΕΛΛΆΔ", "αρχη"], ["ella"]),
        ("ЁЛКА зелёная", ["елка", "ёлка", "зеленая"], ["лка"]),
        ("كِتَابٌ جديد أحمد", ["كتاب", "جديد كتاب", "احمد"], ["تاب"]),
        ("שָׁלוֹם", ["שלום"], ["לום"]),
        ("हिन्दी में किताब", ["हिन्दी", "किताब"], ["ताब"]),
        ("한국어 문장", ["한국어", "한국", "문장"], ["국어"]),
        ("コーヒーを飲みます", ["コーヒー", "コーヒーを飲みます"], ["飲みます"]),  # no spaces: one word
        ("２０２６ ﬁne", ["2026", "fine"], ["ine"]),
        ("version 3.5-beta, it's @ada_lovelace", ["3.5", "beta", "it's", "ada_l", "lovelace"], ["ovelace"]),
    ],
)  # fmt: skip
def test_a_row_is_found_by_beginnings_of_its_words_in_any_case_and_without_accents(
    page, live, text, found, not_found
):
    send(live, comment("found", text), comment("other", "nothing of it"))
    fill_search()
    assert [query for query in found if find(page, query) != ["found"]] == []
    assert [query for query in not_found if find(page, query)] == []


@pytest.mark.usefixtures("by_words_only")
@pytest.mark.parametrize("query", ["ada", "lovelace", "Adá Love", "countess", "@countess_1815", "ada rain"])
def test_a_row_is_found_by_its_authors_name_and_handle(page, live, query):
    author = {"id": "a", "handle": "countess_1815", "name": "Ada Lovelace"}
    send(live, comment("hers", "rain", author=author), comment("other", "rain"))
    fill_search()
    assert find(page, query) == ["hers"]


@pytest.mark.parametrize("query", ["飲みます", "😀", "👍🏽", "arbou", "?!", "r is", "% \\_"])
def test_a_part_of_a_text_is_found_at_once_in_the_newest_rows(page, live, monkeypatch, query):
    text = "コーヒーを飲みます 😀 👍🏽 the HARBOUR is closed?! 100 % \\_o"
    send(live, comment("old", text), comment("new", text, occurred_at="2026-03-02T00:00:00Z"))
    assert find(page, query) == ["new", "old"]
    monkeypatch.setattr(search, "MAX_CONTAINS_ROWS", 1)
    assert find(page, query) == ["new"]


def test_parts_are_searched_in_a_bounded_number_of_bytes(page, live, monkeypatch):
    send(live, comment("old", "😀"), comment("new", "x" * 96 + "😀", occurred_at="2026-03-02T00:00:00Z"))
    monkeypatch.setattr(search, "MAX_CONTAINS_BYTES", 104)
    assert find(page, "😀") == ["new", "old"]
    monkeypatch.setattr(search, "MAX_CONTAINS_BYTES", 103)
    assert find(page, "😀") == ["new"]


def rows_of_ages(live: Profile, texts: list[str]) -> None:
    """Store comments `c0`, `c1`, …, each a second older than the one before."""
    send(live, *(comment(f"c{n}", text, occurred_at=(NOW - n * SECOND).isoformat()) for n, text in enumerate(texts)))  # fmt: skip
    fill_search()


@pytest.mark.usefixtures("by_words_only")
def test_a_common_word_is_found_in_the_newest_rows_and_a_rare_one_in_all(page, live, monkeypatch):
    rows_of_ages(live, ["rain", "sun", "rain", "rain snow", "rain fog", "rain fog"])
    monkeypatch.setattr(search, "MAX_WORD_ROWS", 4)
    assert find(page, "rain") == ["c0", "c2", "c3"]
    assert find(page, "fog") == ["c4", "c5"]
    assert find(page, "rain fog") == find(page, "fog rain") == ["c4", "c5"]
    assert find(page, "s") == ["c1", "c3"]
    assert find(page, "rain hail") == find(page, "rain sun") == []


@pytest.mark.usefixtures("by_words_only")
def test_a_word_that_many_of_the_newest_rows_have_is_not_looked_up_in_the_index(page, live, monkeypatch):
    rows_of_ages(live, ["rain", "rain", "sun", "rain", "rain", "fog"])
    monkeypatch.setattr(search, "SAMPLE", 3)
    monkeypatch.setattr(search, "MAX_WORD_ROWS", 4)
    monkeypatch.setattr(search, "COMMON_SHARE", 0.5)
    with CaptureQueriesContext(connection) as captured:
        assert find(page, "rain") == ["c0", "c1", "c3"]
    assert not [query for query in captured if "WITH found" in query["sql"]]
    assert find(page, "fog") == ["c5"]


def pages(page: Client, query: dict, direction: str = "next", address: str = LIST) -> list[list[str]]:
    found = []
    while address:
        body = page.get(address, query).json()
        query, address = {}, body[direction] or ""
        found.append([row["platform_id"] for row in body["results"]])
        pages.last = body
    return found


@pytest.mark.parametrize("max_word_rows", [20_000, 12])
def test_the_pages_of_a_search_have_each_row_once_in_order_while_rows_arrive(
    page, live, monkeypatch, max_word_rows
):
    """Rows found by words, by parts and by both are on the same pages; a common word's too."""
    rows_of_ages(live, [("rain", "terrain", "sun")[n % 3] for n in range(18)])
    monkeypatch.setattr(search, "MAX_WORD_ROWS", max_word_rows)
    monkeypatch.setattr(search, "COMMON_SHARE", 0)
    expected = [f"c{n}" for n in range(18) if n % 3 == 0 or n % 3 == 1]
    if max_word_rows == 12:
        monkeypatch.setattr(search, "MAX_CONTAINS_ROWS", 6)
        expected = ["c0", "c1", "c3", "c4", "c6", "c9"]
    first = page.get(LIST, {"search": "rain", "page_size": 3}).json()
    send(live, comment("late", "sun", occurred_at=NOW.isoformat()))
    forward = [[row["platform_id"] for row in first["results"]], *pages(page, {}, address=first["next"])]
    assert [id for ids in forward for id in ids] == expected[: len(expected)]
    assert {len(ids) for ids in forward} == {3}
    back = pages(page, {}, "previous", pages.last["previous"])
    assert [id for ids in back[::-1] for id in ids] == expected[:-3]


def test_the_other_filters_select_among_the_rows_that_are_found(page, live):
    send(live, comment("c", "rain"), event("message.created", "m", text="rain"))
    fill_search()
    assert sorted(find(page, "rain")) == ["c", "m"]
    assert find(page, "rain", type="message") == ["m"]
    assert find(page, "rain", posted_after="2026-03-02") == []


def test_rows_of_other_users_are_never_found(page, live, bob):
    other = Profile.objects.create(owner=bob, platform="x", platform_id="b", handle="bob")
    send(other, comment("bobs", "harbour 😀"))
    send(live, comment("alices", "rain"))
    fill_search()
    assert [find(page, text) for text in ("harbour", "h", "arb", "😀")] == [[], [], [], []]
    page.force_login(bob)
    assert [find(page, text) for text in ("harbour", "h", "arb", "😀")] == [["bobs"]] * 4
    assert find(page, "rain") == []


def test_the_ids_of_all_matching_rows_include_deleted_ones(alice, live):
    sent = send(
        live, comment("a", "harbour"), comment("b", "an arbour"), comment("c", "harbours"), comment("d", "x")
    )
    send(live, event("comment.deleted", "c", NOW.isoformat()))
    fill_search()
    assert sorted(search.matching_interactions(alice, "arbour")) == [one.id for one in sent[:3]]
    assert sorted(search.matching_interactions(alice, "an")) == [sent[1].id]


def test_a_user_without_profiles_finds_nothing(page):
    assert find(page, "rain") == find(page, "😀") == []


def test_a_profile_is_not_found_by_words_of_one_whose_id_begins_with_its_id(page, alice, bob, by_words_only):
    mine = Profile.objects.create(pk=7, owner=alice, platform="x", platform_id="a", handle="a")
    Profile.objects.create(pk=71, owner=bob, platform="x", platform_id="b", handle="b")
    send(mine, comment("mine", "1rain"))
    send(Profile.objects.get(pk=71), comment("his", "rain"))
    fill_search()
    assert (find(page, "1rain"), find(page, "1"), find(page, "rain")) == (["mine"], ["mine"], [])


@pytest.mark.usefixtures("by_words_only")
def test_an_edited_row_is_not_found_by_its_old_words_and_soon_by_its_new_ones(page, live):
    send(live, comment("c", "harbour"))
    fill_search()
    send(live, edit("c", "lighthouse"))
    assert (find(page, "harbour"), find(page, "lighthouse")) == ([], [])
    fill_search()
    assert (find(page, "harbour"), find(page, "lighthouse")) == ([], ["c"])


@pytest.mark.usefixtures("by_words_only")
def test_a_row_that_is_edited_twice_is_found_by_its_latest_words(page, live):
    send(live, comment("c", "harbour"), edit("c", "pier"))
    send(live, event("comment.edited", "c", (NOW + SECOND).isoformat(), text="lighthouse"))
    send(live, event("comment.edited", "c", (NOW + 2 * SECOND).isoformat(), text="buoy"))
    fill_search()
    assert [find(page, word) for word in ("harbour", "pier", "lighthouse", "buoy")] == [[], [], [], ["c"]]


@pytest.mark.usefixtures("by_words_only")
def test_a_row_that_the_platform_deletes_is_not_found(page, live):
    send(live, comment("c", "harbour"))
    fill_search()
    send(live, event("comment.deleted", "c", NOW.isoformat()))
    assert find(page, "harbour") == []


@pytest.mark.usefixtures("by_words_only")
def test_a_reply_is_found(page, live):
    row = Interaction.objects.get(platform_id="comment")
    page.post(f"{LIST}{row.pk}/reply/", {"text": "see the lighthouse"}, content_type="application/json")
    fill_search()
    assert len(find(page, "lighthouse")) == 1


@pytest.mark.parametrize(
    "delete",
    [
        lambda live: Interaction.objects.get(platform_id="c").delete(),
        lambda live: Interaction.objects.filter(platform_id="c")._raw_delete("default"),
        lambda live: Profile.objects.get(pk=live.pk).delete(),
        lambda live: User.objects.get(pk=live.owner_id).delete(),
        lambda live: run("delete_user", "--user", "alice", "--yes"),
    ],
)
def test_the_words_of_a_row_are_deleted_with_it(live, delete):
    send(live, comment("c", "harbour"))
    fill_search()
    pk = Interaction.objects.get(platform_id="c").pk
    assert Enrichment.objects.filter(pk=pk).exists()
    delete(live)
    assert not Enrichment.objects.filter(pk=pk).exists()
    assert Enrichment.objects.count() == Interaction.objects.count()


HOSTILE = [
    *("%" * 100, "_" * 100, "a" * 100, "a" * 99 + "b", "'", "\\", "'; --", "& | ! ( )", ":*", "a:*", "1:a", "<->"),
    *(" ".join("abcdefghijklmnopqrstuvwxyz0123456789"), "a " * 50, "\u0301" * 100, "ـ" * 100, "😀" * 100, "\ufffd"),
    *("x\u200bx", "ﷺ" * 100, "\U0001d400" * 100, "ᄀ" * 100, "\u2028", "a\u0000"),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_any_search_is_answered(page, live, text):
    fill_search()
    assert page.get(LIST, {"search": text}).status_code == (400 if not text.strip() or "\0" in text else 200)


@pytest.mark.usefixtures("by_words_only")
@pytest.mark.parametrize(
    ("text", "found", "not_found"),
    [
        (" ".join(f"w{n}" for n in range(1_100)) + " end", ["w999"], ["end", "w1000"]),
        ("x" * 65_000, ["x" * 64, "x" * 100], []),
        ("x" * 63 + "yz end", ["x" * 63 + "y", "x" * 63 + "yq", "end"], ["z"]),
        (" ".join(["rain"] * 1_999) + " lightning", ["rain", "light"], ["lightning"]),
        ("\u0301" * 65_000, [], ["\u0301", "xyz"]),
        ("', \\ & | 'quoted'", ["quoted"], ["'"]),
        ("😀" * 9_000 + "a\U0001d7d9" * 400, ["a1a1"], []),
    ],
)
def test_of_an_extreme_text_the_first_words_are_found(page, live, text, found, not_found):
    send(live, comment("long", text))
    fill_search()
    assert [query for query in found if find(page, query) != ["long"]] == []
    assert [query for query in not_found if find(page, query)] == []


def test_the_number_of_statements_does_not_grow_with_the_rows(page, live):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            find(page, "rain sun")
        return len(captured)

    send(live, comment("one", "rain sun"))
    fill_search()
    before = statements()
    send(live, *(comment(f"c{n}", "rain sun") for n in range(40)))
    fill_search()
    assert statements() == before


def stored() -> dict[int, str]:
    return dict(Enrichment.objects.values_list("pk", "search"))


def test_filling_twice_changes_nothing_and_reads_no_row_again(live):
    fill_search()
    before = stored()
    assert len(before) == Interaction.objects.count()
    with CaptureQueriesContext(connection) as captured:
        fill_search()
    assert (stored(), UnindexedRange.objects.count()) == (before, 0)
    assert not [query for query in captured if "interactions_interaction" in query["sql"]]


def test_many_rows_are_filled_in_batches_newest_first(live, monkeypatch):
    fill_search()
    monkeypatch.setattr(search_filling, "ROWS_PER_BATCH", 3)
    ids = [row.id for row in send(live, *(comment(f"c{n}", "rain") for n in range(10)))]
    after_each: list[list[int]] = []

    def note(_: float) -> None:
        after_each.append([id for id in ids if Enrichment.objects.filter(pk=id).exists()])

    monkeypatch.setattr(search_filling.time, "sleep", note)
    fill_search()
    assert after_each == [ids[7:], ids[4:], ids[1:], ids]
    assert UnindexedRange.objects.count() == 0


def test_when_the_time_limit_ends_it_the_task_is_sent_again(live, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks, "send", lambda task, dedup_key: sent.append(task))
    monkeypatch.setattr(tasks, "MAX_FILLING_TIME", timedelta(0))
    fill_search()
    assert (sent, Enrichment.objects.count()) == (["interactions.tasks.fill_search"], 0)
    monkeypatch.undo()
    fill_search()
    assert Enrichment.objects.count() == Interaction.objects.count()


@pytest.mark.django_db(transaction=True)
def test_an_edit_during_the_filling_is_found_after_it(page, live, by_words_only):
    send(live, comment("c", "harbour"))
    with locked_elsewhere(lambda: send(live, edit("c", "lighthouse"))):
        fill_search()
        assert find(page, "harbour") == ["c"]
    fill_search()
    assert (find(page, "harbour"), find(page, "lighthouse")) == ([], ["c"])


@pytest.mark.django_db(transaction=True)
def test_an_edit_between_reading_and_storing_is_found_after_the_next_filling(
    page, live, by_words_only, monkeypatch
):
    send(live, comment("c", "harbour"))
    store, edits = search_filling._store, [edit("c", "lighthouse")]

    def store_later(rows: list) -> None:
        while edits:
            with locked_elsewhere(lambda: send(live, edits.pop())):
                pass
        store(rows)

    monkeypatch.setattr(search_filling, "_store", store_later)
    fill_search()
    assert (find(page, "harbour"), find(page, "lighthouse")) == ([], ["c"])


@pytest.mark.django_db(transaction=True)
def test_rows_of_a_transaction_that_commits_late_are_filled(page, live, by_words_only):
    other = Profile.objects.create(owner=live.owner, platform="x", platform_id="o", handle="o")
    with locked_elsewhere(lambda: send(other, comment("late", "harbour"))):
        send(live, comment("early", "harbour"))
        fill_search()
        assert find(page, "harbour") == ["early"]
    fill_search()
    assert sorted(find(page, "harbour")) == ["early", "late"]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_deleted_during_the_filling_leaves_no_words(live):
    send(live, comment("c", "harbour"))
    with locked_elsewhere(lambda: Interaction.objects.filter(platform_id="c").delete()):
        fill_search()  # waits for the lock, then gives up
    fill_search()
    assert Enrichment.objects.count() == Interaction.objects.count() > 0


@pytest.mark.django_db(transaction=True)
def test_one_process_fills_at_a_time_and_another_does_not_wait(live):
    def lock() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FILL_LOCK])

    with locked_elsewhere(lock):
        assert fill(timedelta(seconds=5)) is False
    assert (Enrichment.objects.count(), fill(timedelta(seconds=5))) == (0, False)
    assert Enrichment.objects.count() == Interaction.objects.count()


@pytest.mark.django_db(transaction=True)
def test_arrivals_and_edits_do_not_wait_for_a_batch(live):
    send(live, comment("c", "harbour"))
    with locked_elsewhere(lambda: fill(timedelta(seconds=5))), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
        send(live, edit("c", "lighthouse"), comment("new", "rain"))
    fill_search()
    assert Enrichment.objects.count() == Interaction.objects.count()


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_rows_that_an_older_release_stored_are_filled(page, live, by_words_only):
    send(live, comment("old", "harbour"))
    run("migrate", "interactions", "0009", "-v0")
    run("migrate", "-v0")
    fill_search()
    assert find(page, "harbour") == ["old"]


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_run_again(page, live, by_words_only):
    fill_search()
    run("migrate", "interactions", "0010", "-v0")
    run("migrate", "interactions", "0009", "--fake", "-v0")
    run("migrate", "-v0")
    send(live, comment("c", "harbour"))
    fill_search()
    assert find(page, "harbour") == ["c"]
    assert Enrichment.objects.count() == Interaction.objects.count()
