"""Model fields for names and handles that people type. `clean` accepts only readable ones, in the form that is stored."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations import check_table
from accounts.handles import SIGNS, HandleRule
from accounts.names import UnreadableName, normalize_name
from accounts.platforms import PLATFORMS, InvalidHandle, read_handle

SIGN_NAMES = {".": gettext_lazy("dots"), "_": gettext_lazy("underscores"), "-": gettext_lazy("hyphens")}
check_table("SIGN_NAMES in accounts/fields.py", SIGN_NAMES, SIGNS)


def validate_name(name: str, max_length: int, label: str) -> str:
    """The name as `accounts.names.normalize_name` returns it. Raises ValidationError "The `label` must be …"."""
    try:
        return normalize_name(name, max_length)
    except UnreadableName as error:
        raise ValidationError(_("The %(label)s %(problem)s") % {"label": label, "problem": error}) from error


class ReadableNameField(models.CharField):
    """A readable name. `clean` checks it; the admin's forms and `createsuperuser` call that."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        name = super().clean(value, model_instance)
        return validate_name(name, self.max_length, self.verbose_name) if name else name

    def deconstruct(self) -> tuple:
        """Appears as a CharField in migrations, as the column is one."""
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options


class HandleField(ReadableNameField):
    """The handle of a row that has a `platform`; stored without a leading @."""

    def clean(self, value: Any, model_instance: models.Model | None) -> str:
        name = super().clean(value, model_instance)
        platform = getattr(model_instance, "platform", "")
        if platform not in PLATFORMS:  # the field `platform` reports that
            return name
        try:
            return read_handle(name, platform)
        except InvalidHandle as error:
            sentence = _(
                "The %(label)s must be the name alone, such as acme, without an address or spaces: %(rule)s."
            )
            rule = describe_handles(PLATFORMS[platform].handles)
            raise ValidationError(sentence % {"label": self.verbose_name, "rule": rule}) from error


def describe_handles(rule: HandleRule) -> str:
    """The rule for existing handles as the end of a sentence: "at most 30 letters …"."""
    letters = _("letters of any language") if rule.any_script else _("letters from a to z")
    parts = [letters, _("digits")] + [str(SIGN_NAMES[sign]) for sign in rule.signs]
    sentence = _("at most %(most)d %(first)s and %(last)s, with no dot or hyphen at either end")
    return sentence % {"most": rule.max_length, "first": ", ".join(parts[:-1]), "last": parts[-1]}
