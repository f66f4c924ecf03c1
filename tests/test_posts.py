"""The pages of posts, as the server sends them; `test_browser_posts.py` tests them in a browser."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Profile, User
from interactions import read_limits
from interactions.models import Content, Interaction, Thread
from interactions.pages import post_cards
from interactions.threads.hiding import set_hidden
from tests.world import BRAND, DAY, HOUR, NOW, at, comment, demo_of, event, send, thread, work_on

PART = {"HX-Request": "true"}
P = NOW - 10 * DAY  # when posts are published
MINUTE = timedelta(minutes=1)


def post(id: str, when=P, **fields) -> dict:
    return event("content.published", id, at(when), **fields)


def of(post_id: str, id: str, after: timedelta = HOUR, **fields) -> dict:
    """A comment on the post, so long after P."""
    return comment(id, P + after, content_id=post_id, **fields)


def content(id: str) -> Content:
    return Content.objects.get(platform_id=id)


def row(id: str) -> Interaction:
    return Interaction.objects.get(platform_id=id)


def text_of(markup: str) -> str:
    """What a screen reader reads of the markup, in one line."""
    visible = re.sub(r"<[^>]*aria-hidden=\"true\".*?</(?:svg|span|ol)>", " ", markup, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", visible)).split())


def shown(page, path: str, status: int = 200) -> str:
    answer = page.get(path)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def cards(markup: str) -> dict[str, str]:
    """The cards by their captions."""
    found = re.findall(r'<li><a class="post-card".*?</a></li>', markup, re.S)
    return {text_of(re.search(r'<span class="post-words.*?</span>', card, re.S)[0]): card for card in found}


def figures(markup: str) -> list[str]:
    """The numbers in words."""
    return [
        html.unescape(words) for words in re.findall(r'<(?:span|li)[^>]* title="([^"]*\d[^"]*)">', markup)
    ]


def curve(card: str) -> str:
    return html.unescape(re.search(r'class="spark".*?aria-label="([^"]*)"', card, re.S)[1])


def of_page(page, id: str, query: str = "", status: int = 200) -> str:
    return shown(page, f"/content/{content(id).pk}/{query}", status)


def numbers(markup: str) -> list[tuple[str, str]]:
    """The rows of the chart's table."""
    return re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td></tr>", markup)


def names(markup: str) -> list[str]:
    """The people of the listed threads."""
    return re.findall(r'class="row-link[^>]*><bdi>(.*?)</bdi>', markup)


def test_a_card_shows_the_post_with_its_figures(page, profile):
    send(
        profile,
        post("p", text="Fresh beans\nfrom Kenya"),
        event(
            "content.metrics", "p", at(P + HOUR), metrics={"views": 1_234_567, "likes": 1_999, "shares": 1}
        ),
        of("p", "c1"),
        of("p", "c2", 2 * HOUR),
    )
    [(caption, card)] = cards(shown(page, "/content/")).items()
    assert caption == "Fresh beans from Kenya"
    assert figures(card) == ["2 open threads", "1,234,567 views", "1,999 likes", "1 share", "2 comments"]
    assert re.findall(r'<span aria-hidden="true">(.*?)</span>', card) == ["2 open", "1.2M", "1.9k", "1", "2"]
    assert ("Facebook @brand" in text_of(card), f'href="/content/{content("p").pk}/"' in card) == (True, True)
    assert 'title="Sunday, 22 February 2026, 07:30 UTC"' in card


def test_comments_count_if_they_were_received_and_are_neither_deleted_nor_hidden(page, profile, live):
    """The profile is on Facebook, which deletes the replies of a first comment with it."""
    for owner in (profile, live):
        send(
            owner,
            post("p", text=owner.platform),
            of("p", "seen"),
            of("p", "reply", 2 * HOUR, parent_id="seen"),
            of("p", "sent", 3 * HOUR, author={"id": owner.platform_id}),
            of("p", "hidden", 4 * HOUR),
            of("p", "deleted", 5 * HOUR),
            of("p", "root", 6 * HOUR),
            of("p", "below", 7 * HOUR, parent_id="root"),
            event("comment.deleted", "deleted", at(NOW)),
            event("comment.deleted", "root", at(NOW)),
        )
        hidden = Interaction.objects.get(profile=owner, platform_id="hidden")
        set_hidden([hidden.pk], True, NOW)
    expected = {
        platform: sum(
            one.direction == "in" and not (one.deleted_at or one.hidden_at or one.thread.is_deleted)
            for one in Interaction.objects.filter(content__text=platform).select_related("thread")
        )
        for platform in ("facebook", "instagram")
    }
    assert expected == {"facebook": 2, "instagram": 3}
    found = cards(shown(page, "/content/"))
    assert {
        platform: f"{number} comments" in figures(found[platform]) for platform, number in expected.items()
    } == {
        "facebook": True,
        "instagram": True,
    }


