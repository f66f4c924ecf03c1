"""Changes of many threads on the inbox's pages: selected ones, all that match, jobs of the worker; and saved views."""

from datetime import timedelta

import pytest

from accounts.models import Profile
from interactions.api.throttling import BulkChanges
from interactions.clock import now
from interactions.models import BulkJob, BulkJobState, Decision, Label, SavedView, Thread, saved_views
from interactions.threads import bulk_jobs, labels
from interactions.threads.decisions import decide, mark_read
from tests.expected_threads import check_threads
from tests.inbox_pages import (
    browser,
    gone,
    htmx,
    listed,
    notices,
    part,
    press,
    read,
    row_of,
    submit,
    tabs,
    toast,
    undo_form,
    whole,
)
from tests.thread_requests import everything
from tests.world import DAY, HOUR, NOW, T, at, comment, event, message, send, thread

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ten(profile) -> list[Thread]:
    """Threads c0 to c9; the newest is c9."""
    send(profile, *(comment(f"c{number}", T[0] + number * MINUTE) for number in range(10)))
    return list(Thread.objects.order_by("root_ref"))


@pytest.fixture
def few(monkeypatch) -> list[tuple]:
    """A request changes at most 4 threads; the messages that were sent to workers."""
    messages: list[tuple] = []
    monkeypatch.setattr(bulk_jobs, "MAX_IN_REQUEST", 4)
    monkeypatch.setattr(bulk_jobs, "send", lambda task, id, **_: messages.append((task, id)))
    return messages


def change(page, code: int = 200, query: str = "", **fields):
    return press(page, f"/inbox/bulk/{query}", "", code, **fields)


def ids(*threads: Thread) -> dict[str, list[int]]:
    return {"ids": [one.pk for one in threads]}


def statuses() -> str:
    """The first letter of the status of each of the threads c0 to c9."""
    return "".join(
        Thread.objects.order_by("root_ref").values_list("status", flat=True)[i][0] for i in range(10)
    )


# Selected threads


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"change": "done"}, {"status": "done"}),
        ({"change": "archived"}, {"status": "archived"}),
        ({"change": "read"}, {"unread": False}),
        ({"change": "label", "label": " To  do "}, {"labels": ["To do"]}),
        ({"until": "{later}"}, {"status": "snoozed"}),
        ({"change": "snoozed", "until": "{later}"}, {"status": "snoozed"}),
    ],
)
def test_selected_threads_are_changed_and_no_others(page, ten, fields, changed):
    later = now() + HOUR
    fields = {name: value.replace("{later}", at(later)) for name, value in fields.items()}
    before = whole(page)
    shown = change(page, **browser(before), **fields, **ids(ten[2], ten[5]))
    assert toast(shown) == "2 threads changed."
    names = dict(Label.objects.values_list("pk", "name"))
    for number, one in enumerate(Thread.objects.order_by("root_ref")):
        found = {"status": one.status, "unread": one.unread, "labels": [names[id] for id in one.label_ids]}
        usual = {"status": "open", "unread": True, "labels": []}
        is_read = {"unread": False} if "status" in changed else {}
        assert found == (usual | is_read | changed if number in (2, 5) else usual)
    leaves = "status" in changed
    assert sorted(gone(shown)) == ([ten[2].pk, ten[5].pk] if leaves else [])
    assert sorted(listed(shown)) == ([] if leaves else ["c2", "c5"])
    assert tabs(shown)["Open"] == (8 if leaves else 10)
    check_threads(now())


def test_threads_are_opened_again_marked_as_unread_and_lose_labels(page, ten):
    decide([one.pk for one in ten[:4]], "done", NOW)
    assert toast(change(page, change="open", **ids(*ten[:2]))) == "2 threads changed."
    assert toast(change(page, change="unread", **ids(*ten[:3]))) == "3 threads changed."
    assert statuses() == "ooddoooooo"
    assert Thread.objects.filter(unread=True).count() == 9
    change(page, change="label", label="a", **ids(*ten[:3]))
    assert toast(change(page, change="unlabel", label="A", **ids(ten[0], ten[9]))) == "1 thread changed."
    assert list(Thread.objects.exclude(label_ids=[]).order_by("pk")) == ten[1:3]


