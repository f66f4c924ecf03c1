from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from accounts.models import Profile, User


@admin.register(User)
class PersonAdmin(UserAdmin):
    list_display = ["username", "email", "is_staff", "demo_mode_enabled_at"]
    readonly_fields = ["demo_mode_enabled_at"]


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):
    list_display = ["handle", "platform", "owner", "is_demo", "created_at"]
    list_filter = ["platform", "is_demo"]
    list_select_related = ["owner"]
    search_fields = ["handle", "owner__username"]
    readonly_fields = ["uuid", "is_demo"]
