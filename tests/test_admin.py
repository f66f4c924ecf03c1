"""The admin: every model is there, what only the machine writes is read-only, and settings keep their rules."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from demo.models import DemoAccount, StoryEvent
from interactions.models import Content, DeadLetter, Interaction, PendingChange
from tests.world import HOUR, NOW, demo_of

READ_ONLY = (Content, Interaction, PendingChange, DeadLetter, StoryEvent)


@pytest.fixture
def operator(client, db):
    """The browserless client of a superuser."""
    client.force_login(User.objects.create_superuser("operator"))
    return client


def test_every_model_of_ours_is_registered(operator, alice):
    demo_of(alice)
    ours = [m for m in admin.site._registry if m._meta.app_label in ("accounts", "interactions", "demo")]
    assert len(ours) == 8
    for model in ours:
        assert (
            operator.get(
                reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            ).status_code
            == 200
        )


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_the_machine_writes_is_read_only(operator, alice, live, model):
    demo_of(alice)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert operator.get(reverse(f"{name}_add")).status_code == 403
    row = model.objects.first()
    if row:
        assert operator.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
        assert operator.post(reverse(f"{name}_change", args=[row.pk]), {"text": "x"}).status_code == 403
        assert operator.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_settings_changed_in_the_admin_count_from_the_next_window_on(operator, alice, monkeypatch):
    account = demo_of(alice)
    page = reverse("admin:demo_demoaccount_change", args=[account.pk])
    form = operator.get(page).context["adminform"].form.initial
    monkeypatch.setattr("demo.admin.timezone.now", lambda: NOW + 12 * HOUR)
    values = {name: value for name, value in form.items() if value is not None} | {"comments_per_window": 3}
    assert operator.post(page, values).status_code == 302
    account.refresh_from_db()
    assert account.comments_per_window == 3
    assert StoryEvent.objects.filter(origin="window", type="comment.created").count() == 10
    assert DemoAccount.objects.get().interactions_ordinal == 1


def test_a_setting_out_of_range_is_refused(operator, alice):
    account = demo_of(alice)
    page = reverse("admin:demo_demoaccount_change", args=[account.pk])
    form = operator.get(page).context["adminform"].form.initial
    values = {name: value for name, value in form.items() if value is not None} | {"content_per_day": 21}
    assert "less than or equal to 20" in operator.post(page, values).content.decode()
    account.refresh_from_db()
    assert account.content_per_day == 2