def test_a_repeated_change_changes_nothing_and_offers_no_undo(page, ten):
    change(page, change="done", **ids(*ten[:3]))
    before = everything()
    shown = change(page, change="done", **ids(*ten[:3]))
    assert (toast(shown), shown.one(".toast").all("form"), everything()) == ("0 threads changed.", [], before)


def test_undo_gives_each_selected_thread_its_status_back(page, ten):
    until = now() + DAY
    decide([ten[1].pk], "archived", NOW)
    decide([ten[2].pk], "snoozed", NOW, until=until)
    shown = change(page, query="?status=all", change="done", **ids(*ten[:4]))
    path, undo = undo_form(shown)
    assert path == "/inbox/undo/?status=all"
    shown = press(page, path, "list", **undo)
    assert (statuses(), Thread.objects.get(pk=ten[2].pk).snoozed_until) == ("oasooooooo", until)
    assert len(listed(shown)) == 10
    check_threads(now())


def test_undo_gives_back_which_of_the_selected_threads_were_unread(page, ten):
    mark_read([ten[1].pk, ten[2].pk], NOW)
    decide([ten[2].pk], "snoozed", NOW, until=now() + DAY)
    for fields in ({"change": "done"}, {"change": "archived"}, {"until": at(now() + HOUR)}):
        path, undo = undo_form(change(page, **fields, **ids(*ten[:3])))
        assert not Thread.objects.filter(pk__in=[one.pk for one in ten[:3]], unread=True).exists()
        press(page, path, "list", **undo)
        unread = Thread.objects.filter(unread=True).order_by("root_ref")
        assert (list(unread), statuses()) == ([ten[0], *ten[3:]], "oosooooooo")
    check_threads(now())


def selected(shown, *threads: Thread) -> dict[str, list[str]]:
    """What the boxes of these threads send."""
    return {"ids": [row_of(shown, one).one("name=ids")["value"] for one in threads]}


@pytest.mark.parametrize(
    "fields", [{"change": "done"}, {"change": "archived"}, {"change": "read"}, {"until": "{later}"}]
)
def test_a_selected_thread_of_which_a_row_arrived_that_was_not_shown_is_left(page, profile, ten, fields):
    fields = {name: value.replace("{later}", at(now() + HOUR)) for name, value in fields.items()}
    before = whole(page)
    send(profile, comment("r3", now(), parent_id="c3"), comment("r4", T[0], parent_id="c4"), at=now())
    left = Thread.objects.filter(pk__in=[ten[3].pk, ten[4].pk]).values()
    stored = list(left)
    shown = change(page, **browser(before), **fields, **selected(before, *ten[2:5]))
    assert toast(shown) == "1 thread changed. 2 were left: new messages have arrived there."
    assert (thread("c2").unread, list(left)) == (False, stored)
    assert {"c3", "c4"} <= set(listed(shown))
    shown = change(page, **fields, **selected(whole(page), *ten[3:5]))
    assert (toast(shown), thread("c3").unread, thread("c4").unread) == ("2 threads changed.", False, False)


def test_a_thread_that_was_left_is_brought_up_to_date_and_can_be_changed_then(page, profile, ten):
    before = whole(page)
    send(profile, comment("r4", T[0], parent_id="c4"), at=now())
    shown = change(page, **browser(before), change="done", **selected(before, ten[4], ten[5]))
    assert toast(shown) == "1 thread changed. 1 was left: a new message has arrived there."
    assert toast(change(page, change="done", **selected(shown, ten[4]))) == "1 thread changed."
    path, undo = undo_form(change(page, change="archived", **ids(ten[4])))
    press(page, path, "list", **undo)
    assert statuses() == "ooooddoooo"


def test_what_a_selected_thread_sends_beside_its_id_is_not_trusted(page, ten):
    sent = [
        f"{ten[0].pk}:tomorrow",
        f"{ten[1].pk}:",
        f"{ten[2].pk}:{at(NOW)}",
        f"{ten[3].pk}:9999-12-31T00:00:00Z",
    ]
    shown = change(page, change="done", ids=sent)
    assert (toast(shown), statuses()) == (
        "2 threads changed. 2 were left: new messages have arrived there.",
        "ooddoooooo",
    )