def test_only_open_threads_are_counted(page, profile):
    send(profile, post("p"), *(of("p", f"c{number}") for number in range(4)))
    for root in ("c1", "c2"):
        work_on(thread(root))
    [card] = cards(shown(page, "/content/")).values()
    assert figures(card)[0] == "2 open threads"
    for root in ("c0", "c3"):
        work_on(thread(root))
    [card] = cards(shown(page, "/content/")).values()
    assert figures(card) == ["0 views", "0 likes", "0 shares", "4 comments"]


def test_figures_of_a_demo_are_those_of_its_rows(page, alice):
    demo_of(alice, NOW, size="small")
    found, path = [], "/content/"
    while path:
        markup = shown(page, path)
        found += re.findall(r'<li><a class="post-card".*?</a></li>', markup, re.S)
        older = re.search(r'rel="next" href="([^"]*)"', markup)
        path = html.unescape(older[1]) if older else None
    rows = Interaction.objects.filter(type="comment", direction="in", deleted_at=None, hidden_at=None)
    opened = Thread.objects.filter(status="open").exclude(active_at=None)
    expected = [
        (rows.filter(content=one).count(), opened.filter(content=one).count())
        for one in Content.objects.order_by("-posted_at", "-id")
    ]
    assert len(found) == len(expected) == 10
    assert [counted(card) for card in found] == expected
    assert sum(comments for comments, _ in expected) == 200


def counted(card: str) -> tuple[int, int]:
    """The numbers of comments and open threads."""
    words = " ".join(figures(card))
    comments, opened = re.search(r"(\d+) comments?", words), re.search(r"(\d+) open", words)
    return int(comments[1]), int(opened[1]) if opened else 0


def test_a_curve_says_when_the_comments_arrived(page, profile):
    after = [MINUTE, 20 * MINUTE, 50 * MINUTE, 70 * MINUTE, 30 * HOUR]
    send(profile, post("p"), *(of("p", f"c{number}", one) for number, one in enumerate(after)))
    [card] = cards(shown(page, "/content/")).values()
    # 30 hours are 32 intervals of an hour at most: intervals of 1 hour, of which the last one ends after 31 hours
    assert curve(card) == "5 comments in the 31 hours after the post; at most 3 in 1 hour."


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        (HOUR, "1 comment in the 25 hours after the post; at most 1 in 1 hour."),
        (timedelta(days=3, seconds=-1), "1 comment in the 3 days after the post; at most 1 in 3 hours."),
        (3 * DAY, "1 comment in the 4 days after the post; at most 1 in 3 hours."),
        (8 * DAY - MINUTE, "1 comment in the 8 days after the post; at most 1 in 6 hours."),
    ],
)
def test_a_curve_lasts_a_day_or_to_the_newest_comment(page, profile, last, sentence):
    send(profile, post("p"), of("p", "c", last))
    [card] = cards(shown(page, "/content/")).values()
    assert curve(card) == sentence


