"""Says what is wrong with the values of an inbox rule. Called by the API and by the page of inbox rules."""

from django.utils.translation import gettext as _

from interactions.models import InboxRule
from interactions.moderation.languages import LANGUAGES
from interactions.moderation.matching import author_key, words_key


def rule_errors(condition: str, value: str, action: str, label: str) -> dict[str, str]:
    """Return a sentence for each of `value` and `label` that does not fit the condition or the action."""
    found = {"value": _value_error(condition, value), "label": _label_error(action, label)}
    return {name: sentence for name, sentence in found.items() if sentence}


def _value_error(condition: str, value: str) -> str:
    if condition == InboxRule.Condition.WORD and not words_key(value).strip():
        return _("The value has no word: write letters or digits; signs and emoji are not compared.")
    if condition == InboxRule.Condition.AUTHOR and not author_key(value):
        return _("The value has no handle or id.")
    if condition == InboxRule.Condition.LANGUAGE and value not in LANGUAGES:
        return _("The language must be one of %(languages)s.") % {"languages": ", ".join(LANGUAGES)}
    return ""


def _label_error(action: str, label: str) -> str:
    if action == InboxRule.Action.LABEL and not label:
        return _("The action label needs the name of a label.")
    return ""
