"""The addresses of pictures: what pages get, and how the server answers."""

import pytest
from django.template import Context, Template

from demo.models import StoryEvent
from demo.pictures.posts import niche_cover_url
from interactions.models import Content, Interaction
from interactions.pictures.people import avatar_url
from interactions.pictures.posts import picture_urls
from tests.world import demo_of, event, send

PICTURES = [
    "/pictures/people/00112233aabbccdd.svg",
    "/pictures/initials/11-4d.svg",
    "/pictures/initials/0-.svg",
    "/pictures/profiles/3-e0a495e0a58de0a4b7.svg",
    "/pictures/profiles/3-.svg",
    "/pictures/abstract/moving-15.svg",
    "/pictures/posts/coffee/last_places/00ff.svg",
    "/pictures/niches/travel.svg",
]
UNKNOWN = [
    *("/pictures/people/00112233aabbccd.svg", "/pictures/people/00112233AABBCCDD.svg"),
    *("/pictures/people/00112233aabbccdd0.svg", "/pictures/people/.svg", "/pictures/people/x.svg"),
    *("/pictures/people/00112233aabbccdd.svg/", "/pictures/people/00112233aabbccdd.svg%0A"),
    *("/pictures/initials/12-4d.svg", "/pictures/initials/011-4d.svg", "/pictures/initials/01-4d.svg"),
    *("/pictures/initials/1-4.svg", "/pictures/initials/1-4D.svg", "/pictures/initials/1-6d.svg"),
    *("/pictures/initials/1-3c.svg", "/pictures/initials/1-4d4d.svg", "/pictures/initials/1-ff.svg"),
    *("/pictures/initials/1-f09f9982.svg", "/pictures/initials/1-00.svg", "/pictures/initials/1.svg"),
    *("/pictures/profiles/12-4d.svg", "/pictures/profiles/1-3c.svg", f"/pictures/profiles/1-{'4d' * 25}.svg"),
    *(
        "/pictures/abstract/moving-16.svg",
        "/pictures/abstract/other-1.svg",
        "/pictures/abstract/still-01.svg",
    ),
    *("/pictures/posts/gardening/launch/0000.svg", "/pictures/posts/coffee/nonsense/0000.svg"),
    *("/pictures/posts/coffee/team/00000.svg", "/pictures/posts/coffee/team/00g0.svg"),
    *("/pictures/posts/coffee/team/000.svg", "/pictures/posts/__class__/team/0000.svg"),
    *("/pictures/niches/gardening.svg", "/pictures/niches/../coffee.svg", "/pictures/"),
]


@pytest.mark.parametrize("path", PICTURES)
def test_a_picture_is_kept_for_a_year(client, db, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Vary" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", PICTURES)
def test_a_picture_may_load_and_run_nothing(client, db, path):
    policy = client.get(path).headers["Content-Security-Policy"]
    assert {part.strip() for part in policy.split(";")} == {
        *("default-src 'none'", "frame-ancestors 'none'", "sandbox")
    }


@pytest.mark.parametrize("path", PICTURES)
def test_a_picture_needs_no_session_and_no_query(client, alice, path, django_assert_num_queries):
    anonymous = client.get(path).content
    client.force_login(alice)
    with django_assert_num_queries(0):
        assert client.get(path).content == anonymous


@pytest.mark.parametrize("path", PICTURES)
def test_a_picture_that_is_known_is_not_sent_again(client, db, path):
    tag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", PICTURES)
def test_a_picture_can_only_be_read(client, db, path):
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", UNKNOWN)
def test_addresses_that_no_page_has_are_unknown_and_not_kept(client, db, path):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "private, no-store")


@pytest.mark.parametrize("niche", ["coffee", "travel"])
def test_demo_posts_have_pictures_of_their_niche_and_topic(client, alice, niche):
    demo_of(alice, size="small", niche=niche)
    posts = Content.objects.visible_to(alice)
    urls = picture_urls(posts)
    topics = {
        (event.profile_id, event.platform_id): event.payload["memo"].split("/")[0]
        for event in StoryEvent.objects.filter(type="content.published", delivered_at__isnull=False)
    }
    assert len(urls) == 10
    for post in posts:
        topic = topics[post.profile_id, post.platform_id]
        assert urls[post.pk].startswith(f"/pictures/posts/{niche}/{topic}/")
    assert {client.get(url).status_code for url in urls.values()} == {200}


def test_the_number_of_queries_is_constant(alice, live, django_assert_num_queries):
    demo_of(alice, size="small")
    posts = list(Content.objects.visible_to(alice).order_by("-is_demo"))
    assert [post.is_demo for post in posts] == [True] * 10 + [False]
    for shown in (posts[:1], posts):
        with django_assert_num_queries(1):
            assert len(picture_urls(shown)) == len(shown)


def test_live_posts_have_neutral_pictures_and_need_no_query(client, live, django_assert_num_queries):
    posts = list(Content.objects.all())
    with django_assert_num_queries(0):
        urls = picture_urls(posts)
    assert [*urls.values()] == ["/pictures/abstract/still-9.svg?v=1"]
    assert client.get(urls[posts[0].pk]).status_code == 200


def test_a_demo_post_whose_topic_is_not_known_has_a_neutral_picture(alice):
    demo_of(alice, size="small")
    post = Content.objects.visible_to(alice).first()
    StoryEvent.objects.filter(platform_id=post.platform_id).update(payload={})
    assert picture_urls([post])[post.pk].startswith("/pictures/abstract/")


def test_a_niche_is_chosen_by_its_cover():
    assert niche_cover_url("travel") == "/pictures/niches/travel.svg?v=1"
    assert niche_cover_url("gardening") == ""


def test_a_live_person_is_shown_by_an_initial(client, profile):
    send(profile, event("comment.created", "c", author={"id": "9", "handle": "zo", "name": "<i>Zoë</i>"}))
    assert avatar_url(Interaction.objects.get()) == "/pictures/initials/7-49.svg?v=1"
    assert client.get("/pictures/initials/7-49.svg?v=1").status_code == 200


def test_what_the_profile_has_sent_has_the_mark_of_the_profile(profile):
    send(profile, event("comment.created", "c", author={"id": "brand", "handle": "brand", "name": ""}))
    mark = avatar_url(profile)
    assert mark == "/pictures/profiles/2-42.svg?v=1"
    assert avatar_url(Interaction.objects.get()) == mark


def test_people_of_a_demo_have_faces(client, alice):
    demo_of(alice, size="smoke")
    received = Interaction.objects.filter(direction="in").select_related("profile")
    urls = {avatar_url(row) for row in received}
    assert len(urls) > 10
    assert {url.startswith("/pictures/people/") for url in urls} == {True}
    assert {client.get(url).status_code for url in urls} == {200}


def test_a_glyph_names_its_platform():
    text = Template('{% load interface %}{% glyph "x" %}').render(Context())
    assert 'aria-label="X"' in text
    assert 'href="/static/perennial/platforms.svg#x"' in text