def test_a_label_has_an_opposite_and_offers_no_undo(page, ten):
    assert change(page, change="label", label="a", **ids(ten[0])).one(".toast").all("form") == []


@pytest.mark.parametrize("wanted", ["read", "unread"])
def test_read_and_unread_are_undone_for_each_thread(page, ten, wanted):
    change(page, change="read", **ids(*ten[:4]))
    before = list(Thread.objects.order_by("pk").values_list("unread", "status"))
    path, fields = undo_form(change(page, change=wanted, **ids(*ten)))
    assert set(Thread.objects.values_list("unread", flat=True)) == {wanted == "unread"}
    press(page, path, "list", **fields)
    assert list(Thread.objects.order_by("pk").values_list("unread", "status")) == before


def test_a_thread_of_the_selection_that_is_gone_is_404_and_nothing_is_changed(page, profile, ten):
    send(profile, event("comment.deleted", "c5", at(NOW)))
    before = everything()
    shown = change(page, 404, change="done", **ids(*ten))
    assert toast(shown) == "Some of these threads are gone; nothing was changed. Select again."
    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"change": "done"}, "Select threads first."),
        ({"change": "done", "ids": ["x", "", "-1", "9" * 20]}, "Select threads first."),
        ({"ids": ["1"]}, "Choose what to do with the threads."),
        ({"ids": ["1"], "change": "delete"}, "Choose what to do with the threads."),
        ({"ids": ["1"], "until": ""}, "Choose when the snooze ends."),
        ({"ids": ["1"], "change": "snoozed"}, "Choose when the snooze ends."),
        ({"ids": ["1"], "until": "2026-03-04T09:00"}, "Choose a time in the future."),
        (
            {"ids": ["1"], "until": "9999-12-31T09:00"},
            "A snooze ends within 365 days; choose an earlier time.",
        ),
        ({"ids": ["1"], "change": "label"}, "The label must be a name of 1 to 50 characters in one line"),
        (
            {"ids": ["1"], "change": "unlabel", "label": "x" * 51},
            "The label must be a name of 1 to 50 characters",
        ),
    ],
)
def test_a_change_that_is_not_possible_is_refused_with_a_sentence(page, ten, fields, sentence):
    before = everything()
    shown = change(page, 422, **fields)
    assert (toast(shown).startswith(sentence), shown.one(".toast")["role"]) == (True, "alert")
    path, shown = submit(page, "/inbox/bulk/?status=all", **fields)
    assert (path, notices(shown)[0].startswith(sentence)) == ("/inbox/?status=all", True)
    assert everything() == before


def test_a_profile_that_has_all_its_labels_gets_no_other(page, ten, monkeypatch):
    monkeypatch.setattr(labels, "MAX_LABELS", 1)
    change(page, change="label", label="a", **ids(ten[0]))
    before = everything()
    shown = change(page, 409, change="label", label="b", **ids(*ten))
    assert toast(shown) == "A profile has as many labels as it may have; nothing was changed."
    assert everything() == before


def test_a_user_may_send_a_number_of_changes_within_a_minute(page, ten, monkeypatch):
    monkeypatch.setitem(BulkChanges.THROTTLE_RATES, "bulk", "2/min")
    for _ in range(2):
        change(page, change="done", **ids(ten[0]))
    shown = change(page, 422, change="done", **ids(ten[1]))
    assert toast(shown) == "Too many changes within a minute; try again in a moment."
    assert statuses() == "dooooooooo"


def test_without_htmx_a_change_leads_to_the_list_with_a_sentence(page, ten):
    path, shown = submit(page, "/comments/bulk/?status=all", change="done", **ids(ten[0], ten[1]))
    assert (path, notices(shown), statuses()) == (
        "/comments/?status=all",
        ["2 threads changed."],
        "ddoooooooo",
    )
    path, shown = submit(page, "/inbox/undo/?status=all", restore=f"{ten[0].pk} open,{ten[1].pk} open")
    assert (path, statuses()) == ("/inbox/?status=all", "oooooooooo")
    path, shown = submit(page, "/inbox/undo/", restore=f"{ten[0].pk} archived", reopen="1")
    assert (path, statuses()) == (f"/inbox/{ten[0].pk}/", "aooooooooo")


