"""The admin pages of users, groups and profiles; Django imports this module. A signing secret is shown once."""

from datetime import datetime

import knox.admin  # noqa: F401 (registers the token admin that is unregistered below)
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from knox.models import get_token_model

from accounts.confirmation import confirmation_page, is_confirmed
from accounts.fields import validate_name
from accounts.locking import LockRowMixin
from accounts.models import Profile, User
from accounts.permissions import can_manage, manageable_users
from accounts.plurals import pluralize
from accounts.preferences import PREFERENCES

PERMISSION_FIELDS = ("is_staff", "is_superuser", "groups", "user_permissions")
MAX_ROTATED = 50  # secrets in one action
OWNER_HAS_MORE = "Choose a user who has no permission that you lack, or ask a superuser."

# Knox's admin shows digests, and can create a token for any user.
admin.site.unregister(get_token_model())


@admin.register(User)
class PersonAdmin(LockRowMixin, UserAdmin):
    """Users. They are deleted by `manage.py delete_user`, which deletes their rows in batches."""

    list_display = ["username", "email", "is_staff", "enabled_at"]
    readonly_fields = ["demo_mode_enabled_at"]
    fieldsets = (*UserAdmin.fieldsets, ("Preferences", {"fields": PREFERENCES}))
    actions = ["end_tokens"]

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        """Only superusers change permissions."""
        fields = super().get_readonly_fields(request, obj)
        return [*fields, *([] if request.user.is_superuser else PERMISSION_FIELDS)]

    def has_change_permission(self, request, obj=None) -> bool:
        """Nobody changes a user with more permissions: a password that you set lets you log in as that user."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or can_manage(request.user, obj))

    def get_queryset(self, request) -> QuerySet[User]:
        """Annotate the start of the demo: reading the deferred field would cost a query for each row of the list."""
        return super().get_queryset(request).annotate(enabled_at=F("demo_mode_enabled_at"))

    @admin.display(description="demo mode enabled at", ordering="demo_mode_enabled_at")
    def enabled_at(self, user: User) -> datetime | None:
        return user.enabled_at

    def user_change_password(self, request, id, form_url="") -> HttpResponse:
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    @admin.action(description="End all tokens", permissions=["change"])
    def end_tokens(self, request, queryset) -> HttpResponse | None:
        """Delete all tokens of the selected users, except of users with more permissions than the operator."""
        if not is_confirmed(request):
            rows = dict(queryset.values_list("pk", "username"))
            return confirmation_page(self, request, "end_tokens", "End all tokens of these users?", rows)
        users = manageable_users(request.user, queryset)
        skipped = queryset.count() - users.count()
        deleted, _ = get_token_model().objects.filter(user__in=users.values("pk")).delete()
        if deleted or not skipped:
            self.message_user(request, f"{pluralize(deleted, 'token')} ended.")
        if skipped:
            subject = pluralize(skipped, "user has", "users have")
            sentence = f"{subject} permissions that you lack; their tokens stay. Ask a superuser."
            self.message_user(request, sentence, messages.WARNING)

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


admin.site.unregister(Group)


class GroupForm(forms.ModelForm):
    """Checks the name, as Django's column accepts any text."""

    def clean_name(self) -> str:
        return validate_name(self.cleaned_data["name"], Group._meta.get_field("name").max_length, "name")


@admin.register(Group)
class PermissionGroupAdmin(GroupAdmin):
    """Groups. Only superusers change them, as a group's permissions are its members' permissions."""

    form = GroupForm

    def has_add_permission(self, request) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None) -> bool:
        return request.user.is_superuser