def test_the_chart_has_the_number_of_every_interval_in_a_table(page, profile):
    after = [-HOUR, 59 * MINUTE, HOUR, 47 * HOUR]  # of which the first one is dated before the post
    send(profile, post("p"), *(of("p", f"c{number}", one) for number, one in enumerate(after)))
    markup = of_page(page, "p")
    assert "4 comments in the 2 days after the post; at most 2 in 1 hour." in markup
    assert numbers(markup) == [
        ("Sunday, 22 February 2026, 07:30 UTC", "2"),
        ("Sunday, 22 February 2026, 08:30 UTC", "1"),
        ("Tuesday, 24 February 2026, 06:30 UTC", "1"),
    ]
    titles = re.findall(r"<rect[^>]*><title>(.*?)</title>", markup)
    assert (len(titles), titles[0]) == (48, "2 comments in 1 hour from Sunday, 22 February 2026, 07:30 UTC")
    ticks = re.findall(r'<text x="([^"]*)"[^>]*>(.*?)</text>', markup)
    assert ticks == [("0%", "Posted"), ("25%", "12h"), ("50%", "1d"), ("75%", "36h")]
    labels = re.findall(r'<ol class="chart-labels[^>]*>(.*?)</ol>', markup)
    assert [re.findall(r"<li>(.*?)</li>", one) for one in labels] == [["2", "1", "0"], ["4", "2", "0"]]


def test_times_are_in_the_zone_of_the_user(page, alice, profile):
    User.objects.update(time_zone="Europe/Berlin")
    send(profile, post("p"), of("p", "c"))
    markup = of_page(page, "p")
    assert "Posted Sunday, 22 February 2026, 08:30 CET" in text_of(markup)
    assert numbers(markup) == [("Sunday, 22 February 2026, 09:30 CET", "1")]


def test_of_a_post_with_very_many_comments_the_newest_are_counted(page, profile, monkeypatch):
    monkeypatch.setattr(post_cards, "MAX_CARD_ROWS", 3)
    monkeypatch.setattr(post_cards, "MAX_CHART_ROWS", 3)
    after = [MINUTE, 2 * MINUTE, 30 * HOUR, 31 * HOUR]
    send(profile, post("p"), *(of("p", f"c{number}", one) for number, one in enumerate(after)))
    send(profile, of("p", "answer", 32 * HOUR, author=BRAND, parent_id="c3"))
    markup = shown(page, "/content/")
    [card] = cards(markup).values()
    assert (figures(card)[0], figures(card)[-1]) == ("at least 3 open threads", "at least 2 comments")
    assert ("2+" in card, "3+ open" in card) == (True, True)
    assert (
        curve(card) == "The newest 2 comments, 30 hours to 32 hours after the post; at most 1 in 5 minutes."
    )
    assert numbers(of_page(page, "p")) == [
        ("Monday, 23 February 2026, 13:30 UTC", "1"),
        ("Monday, 23 February 2026, 14:30 UTC", "1"),
    ]


def test_no_more_rows_are_read_of_a_post_than_the_limit(page, profile, monkeypatch):
    monkeypatch.setattr(post_cards, "MAX_CARD_ROWS", 10)
    send(profile, post("p"), *(of("p", f"c{number}", number * MINUTE) for number in range(200)))
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):  # which PostgreSQL prefers for few rows
            cursor.execute(f"SET LOCAL enable_{way} = off")
        before = rows_read(cursor)
        [card] = cards(shown(page, "/content/")).values()
        assert figures(card)[-1] == "at least 10 comments"
        assert rows_read(cursor) - before == 10


def rows_read(cursor) -> int:
    """How many comments and messages the transaction has read."""
    cursor.execute(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relid = 'interactions_interaction'::regclass"
    )
    return cursor.fetchone()[0]


def test_a_post_without_comments_has_no_curve(page, profile):
    send(profile, post("p"))
    assert "No comments yet" in shown(page, "/content/")
    assert ("No comments yet" in of_page(page, "p"), "No threads yet" in of_page(page, "p")) == (True, True)


def test_posts_are_listed_newest_first_in_pages(page, profile):
    send(profile, *(post(f"p{number:02}", P + number * HOUR, text=f"p{number:02}") for number in range(50)))
    first = shown(page, "/content/")
    newest = [f"p{number:02}" for number in reversed(range(50))]
    assert (list(cards(first)), "Newer posts" in first) == (newest[:24], False)
    second = shown(page, html.unescape(re.search(r'rel="next" href="([^"]*)"', first)[1]))
    assert list(cards(second)) == newest[24:48]
    last_address = html.unescape(re.search(r'rel="next" href="([^"]*)"', second)[1])
    last = shown(page, last_address)
    assert (list(cards(last)), "Older posts" in last) == (newest[48:], False)
    back = shown(page, html.unescape(re.search(r'rel="prev" href="([^"]*)"', last)[1]))
    assert list(cards(back)) == newest[24:48]
    part = page.get(last_address, headers=PART).content.decode()
    assert (list(cards(part)), "<html" in part, part.count("data-takes-focus")) == (newest[48:], False, 1)