# All that match


def test_all_that_match_the_filters_are_changed(page, alice, profile, ten):
    other = Profile.objects.create(owner=alice, platform="x", platform_id="x1", handle="other")
    send(other, comment("elsewhere"), message("m1"))
    decide([ten[9].pk], "archived", NOW)
    shown = change(page, query=f"?kind=comment&profile={profile.pk}", change="done", all="1", **ids(ten[0]))
    assert (toast(shown), statuses()) == ("9 threads changed.", "ddddddddda")
    path, undo = undo_form(shown)
    assert (thread("elsewhere").status, thread("talk").status) == ("open", "open")
    assert Decision.objects.count() == 10
    assert toast(change(page, change="done", all="1")) == "2 threads changed."
    press(page, path, "list", **undo)
    assert statuses() == "oooooooooa"


def test_what_arrived_after_the_list_was_read_is_left_as_it_is(page, profile, ten):
    before = whole(page)
    send(profile, comment("later", now()), comment("reply", now(), parent_id="c3"), at=now())
    shown = change(page, **browser(before), change="done", all="1")
    assert toast(shown) == "9 threads changed."
    assert (thread("c3").status, thread("later").status) == ("open", "open")
    assert (listed(shown), "c3" in listed(shown)) == (["c3"], True)
    shown = change(page, change="done", all="1", listed="nonsense")
    assert (toast(shown), thread("later").status) == ("2 threads changed.", "done")


def test_all_that_match_invalid_filters_are_none(page, ten):
    before = everything()
    answer = page.post("/inbox/bulk/?unread=maybe", {"change": "done", "all": "1"}, headers=htmx(page))
    assert (toast(read(answer, 422)), everything()) == ("Read or unread: Choose read or unread.", before)


# Jobs


def start_job(page, few, query: str = ""):
    shown = change(page, query=query, change="done", all="1")
    job = BulkJob.objects.get()
    assert few == [(bulk_jobs.TASK, job.pk)]
    return shown, job


def progress(shown) -> str:
    return shown.all(".job")[0].text


def test_more_threads_than_a_request_may_change_are_changed_by_a_worker_whose_progress_is_shown(
    page, ten, few
):
    shown, job = start_job(page, few, "?status=all")
    assert (progress(shown), statuses()) == ("0 threads changed, 10 left … Cancel", "oooooooooo")
    span = shown.one(".job")
    assert (span["hx-get"], span["hx-trigger"]) == (f"/inbox/jobs/{job.pk}/?status=all", "every 1s")
    BulkJob.objects.update(changed=1_234, left=5_678)
    assert progress(part(page, span["hx-get"])) == "1,234 threads changed, 5,678 left … Cancel"
    BulkJob.objects.update(changed=0, left=10)
    bulk_jobs.run_slice(job.pk, now(), timedelta(seconds=9))
    bulk_jobs.run_slice(job.pk, now(), timedelta(seconds=9))
    ended = part(page, span["hx-get"])
    assert (progress(ended), "hx-get" in ended.one(".job")) == ("10 threads changed.", False)
    assert statuses() == "dddddddddd"


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"state": "done", "changed": 5_000, "left": 2},
            "5,000 threads changed. 2 more match: do it again for them.",
        ),
        ({"state": "cancelled", "changed": 500}, "Cancelled; 500 threads changed."),
        ({"state": "failed", "error": "It went <wrong>."}, "It went <wrong>."),
    ],
)
def test_how_a_job_ended_is_said(page, ten, few, columns, sentence):
    _, job = start_job(page, few)
    BulkJob.objects.update(**{"left": 0} | columns)
    shown = part(page, f"/inbox/jobs/{job.pk}/")
    assert (progress(shown), "hx-get" in shown.one(".job")) == (sentence, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"change": "done"},
        {"change": "read"},
        {"change": "label", "label": "vip"},
        {"until": "a day ahead"},
    ],
)
def test_what_a_job_has_left_is_changed_by_its_button(page, profile, ten, few, fields):
    if "until" in fields:
        fields = {"until": at(now() + DAY)}
    change(page, query=f"?profile={profile.pk}", all="1", **fields)
    job = BulkJob.objects.get()
    BulkJob.objects.update(state="done", changed=5_000, left=10)
    form = part(page, f"/inbox/jobs/{job.pk}/?profile={profile.pk}").one("form")
    sent = {one["name"]: one["value"] for one in form.all("input") if one["name"] != "csrfmiddlewaretoken"}
    press(page, form["action"], "", **sent)
    again = BulkJob.objects.get(state="running")
    assert (again.change, again.filters, again.until) == (job.change, job.filters, job.until)


