"""The tables of users and of the social profiles that they have connected. Every other app reads them."""

import uuid

from django.contrib.auth import models as auth
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, models, transaction
from django.db.models import F, Value
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.fields import HandleField, ReadableNameField
from accounts.platforms import PLATFORMS
from accounts.preferences import Density, Theme
from accounts.secrets import new_webhook_secret
from accounts.time_zones import validate_time_zone
from accounts.zone_names import TIME_ZONE_LENGTH

MAX_USERNAME_LENGTH = 150
MAX_TOKEN_NAME = 80  # characters
MAX_PROFILES = 200  # live ones of one user


class UserManager(auth.UserManager["User"]):
    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet["User"]:
        """Return users with `demo_mode_enabled_at` deferred.

        Only the demo writes that column. A deferred field is not written by save(), so that saving a user, as a new
        password does, cannot overwrite it with an old value. Reading it loads the current one.
        """
        return super().get_queryset().defer("demo_mode_enabled_at")

    def lock(self, pk: int) -> "User":
        """Lock the user's row until the transaction ends and return it; raises User.DoesNotExist.

        So simultaneous calls that count what the user has run one after the other.
        """
        return self.select_for_update(no_key=True).get(pk=pk)


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


class TokenName(models.Model):
    """The name that a user gave an API token; knox's table has no column for it. `name_key` makes names unique in any case.

    The database deletes it with the token (migration 0005): processes of the release before do not know this table.
    """

    token = models.OneToOneField(
        "knox.AuthToken",
        on_delete=models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="named",
    )
    owner = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    name = models.CharField(max_length=MAX_TOKEN_NAME)
    name_key = models.CharField(max_length=3 * MAX_TOKEN_NAME)  # casefold() may triple a text

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name_key"], name="a_name_is_of_one_token")]

    def __str__(self) -> str:
        return self.name


# The declared platforms as choices of a column; a member is named like its value, in capitals.
Platform = models.TextChoices(
    "Platform", {name.upper(): (name, spec.label) for name, spec in PLATFORMS.items()}, module=__name__
)


class TooManyProfiles(Exception):
    """The user has MAX_PROFILES live profiles."""


class ProfileConnected(Exception):
    """The user has connected this profile before."""


class SecretRotated(Exception):
    """The secret has been rotated since the page was loaded."""


class ProfileQuerySet(models.QuerySet["Profile"]):
    def owned_by(self, user: User) -> "ProfileQuerySet":
        return self.filter(owner=user)

    def page_for(self, user: User, limit: int, *, oldest_first: bool = False) -> "ProfileQuerySet":
        """Return the first `limit` of the user's profiles, newest or oldest first; called by `cursors.read_page`."""
        return self.owned_by(user).order_by("id" if oldest_first else "-id")[:limit]

    def connect(self, owner: User, **values: str) -> "Profile":
        """Store a live profile of the owner; `values` are its platform, platform_id, handle and display_name.

        Raises User.DoesNotExist, TooManyProfiles or ProfileConnected. The lock on the owner lets simultaneous calls count one
        after the other.
        """
        with transaction.atomic():
            User.objects.lock(owner.pk)
            if self.owned_by(owner).filter(is_demo=False).count() >= MAX_PROFILES:
                raise TooManyProfiles
            try:
                with transaction.atomic():
                    return self.create(owner=owner, **values)
            except IntegrityError as error:
                raise ProfileConnected from error

    def demo(self) -> "ProfileQuerySet":
        return self.filter(is_demo=True)


class Profile(models.Model):
    """One connected social profile. Each of its rows in `interactions` copies its `is_demo`."""

    # Null: its owner has deleted it, and a worker deletes its rows (`interactions/profile_deletion.py`).
    owner = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="profiles")
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

    @property
    def secret_mark(self) -> str:
        """A text that differs for each secret and does not reveal it: a page sends it along with a rotation."""
        return salted_hmac("accounts.secret_mark", self.webhook_secret, algorithm="sha256").hexdigest()[:16]

    def rotate_secret(self, *, keep_previous: bool = True, mark: str | None = None) -> str:
        """Give the profile a new secret and return it.

        With `keep_previous` the current secret stays valid until the next rotation. Simultaneous rotations run one
        after the other. With `mark` only the secret that has it is replaced, so that a repeated request changes nothing.
        Raises SecretRotated, or Profile.DoesNotExist when the profile has been deleted.
        """
        secret = new_webhook_secret()
        previous = F("webhook_secret") if keep_previous else Value("")
        row = Profile.objects.filter(pk=self.pk)
        if mark is not None:
            if not constant_time_compare(mark, self.secret_mark):
                raise SecretRotated
            row = row.filter(webhook_secret=self.webhook_secret)
        if not row.update(webhook_secret_previous=previous, webhook_secret=secret):
            raise SecretRotated if mark is not None else Profile.DoesNotExist
        return secret