@admin.register(Profile)
class ProfileAdmin(LockRowMixin, admin.ModelAdmin):
    list_display = ["handle", "platform", "owner", "is_demo", "created_at"]
    list_filter = ["platform", "is_demo"]
    list_select_related = ["owner"]
    search_fields = ["handle", "owner__username"]
    autocomplete_fields = ["owner"]
    fields = ["owner", "platform", "platform_id", "handle", "display_name", "is_demo", "webhook"]
    readonly_fields = ["is_demo", "webhook"]
    actions = ["rotate_secrets"]

    def get_queryset(self, request) -> QuerySet[Profile]:
        """Without those that their owners have deleted."""
        return super().get_queryset(request).exclude(owner=None)

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        """Profiles of a demo cannot be changed: its story depends on them."""
        return self.fields if obj and obj.is_demo else self.readonly_fields

    def has_change_permission(self, request, obj=None) -> bool:
        """Nobody changes a profile of a user with more permissions: its secret allows writing to that user's inbox."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or can_manage(request.user, obj.owner))

    def formfield_for_foreignkey(self, db_field, request, **options) -> forms.ModelChoiceField:
        """Offer only owners whom the operator may manage."""
        if db_field.name == "owner":
            owners = manageable_users(request.user, User.objects.all())
            options |= {"queryset": owners, "error_messages": {"invalid_choice": OWNER_HAS_MORE}}
        return super().formfield_for_foreignkey(db_field, request, **options)

    def has_delete_permission(self, request, obj=None) -> bool:
        """A profile may have millions of rows; its owner deletes it in the settings, `manage.py delete_user` with the user."""
        return False

    def get_object(self, request, object_id, from_field=None) -> Profile | None:
        """Return the profile with its absolute webhook URL, at the host of this request."""
        profile = super().get_object(request, object_id, from_field)
        if profile:
            profile.webhook_url = request.build_absolute_uri(reverse("webhook", args=[profile.uuid]))
        return profile

    @admin.display(description="webhook URL")
    def webhook(self, profile: Profile) -> str:
        return profile.webhook_url if profile.pk else "-"

    def save_model(self, request, obj, form, change) -> None:
        """Save only the changed fields: the secret may have been rotated while the form was open."""
        obj.save(update_fields=form.changed_data if change else None)
        if not change:
            self._show_secret(request, obj, obj.webhook_secret)

    @admin.action(
        description="Rotate the signing secret; the current one stays valid", permissions=["change"]
    )
    def rotate_secrets(self, request, queryset) -> HttpResponse | None:
        """Rotate all selected profiles in one transaction, so that each new secret is shown; at most MAX_ROTATED."""
        profiles = list(queryset[: MAX_ROTATED + 1])
        if len(profiles) > MAX_ROTATED:
            sentence = f"Nothing was rotated: choose at most {MAX_ROTATED} profiles, as each secret is shown."
            self.message_user(request, sentence, messages.ERROR)
        elif not is_confirmed(request):
            rows = {profile.pk: str(profile) for profile in profiles}
            question = "Give these profiles new signing secrets?"
            return confirmation_page(self, request, "rotate_secrets", question, rows)
        else:
            self._rotate(request, queryset)

    def _rotate(self, request, queryset: QuerySet[Profile]) -> None:
        owners = manageable_users(request.user, User.objects.all()).values("pk")
        with transaction.atomic():  # skips locked rows instead of waiting for them
            profiles = queryset.filter(owner__in=owners).select_for_update(
                skip_locked=True, of=("self",), no_key=True
            )
            rotated = [(profile, profile.rotate_secret()) for profile in profiles]
        for profile, secret in rotated:
            self._show_secret(request, profile, secret)
        forbidden = queryset.exclude(owner__in=owners).count()
        if forbidden:
            self._report_unchanged(
                request, forbidden, "has an owner with permissions that you lack; ask a superuser"
            )
        if skipped := len(request.POST.getlist(ACTION_CHECKBOX_NAME)) - len(rotated) - forbidden:
            self._report_unchanged(
                request, skipped, "was deleted, or is being changed by somebody else; look at the list"
            )

    def _report_unchanged(self, request, number: int, reason: str) -> None:
        profiles = pluralize(number, "profile was", "profiles were")
        sentence = f"{profiles} not changed: each {reason}."
        self.message_user(request, sentence, messages.WARNING)

    def _show_secret(self, request, profile: Profile, secret: str) -> None:
        sentence = format_html(
            "Signing secret of <bdi>{}</bdi>, shown only this once: <code>{}</code>", profile, secret
        )
        self.message_user(request, sentence, messages.WARNING)