def test_a_job_is_cancelled_and_stays_so(page, ten, few):
    shown, job = start_job(page, few)
    button = shown.one(".job").one("button")
    for _ in range(2):
        shown = press(page, button["hx-post"], "")
        assert progress(shown) == "Cancelled; 0 threads changed."
    assert not bulk_jobs.run_slice(job.pk, now(), timedelta(seconds=9))
    assert (statuses(), BulkJob.objects.get().state) == ("oooooooooo", BulkJobState.CANCELLED)
    assert submit(page, f"/comments/jobs/{job.pk}/cancel/")[0] == "/comments/"


def test_while_a_job_runs_another_is_refused_and_few_threads_are_changed(page, ten, few):
    start_job(page, few)
    shown = change(page, 409, change="archived", all="1")
    assert toast(shown) == "Another change of many threads is running; wait until it has ended."
    assert toast(change(page, change="archived", **ids(ten[0]))) == "1 thread changed."
    assert BulkJob.objects.count() == 1


# Saved views


def save(page, name: str, query: str = "", code: int = 200, place: str = "inbox"):
    return press(page, f"/{place}/views/{query}", "", code, name=name)


def views(page) -> dict[str, str]:
    return views_of(whole(page))


def views_of(shown) -> dict[str, str]:
    return {one.text: one["href"] for box in shown.one("#views").all(".view") for one in box.all("a")}


def test_filters_are_saved_under_a_name_and_are_a_link_by_name(page, ten):
    assert toast(save(page, " Urgent  ones", "?label=Urgent&status=all&utm=1")) == "View saved."
    save(page, "archive", "?status=archived", place="comments")
    save(page, "Boxes")
    assert list(views(page).items()) == [
        ("archive", "/comments/?status=archived"),
        ("Boxes", "/inbox/?"),
        ("Urgent ones", "/inbox/?status=all&label=Urgent"),
    ]
    shown = whole(page, views(page)["Urgent ones"])
    assert [chip.text for chip in shown.one(".chips").all("a")] == ["Urgent"]


def test_the_menu_has_a_saved_view_at_once_and_a_deleted_one_no_more(page, ten):
    for name in ("b", "a"):
        shown = save(page, name)
    assert (shown.one("#views")["hx-swap-oob"], list(views_of(shown))) == ("innerHTML", ["a", "b"])
    for left in (["b"], []):
        shown = press(page, shown.all(".view")[0].one("button")["hx-post"], "")
        assert list(views_of(shown)) == left
    assert "one click away" in shown.one("#views").text


def test_a_refused_view_leaves_the_menu_with_what_was_typed(page, ten):
    save(page, "Mine")
    assert save(page, "MINE", "?status=all", 409).all("#views") == []


@pytest.mark.parametrize(
    ("name", "query", "sentence"),
    [
        ("", "", "The name must be a name of 1 to 60 characters in one line"),
        ("x" * 61, "", "The name must be a name of 1 to 60 characters in one line"),
        ("a\u202eb", "", "The name must be a name of 1 to 60 characters in one line"),
        ("fine", "?unread=maybe", "Read or unread: Choose read or unread."),
    ],
)
def test_a_view_that_is_not_possible_is_refused_with_a_sentence(page, ten, name, query, sentence):
    shown = save(page, name, query, 422)
    assert (toast(shown).startswith(sentence), SavedView.objects.exists()) == (True, False)