@pytest.fixture
def three_posts(page, live, profile):
    """A post of the live profile, on Instagram, and two of the other one, on Facebook."""
    Content.objects.all().delete()
    send(live, post("insta", P, text="Café au lait"))
    send(profile, post("face", P + DAY, text="Espresso"), post("late", P + 3 * DAY, text="Decaf"))
    return {"live": live.pk, "profile": profile.pk}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Decaf", "Espresso", "Café au lait"]),
        ("platform=instagram", ["Café au lait"]),
        ("platform=youtube", []),
        ("profile={profile}", ["Decaf", "Espresso"]),
        ("profile={live}&platform=facebook", []),
        ("search=CAFÉ", ["Café au lait"]),
        ("search=e&platform=facebook", ["Decaf", "Espresso"]),
        ("since=2026-02-23", ["Decaf", "Espresso"]),
        ("until=2026-02-23", ["Espresso", "Café au lait"]),
        ("since=2026-02-23&until=2026-02-23", ["Espresso"]),
        ("platform=&profile=&search=&since=&until=", ["Decaf", "Espresso", "Café au lait"]),
        ("is_demo=true&nonsense=1", ["Decaf", "Espresso", "Café au lait"]),
    ],
)
def test_filters_of_the_address_select_posts(page, three_posts, query, expected):
    markup = shown(page, f"/content/?{query.format(**three_posts)}")
    assert list(cards(markup)) == expected
    assert ("Nothing matches" in markup) == (not expected)


def test_days_are_those_of_the_users_zone(page, alice, three_posts):
    Content.objects.filter(platform_id="face").update(posted_at="2026-02-23T12:30:00Z")
    for zone, found in (("Pacific/Auckland", []), ("Pacific/Honolulu", ["Espresso"])):
        User.objects.update(time_zone=zone)
        assert list(cards(shown(page, "/content/?since=2026-02-23&until=2026-02-23"))) == found, zone


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("platform=myspace", "Platform: Choose a platform of the list."),
        ("profile=x", "Profile: Choose one of your profiles."),
        ("since=yesterday", "From: Give a day such as 2026-01-31."),
        ("until=2026-02-30", "To: Give a day such as 2026-01-31."),
        ("until=9999-12-31", "To: Give a day such as 2026-01-31."),
        ("since=2026-03-02&until=2026-03-01", "From: The first day must not be after the last one."),
        (f"search={'x' * 101}", "Search: Search for at most 100 characters."),
    ],
)
def test_an_invalid_filter_is_400_and_says_what_to_do(page, three_posts, query, sentence):
    markup = shown(page, f"/content/?{query}", 400)
    assert (sentence in text_of(markup), "Clear the filters" in markup, cards(markup)) == (True, True, {})


def test_menus_are_links_to_the_same_list_with_another_filter(page, three_posts):
    markup = shown(page, "/content/?platform=facebook&search=e&since=2026-02-01")
    links = re.findall(r'<a class="item" href="([^"]*)"[^>]*>(.*?)</a>', markup, re.S)
    addresses = {text_of(label): html.unescape(address) for address, label in links}
    assert addresses["All platforms"] == "/content/?search=e&since=2026-02-01"
    assert addresses["Instagram"] == "/content/?platform=instagram&search=e&since=2026-02-01"
    assert addresses["Any time"] == "/content/?platform=facebook&search=e"
    assert "From 1 Feb 2026" in markup
    assert '<input type="hidden" name="search" value="e">' in markup


def test_a_page_that_does_not_exist_is_404_and_leads_back(page, three_posts):
    markup = shown(page, "/content/?platform=facebook&cursor=nonsense", 404)
    assert ("This page does not exist" in markup, 'href="/content/?platform=facebook"' in markup) == (
        True,
        True,
    )
    markup = of_page(page, "face", "?cursor=nonsense", 404)
    assert ("Espresso" in markup, "This page of the threads does not exist" in markup) == (True, True)


