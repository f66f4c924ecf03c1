"""Reads posts as the pages of posts show them: cards of a list, and one post. Called by `posts.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models.functions import Left
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from interactions.cursors import Cursor, read_page
from interactions.display import display_inline
from interactions.models import Content
from interactions.numbers import compact
from interactions.pages.arrival_curves import Chart, Curve, chart, comments_in_words, small_curve
from interactions.pages.post_query import PostQuery
from interactions.pictures.posts import picture_urls
from interactions.post_figures import Counted, PostFigures, read_figures

PAGE_SIZE = 24  # fills rows of 2, 3, 4 and 6 cards
CAPTION_LENGTH = 400  # characters of a card's caption, which shows three lines
CARD_INTERVALS, CHART_INTERVALS = 32, 48
# Comments, and open threads, that are read of a post: at most 71 ms of PostgreSQL's processor time for a page of posts that have more,
# 60 ms for a chart (docs/performance.md).
MAX_CARD_ROWS, MAX_CHART_ROWS = 1_000, 10_000
KINDS = {  # that networks have; of another one its own name is shown
    "post": "",
    "photo": gettext_lazy("Photo"),
    "carousel": gettext_lazy("Carousel"),
    "reel": gettext_lazy("Reel"),
    "short": gettext_lazy("Short"),
    "video": gettext_lazy("Video"),
}


@dataclass(frozen=True)
class Figure:
    """A number with its icon: in short, what it counts, and both in words."""

    icon: str
    short: str
    label: str
    words: str


@dataclass(frozen=True)
class PostCard:
    """A post in the list. `picture` is an address, `caption` the beginning of the text."""

    post: Content
    picture: str
    figures: Sequence[Figure]
    open_threads: Figure | None
    curve: Curve | None

    @property
    def caption(self) -> str:
        return self.post.caption

    @property
    def kind(self) -> str:
        return kind_label(self.post)


@dataclass(frozen=True)
class CardPage:
    """A page of cards, and the cursors of the next newer and older ones."""

    cards: Sequence[PostCard]
    newer: Cursor | None
    older: Cursor | None


@dataclass(frozen=True)
class LargePost:
    """One post with its figures, and the chart of its comments, or None without any."""

    post: Content
    picture: str
    figures: Sequence[Figure]
    chart: Chart | None

    @property
    def kind(self) -> str:
        return kind_label(self.post)


def read_cards(query: PostQuery, user: User, cursor: str | None, now: datetime) -> CardPage:
    """Read a page of the posts of the query, newest first; raises CursorError."""
    rows = query.rows().select_related("profile").defer("text").annotate(caption=Left("text", CAPTION_LENGTH))
    page = read_page(rows, user, cursor, PAGE_SIZE)
    figures = read_figures(page.rows, now, intervals=CARD_INTERVALS, max_rows=MAX_CARD_ROWS)
    pictures = picture_urls(page.rows)
    cards = [_card(post, pictures[post.pk], figures[post.pk]) for post in page.rows if post.pk in figures]
    return CardPage(cards, page.newer, page.older)


def read_large(post: Content, now: datetime) -> LargePost:
    """Read the figures of one post; raises Content.DoesNotExist if it was purged meanwhile."""
    figures = read_figures([post], now, intervals=CHART_INTERVALS, max_rows=MAX_CHART_ROWS).get(post.pk)
    if figures is None:
        raise Content.DoesNotExist
    shown = figures.arrivals and chart(figures.comments, figures.arrivals, post.posted_at)
    opened = _open_threads(figures.open_threads)
    picture = picture_urls([post])[post.pk]
    return LargePost(post, picture, [*_figures(post, figures), *([opened] if opened else [])], shown)


def kind_label(post: Content) -> str:
    """Return the kind of the post in words; "" for one that is just a post."""
    return str(KINDS.get(post.kind.lower(), display_inline(post.kind)))


def _card(post: Content, picture: str, figures: PostFigures) -> PostCard:
    curve = figures.arrivals and small_curve(figures.comments, figures.arrivals)
    return PostCard(post, picture, _figures(post, figures), _open_threads(figures.open_threads), curve)


def _figures(post: Content, figures: PostFigures) -> list[Figure]:
    views = ngettext("%(number)s view", "%(number)s views", post.views)
    likes = ngettext("%(number)s like", "%(number)s likes", post.likes)
    shares = ngettext("%(number)s share", "%(number)s shares", post.shares)
    return [
        Figure("eye", compact(post.views), _("Views"), views % {"number": intcomma(post.views)}),
        Figure("heart", compact(post.likes), _("Likes"), likes % {"number": intcomma(post.likes)}),
        Figure("share-2", compact(post.shares), _("Shares"), shares % {"number": intcomma(post.shares)}),
        Figure(
            "message-circle", _short(figures.comments), _("Comments"), comments_in_words(figures.comments)
        ),
    ]


def _open_threads(threads: Counted) -> Figure | None:
    """The open threads, or None without any."""
    if not threads.number:
        return None
    words = ngettext("%(number)s open thread", "%(number)s open threads", threads.number)
    if threads.is_minimum:
        words = ngettext(
            "at least %(number)s open thread", "at least %(number)s open threads", threads.number
        )
    return Figure("inbox", _short(threads), _("Open threads"), words % {"number": intcomma(threads.number)})


def _short(counted: Counted) -> str:
    return f"{compact(counted.number)}+" if counted.is_minimum else compact(counted.number)