def test_filters_that_are_too_long_are_not_saved(page, ten, monkeypatch):
    monkeypatch.setattr("interactions.pages.bulk_actions.MAX_QUERY", 20)
    save(page, "as long as possible", "?search=" + "x" * 13)
    assert (
        toast(save(page, "too long", "?search=" + "x" * 14, 422)) == "These filters are too long to be saved."
    )
    assert SavedView.objects.count() == 1


def test_a_name_is_of_one_view_of_the_user_and_a_user_has_so_many(page, bob, ten, monkeypatch):
    SavedView.objects.store(bob, "Mine", "inbox", "")
    save(page, "Mine")
    shown = save(page, "MINE", "?status=all", 409)
    assert toast(shown) == "Another view has this name; choose another one."
    monkeypatch.setattr(saved_views, "MAX_VIEWS", 2)
    save(page, "Two")
    assert toast(save(page, "Three", code=409)) == "You have as many views as you may have. Delete one first."
    assert sorted(views(page)) == ["Mine", "Two"]


def test_a_view_is_deleted_and_repeated_deletes_nothing_else(page, ten):
    for name in ("a", "b"):
        save(page, name)
    [button] = [
        one for one in whole(page).all("button") if one.attrs.get("aria-label") == "Delete the view a"
    ]
    for sentence in ("View deleted.", "This view is gone already."):
        assert toast(press(page, button["hx-post"], "")) == sentence
        assert list(views(page)) == ["b"]
    path, shown = submit(page, f"/inbox/views/{SavedView.objects.get().pk}/delete/?status=all")
    assert (path, notices(shown), views(page)) == ("/inbox/?status=all", ["View deleted."], {})


@pytest.mark.parametrize("id", ["0", "999", "9" * 18])
def test_an_unknown_view_is_not_told_as_deleted(page, ten, id):
    save(page, "a")
    assert toast(press(page, f"/inbox/views/{id}/delete/", "")) == "This view is gone already."
    assert list(views(page)) == ["a"]


def test_another_users_view_is_neither_deleted_nor_told_as_deleted(page, bob, ten):
    SavedView.objects.store(bob, "Bob's", "inbox", "")
    path = f"/inbox/views/{SavedView.objects.get().pk}/delete/"
    assert notices(submit(page, path)[1]) == ["This view is gone already."]
    assert SavedView.objects.get().name == "Bob's"


def test_without_htmx_a_view_is_saved_with_a_sentence(page, ten):
    path, shown = submit(page, "/messages/views/?status=done", name="answered")
    assert (path, notices(shown)) == ("/messages/?status=done", ["View saved."])
    assert views(page) == {"answered": "/messages/?status=done"}


# Forms that no page has made


def restore(page, text: str):
    return press(page, "/inbox/undo/", "list", restore=text)


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "{0} nonsense", "{0}", "{0} done,", "{0} done,{0} open", "{0} snoozed never", "x done"],
)
def test_an_undo_that_no_page_offers_is_refused_and_changes_nothing(page, ten, text):
    before = everything()
    shown = restore(page, text.format(ten[0].pk))
    assert toast(shown).startswith("This cannot be undone: the form is incomplete.")
    assert everything() == before


def test_an_undo_of_more_states_than_a_form_has_is_refused(page, ten):
    """Each state is a change of its own, so thousands would occupy the server."""
    days = [(now() + DAY * number).isoformat() for number in range(1, 22)]
    before = everything()
    one = ten[0].pk
    restore(page, ",".join(f"{one + number} snoozed {day}" for number, day in enumerate(days)))
    assert everything() == before


def test_threads_of_more_states_than_an_undo_may_have_are_changed_without_one(page, profile):
    send(profile, *(message(f"m{number}", conversation_id=f"talk {number}") for number in range(21)))
    rows = list(Thread.objects.order_by("pk"))

    def snooze_each() -> None:
        for number, one in enumerate(rows, 1):
            decide([one.pk], "snoozed", now(), until=now() + DAY * number)

    snooze_each()
    path, undo = undo_form(change(page, change="done", **ids(*rows[:20])))
    assert (path, len(undo["restore"].split(","))) == ("/inbox/undo/?", 20)
    snooze_each()
    shown = change(page, change="archived", **ids(*rows))
    assert (toast(shown), shown.all("name=restore")) == ("21 threads changed.", [])