def test_an_empty_list_says_what_fills_it(page, alice):
    assert "Try the demo" in shown(page, "/content/")
    Profile.objects.create(owner=alice, platform="x", platform_id="new", handle="new")
    markup = shown(page, "/content/")
    assert ("What your profiles publish appears here" in markup, "Try the demo" in markup) == (True, False)


def test_a_page_whose_posts_were_deleted_says_so(page, profile):
    send(profile, *(post(f"p{number:02}", P + number * HOUR) for number in range(25)))
    older = html.unescape(re.search(r'rel="next" href="([^"]*)"', shown(page, "/content/"))[1])
    send(profile, event("content.deleted", "p00", at(NOW)))
    assert "The posts of this page have been deleted." in shown(page, older)


def test_deleted_posts_and_those_of_others_are_404_and_not_listed(page, profile, bob):
    theirs = Profile.objects.create(owner=bob, platform="facebook", platform_id="theirs", handle="bob")
    send(theirs, post("theirs", text="Bob's own"))
    send(profile, post("gone"), event("content.deleted", "gone", at(NOW)), post("here", text="here"))
    for query in ("", f"?profile={theirs.pk}", "?search=Bob", "?platform=facebook"):
        assert "Bob&#x27;s own" not in shown(page, f"/content/{query}"), query
    assert list(cards(shown(page, "/content/"))) == ["here"]
    of_page(page, "theirs", status=404)
    of_page(page, "gone", status=404)
    shown(page, "/content/999999999999999999/", 404)
    page.force_login(bob)
    assert list(cards(shown(page, "/content/"))) == ["Bob's own"]


def test_a_post_is_shown_whole_with_its_threads(page, profile):
    send(
        profile,
        post("p", text="x" * 700, url="https://example.com/p?a=1&b=2"),
        post("other"),
        of("p", "c1", author={"id": "1", "name": "Ada"}),
        of("p", "c2", 2 * HOUR, author={"id": "2", "name": "Ben"}),
        of("p", "reply", 3 * HOUR, parent_id="c1", author={"id": "3", "name": "Cem"}),
        of("other", "c3", author={"id": "4", "name": "Dan"}),
    )
    work_on(thread("c2"))
    markup = of_page(page, "p")
    assert "Show all 700 characters" in markup
    link = re.search(r'<a class="button" href="([^"]*)" rel="([^"]*)"', markup)
    assert (html.unescape(link[1]), link[2]) == ("https://example.com/p?a=1&b=2", "noopener noreferrer")
    assert figures(markup) == ["0 views", "0 likes", "0 shares", "3 comments", "1 open thread"]
    assert names(markup) == ["Cem", "Ben"]
    address = f"/inbox/{thread('c1').pk}/?content={content('p').pk}&amp;status=all"
    assert f'href="{address}"' in markup
    assert page.get(html.unescape(address)).status_code == 200


def test_tabs_have_the_threads_of_a_status_and_true_counts(page, profile):
    send(profile, post("p"), post("other"), of("other", "c9"))
    send(
        profile,
        *(
            of("p", f"c{number}", number * HOUR, author={"id": "1", "name": f"N{number}"})
            for number in range(5)
        ),
    )
    for root in ("c1", "c3", "c4"):
        work_on(thread(root))
    Thread.objects.filter(root_ref="c4").update(status="archived")
    tabs = re.findall(r'<a class="tab"[^>]*>(.*?)</a>', of_page(page, "p"))
    assert [text_of(tab) for tab in tabs] == ["All 5", "Open 2", "Snoozed 0", "Done 2"]
    assert names(of_page(page, "p")) == ["N4", "N3", "N2", "N1", "N0"]
    assert names(of_page(page, "p", "?status=open")) == ["N2", "N0"]
    assert names(of_page(page, "p", "?status=done")) == ["N3", "N1"]
    assert "No thread has this status" in of_page(page, "p", "?status=snoozed")
    assert "Show all threads" in of_page(page, "p", "?status=lost", 400)


