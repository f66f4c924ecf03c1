"""The tables of users and of the social profiles that they have connected. Every other app reads them."""

import uuid

from django.contrib.auth import models as auth
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import HandleField, ReadableNameField
from accounts.platforms import PLATFORMS
from accounts.preferences import Density, Theme
from accounts.secrets import new_webhook_secret
from accounts.time_zones import validate_time_zone
from accounts.zone_names import TIME_ZONE_LENGTH

MAX_USERNAME_LENGTH = 150


class UserManager(auth.UserManager["User"]):
    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet["User"]:
        """Return users with `demo_mode_enabled_at` deferred.

        Only the demo writes that column. A deferred field is not written by save(), so that saving a user, as a new
        password does, cannot overwrite it with an old value. Reading it loads the current one.
        """
        return super().get_queryset().defer("demo_mode_enabled_at")


class User(AbstractUser):
    """A person; one person is one workspace."""

    username = ReadableNameField(
        "username",
        max_length=MAX_USERNAME_LENGTH,
        unique=True,
        help_text=f"Required. {MAX_USERNAME_LENGTH} characters or fewer. Letters, digits and @/./+/-/_ only.",
        validators=[AbstractUser.username_validator],
        error_messages={"unique": "A user with that username already exists."},
    )
    first_name = ReadableNameField("first name", max_length=150, blank=True)
    last_name = ReadableNameField("last name", max_length=150, blank=True)
    demo_mode_enabled_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Start of the current demo activation; empty while demo mode is off.",
    )
    answers_close_threads = models.BooleanField(
        "an answer closes the thread",
        default=True,
        help_text="Whether a sent answer makes its thread done. A change applies to later answers.",
    )
    theme = models.CharField(
        _("theme"), max_length=16, choices=Theme, default=Theme.SYSTEM, db_default=Theme.SYSTEM
    )
    density = models.CharField(
        _("density"),
        max_length=16,
        choices=Density,
        default=Density.COMFORTABLE,
        db_default=Density.COMFORTABLE,
        help_text=_("How close together the rows of lists are."),
    )
    keyboard_shortcuts = models.BooleanField(
        _("keyboard shortcuts"),
        default=True,
        db_default=True,
        help_text=_("Whether single keys act on the inbox."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=TIME_ZONE_LENGTH,
        blank=True,
        default="",
        db_default="",
        validators=[validate_time_zone],
        help_text=_("In which pages show times, such as Europe/Berlin. Empty: that of your browser."),
    )

    objects = UserManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="user_theme_is_known"),
            models.CheckConstraint(
                condition=models.Q(density__in=Density.values), name="user_density_is_known"
            ),
        ]

    def set_unusable_password(self) -> None:
        """Prevent log-ins by password and delete the user's tokens."""
        super().set_unusable_password()
        if self.pk:
            self.end_tokens()

    def end_tokens(self) -> None:
        """Delete all API tokens of the user."""
        self.auth_token_set.all().delete()


# The declared platforms as choices of a column; a member is named like its value, in capitals.
Platform = models.TextChoices(
    "Platform", {name.upper(): (name, spec.label) for name, spec in PLATFORMS.items()}, module=__name__
)


class ProfileQuerySet(models.QuerySet["Profile"]):
    def owned_by(self, user: User) -> "ProfileQuerySet":
        return self.filter(owner=user)

    def page_for(self, user: User, limit: int, *, oldest_first: bool = False) -> "ProfileQuerySet":
        """Return the first `limit` of the user's profiles, newest or oldest first; called by `cursors.read_page`."""
        return self.owned_by(user).order_by("id" if oldest_first else "-id")[:limit]

    def demo(self) -> "ProfileQuerySet":
        return self.filter(is_demo=True)


class Profile(models.Model):
    """One connected social profile. Each of its rows in `interactions` copies its `is_demo`."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="profiles")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    platform = models.CharField(max_length=16, choices=Platform.choices)
    platform_id = ReadableNameField(max_length=255)
    handle = HandleField(max_length=255)
    display_name = ReadableNameField(max_length=255, blank=True)
    is_demo = models.BooleanField(default=False, editable=False)
    webhook_secret = models.CharField(max_length=128, default=new_webhook_secret, editable=False)
    webhook_secret_previous = models.CharField(max_length=128, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "platform", "platform_id"], name="one_profile_per_owner_and_platform_id"
            ),
            models.UniqueConstraint(fields=["id", "is_demo"], name="profile_demo_flag_can_be_referenced"),
            models.CheckConstraint(
                condition=models.Q(platform__in=Platform.values), name="profile_platform_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"@{self.handle} ({self.get_platform_display()})"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The valid signing secrets: the current one and, after a rotation that kept it, the previous one."""
        return tuple(secret for secret in (self.webhook_secret, self.webhook_secret_previous) if secret)

    def rotate_secret(self, *, keep_previous: bool = True) -> str:
        """Give the profile a new secret and return it.

        With `keep_previous` the current secret stays valid until the next rotation. Simultaneous rotations run one
        after the other. Raises Profile.DoesNotExist when the profile has been deleted.
        """
        secret = new_webhook_secret()
        previous = F("webhook_secret") if keep_previous else Value("")
        row = Profile.objects.filter(pk=self.pk)
        if not row.update(webhook_secret_previous=previous, webhook_secret=secret):
            raise Profile.DoesNotExist
        return secret
