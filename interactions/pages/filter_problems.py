"""Says what is wrong with the filters of a page's address, as people read it. Called by `inbox_query.py` and `post_query.py`.

The forms of the filters are those of the API, whose sentences name its parameters.
"""

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _

from interactions.models import LABEL_LENGTH
from interactions.text_search import MAX_SEARCH_LENGTH


@dataclass(frozen=True)
class FilterProblem:
    """What is wrong with a filter: its label on the page, and a sentence that says what to choose."""

    label: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.label}: {self.sentence}"


def filter_problems(form: forms.Form) -> list[FilterProblem]:
    """Return what is wrong with the parameters of the bound form."""
    labels = _labels()
    return [
        FilterProblem(labels[name], _sentence(form, name, errors[0])) for name, errors in form.errors.items()
    ]


def _sentence(form: forms.Form, name: str, error: str) -> str:
    """The sentence of these pages, else the form's own, which those of the posts have for their days."""
    sentences = _periods() if _is_valid_alone(form, name) else _sentences()
    return sentences.get(name, error)


def _is_valid_alone(form: forms.Form, name: str) -> bool:
    try:
        form.fields[name].clean(form.data.get(name))
    except forms.ValidationError:
        return False
    return True


def _labels() -> dict[str, str]:
    return {
        "status": _("Status"),
        "kind": _("Type"),
        "platform": _("Platform"),
        "profile": _("Profile"),
        "content": _("Post"),
        "unread": _("Read or unread"),
        "is_demo": _("Demo or live"),
        "sentiment": _("Sentiment"),
        "label": _("Label"),
        "search": _("Search"),
        "active_after": _("Active from"),
        "active_before": _("Active before"),
        "since": _("From"),
        "until": _("To"),
    }


def _sentences() -> dict[str, str]:
    day = _("Give a day such as 2026-01-31.")
    return {
        "status": _("Choose open, snoozed, done, archived or all."),
        "kind": _("Choose comments or messages."),
        "platform": _("Choose a platform of the list."),
        "profile": _("Choose one of your profiles."),
        "content": _("Choose one of your posts."),
        "unread": _("Choose read or unread."),
        "is_demo": _("Choose demo or live."),
        "sentiment": _("Choose positive, neutral or negative."),
        "label": _("A label has at most %(count)d characters, in one line and all visible.")
        % {"count": LABEL_LENGTH},
        "search": _("Search for at most %(count)d characters.") % {"count": MAX_SEARCH_LENGTH},
        "active_after": day,
        "active_before": day,
    }


def _periods() -> dict[str, str]:
    return {"active_after": _("The day must be before that of “Active before”.")}