def test_threads_are_listed_in_pages(page, profile):
    send(profile, post("p"))
    send(
        profile,
        *(
            of("p", f"c{number}", number * MINUTE, author={"id": "1", "name": f"N{number}"})
            for number in range(55)
        ),
    )
    first = of_page(page, "p", "?status=open")
    older = html.unescape(re.search(r'rel="next" href="([^"]*)"', first)[1])
    assert names(first) == [f"N{number}" for number in reversed(range(5, 55))]
    part = page.get(older, headers=PART).content.decode()
    assert (names(part), "<html" in part) == ([f"N{number}" for number in reversed(range(5))], False)
    assert names(shown(page, older)) == names(part)


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "ftp://example.com", "//example.com", "http://[", " https"]
)
def test_only_web_addresses_are_links_to_the_platform(page, profile, url):
    send(profile, post("p", url=url))
    markup = of_page(page, "p")
    assert ("Open on Facebook" in markup, "javascript:" in markup) == (False, False)


HOSTILE = "<script>alert(1)</script>\u202e\u2069 " + "שלום " * 200


def test_hostile_texts_are_shown_as_text(page, profile):
    Profile.objects.filter(pk=profile.pk).update(handle="h" * 255)
    send(profile, post("p", text=HOSTILE, kind="<b>" + "k" * 20))
    send(profile, of("p", "c", text=HOSTILE, author={"id": "1", "name": "<i>\u202eAda"}))
    for markup in (shown(page, "/content/"), of_page(page, "p")):
        assert ("<script>alert" in markup, "<b>k" in markup, "<i>" in markup) == (False, False, False)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in markup
    [card] = cards(shown(page, "/content/")).values()
    assert "\u202e" not in card


def test_figures_of_any_size_are_shown(page, profile):
    most = 2**63 - 1
    send(profile, post("p", text=""))
    send(
        profile,
        event("content.metrics", "p", at(P), metrics=dict.fromkeys(("views", "likes", "shares"), most)),
    )
    Content.objects.update(views=most)
    [(caption, card)] = cards(shown(page, "/content/")).items()
    assert (caption, figures(card)[0]) == ("A post without text", "9,223,372,036,854,775,807 views")
    assert "9223372T" in card


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_a_post_of_the_first_possible_time_is_shown(page, profile, zone):
    User.objects.update(time_zone=zone)
    send(profile, event("content.published", "p", "1970-01-01T00:00:00Z"), of("p", "c"))
    [card] = cards(shown(page, "/content/")).values()
    assert curve(card) == "1 comment in the 58 years after the post; at most 1 in 2 years."
    assert len(numbers(of_page(page, "p"))) == 1


def test_queries_do_not_grow_with_what_is_shown(page, profile, django_assert_num_queries):
    send(profile, post("p"), of("p", "c"))
    for path, queries in (("/content/", 6), (f"/content/{content('p').pk}/", 10)):
        with django_assert_num_queries(queries):
            page.get(path)
    send(profile, *(post(f"p{number}") for number in range(30)))
    send(
        profile,
        *(of("p", f"c{number}") for number in range(60)),
        *(of("p1", f"d{number}") for number in range(9)),
    )
    for path, queries in (("/content/", 6), (f"/content/{content('p').pk}/", 10)):
        with django_assert_num_queries(queries):
            page.get(path)


def test_pictures_of_a_demos_posts_take_one_query(page, alice, django_assert_num_queries):
    demo_of(alice, NOW, size="small")
    with django_assert_num_queries(7):
        markup = page.get("/content/").content.decode()
    pictures = re.findall(r'<img class="picture" src="([^"]*)"', markup)
    assert (len(pictures), all(one.startswith("/pictures/posts/") for one in pictures)) == (10, True)
    first = Content.objects.first().pk
    with django_assert_num_queries(11):
        page.get(f"/content/{first}/")


@pytest.mark.django_db(transaction=True)
def test_a_search_that_takes_too_long_keeps_the_filters(page, profile, monkeypatch):
    read_limits.reset_usage()
    send(profile, *(post(f"p{number}", text="a" * 65_536) for number in range(60)))
    monkeypatch.setattr(read_limits, "QUICK_MILLISECONDS", 5)
    monkeypatch.setattr(read_limits, "MAX_MILLISECONDS", 10)
    answer = page.get(f"/content/?search={'a' * 99}b")
    markup = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert ("That took too long" in markup, f'value="{"a" * 99}b"' in markup) == (True, True)
    read_limits.reset_usage()
