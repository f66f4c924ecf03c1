"""People and their profiles, for operators; a signing secret is shown when it is made, and never again."""

from datetime import datetime

import knox.admin  # noqa: F401 (registers what is taken out below)
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

from accounts.confirmation import ask, is_confirmed
from accounts.fields import readable_or_invalid
from accounts.locking import LockedWhileChanged
from accounts.models import Profile, User
from accounts.permissions import is_within_rights_of, within_rights_of
from accounts.plurals import amount

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
MAX_ROTATED = 50  # secrets at once
OWNER_ABOVE = "Choose a user who has no right that you do not have, or ask a superuser."

# Knox's list shows digests, and makes a token of whoever is named.
admin.site.unregister(get_token_model())


@admin.register(User)
class PersonAdmin(LockedWhileChanged, UserAdmin):
    """People leave by `manage.py delete_user`, which takes their rows along in batches."""

    list_display = ["username", "email", "is_staff", "enabled_at"]
    readonly_fields = ["demo_mode_enabled_at"]
    actions = ["end_tokens"]

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        """Who may change people does not make a superuser of anybody."""
        own = super().get_readonly_fields(request, obj)
        return [*own, *([] if request.user.is_superuser else RIGHTS)]

    def has_change_permission(self, request, obj=None) -> bool:
        """And changes nobody who may do more: whoever sets a password may log in with it."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or is_within_rights_of(request.user, obj))

    def get_queryset(self, request) -> QuerySet[User]:
        """Users with the start of their demo beside the deferred field, which a list would read row by row."""
        return super().get_queryset(request).annotate(enabled_at=F("demo_mode_enabled_at"))

    @admin.display(description="demo mode enabled at", ordering="demo_mode_enabled_at")
    def enabled_at(self, user: User) -> datetime | None:
        return user.enabled_at

    def user_change_password(self, request, id, form_url="") -> HttpResponse:
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    @admin.action(description="End all tokens", permissions=["change"])
    def end_tokens(self, request, queryset) -> HttpResponse | None:
        """Those of users whose rights are within the operator's own."""
        if not is_confirmed(request):
            chosen = dict(queryset.values_list("pk", "username"))
            return ask(self, request, "end_tokens", "End all tokens of these users?", chosen)
        within = within_rights_of(request.user, queryset)
        above = queryset.count() - within.count()
        gone, _ = get_token_model().objects.filter(user__in=within.values("pk")).delete()
        if gone or not above:
            self.message_user(request, f"{amount(gone, 'token')} ended.")
        if above:
            users = amount(above, "user has", "users have")
            sentence = f"{users} rights that you do not have; their tokens stay. Ask a superuser."
            self.message_user(request, sentence, messages.WARNING)

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


admin.site.unregister(Group)


class GroupForm(forms.ModelForm):
    """Django's own column takes any name."""

    def clean_name(self) -> str:
        return readable_or_invalid(
            self.cleaned_data["name"], Group._meta.get_field("name").max_length, "name"
        )


@admin.register(Group)
class RightsAdmin(GroupAdmin):
    """Groups, which superusers write and others with the permission look at: what a group may, its members may."""

    form = GroupForm

    def has_add_permission(self, request) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None) -> bool:
        return request.user.is_superuser


@admin.register(Profile)
class ProfileAdmin(LockedWhileChanged, admin.ModelAdmin):
    list_display = ["handle", "platform", "owner", "is_demo", "created_at"]
    list_filter = ["platform", "is_demo"]
    list_select_related = ["owner"]
    search_fields = ["handle", "owner__username"]
    autocomplete_fields = ["owner"]
    fields = ["owner", "platform", "platform_id", "handle", "display_name", "is_demo", "webhook"]
    readonly_fields = ["is_demo", "webhook"]
    actions = ["rotate_secrets"]

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        """A demo's profiles are its own: the story goes on with them as they are."""
        return self.fields if obj and obj.is_demo else self.readonly_fields

    def has_change_permission(self, request, obj=None) -> bool:
        """Whose rights are greater has profiles that are not to be changed either: their secrets write to the inbox."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or is_within_rights_of(request.user, obj.owner))

    def formfield_for_foreignkey(self, db_field, request, **options) -> forms.ModelChoiceField:
        """Nor is one given to them."""
        if db_field.name == "owner":
            owners = within_rights_of(request.user, User.objects.all())
            options |= {"queryset": owners, "error_messages": {"invalid_choice": OWNER_ABOVE}}
        return super().formfield_for_foreignkey(db_field, request, **options)

    def has_delete_permission(self, request, obj=None) -> bool:
        """A profile may have millions of rows; it goes with its demo, or with its owner by `manage.py delete_user`."""
        return False

    def get_object(self, request, object_id, from_field=None) -> Profile | None:
        """The profile with its webhook's whole address, at the host by which the operator has come."""
        profile = super().get_object(request, object_id, from_field)
        if profile:
            profile.address = request.build_absolute_uri(reverse("webhook", args=[profile.uuid]))
        return profile

    @admin.display(description="webhook address")
    def webhook(self, profile: Profile) -> str:
        return profile.address if profile.pk else "-"

    def save_model(self, request, obj, form, change) -> None:
        """Write what was changed alone: the secret may have been rotated while the form was open."""
        obj.save(update_fields=form.changed_data if change else None)
        if not change:
            self._show_once(request, obj, obj.webhook_secret)

    @admin.action(
        description="Rotate the signing secret; the present one stays valid", permissions=["change"]
    )
    def rotate_secrets(self, request, queryset) -> HttpResponse | None:
        """All that are chosen in one transaction, so that every secret that is made is shown; at most MAX_ROTATED."""
        profiles = list(queryset[: MAX_ROTATED + 1])
        if len(profiles) > MAX_ROTATED:
            sentence = f"Nothing was rotated: choose at most {MAX_ROTATED} profiles, as each secret is shown."
            self.message_user(request, sentence, messages.ERROR)
        elif not is_confirmed(request):
            chosen = {profile.pk: str(profile) for profile in profiles}
            return ask(self, request, "rotate_secrets", "Give these profiles new signing secrets?", chosen)
        else:
            self._rotate(request, queryset)

    def _rotate(self, request, queryset: QuerySet[Profile]) -> None:
        within = within_rights_of(request.user, User.objects.all()).values("pk")
        with transaction.atomic():  # whose row somebody else holds is passed over, so that nothing waits
            held = queryset.filter(owner__in=within).select_for_update(
                skip_locked=True, of=("self",), no_key=True
            )
            rotated = [(profile, profile.rotate_secret()) for profile in held]
        for profile, secret in rotated:
            self._show_once(request, profile, secret)
        above = queryset.exclude(owner__in=within).count()
        if above:
            self._tell_left(request, above, "has an owner with rights that you do not have; ask a superuser")
        if gone := len(request.POST.getlist(ACTION_CHECKBOX_NAME)) - len(rotated) - above:
            self._tell_left(request, gone, "is gone, or is being changed by somebody else; look at the list")

    def _tell_left(self, request, number: int, why: str) -> None:
        profiles = amount(number, "profile was", "profiles were")
        sentence = f"{profiles} left as before: each {why}."
        self.message_user(request, sentence, messages.WARNING)

    def _show_once(self, request, profile: Profile, secret: str) -> None:
        sentence = format_html(
            "Signing secret of <bdi>{}</bdi>, shown this once: <code>{}</code>", profile, secret
        )
        self.message_user(request, sentence, messages.WARNING)
