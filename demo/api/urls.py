"""Routes under /api/v1/demo, each with and without its trailing slash."""

from django.urls import re_path

from demo.api import views

urlpatterns = [
    re_path(r"^demo/?$", views.StatusView.as_view(), name="demo"),
    re_path(r"^demo/enable/?$", views.EnableView.as_view(), name="demo-enable"),
    re_path(r"^demo/disable/?$", views.DisableView.as_view(), name="demo-disable"),
    re_path(r"^demo/pause/?$", views.PauseView.as_view(), name="demo-pause"),
    re_path(r"^demo/resume/?$", views.ResumeView.as_view(), name="demo-resume"),
    re_path(r"^demo/reset/?$", views.ResetView.as_view(), name="demo-reset"),
    re_path(r"^demo/advance/?$", views.AdvanceView.as_view(), name="demo-advance"),
    re_path(r"^demo/scenarios/(?P<name>[^/]+)/?$", views.ScenarioView.as_view(), name="demo-scenario"),
    re_path(
        r"^demo/generate/daily-content/?$", views.DailyContentView.as_view(), name="demo-generate-content"
    ),
    re_path(
        r"^demo/generate/interactions/?$", views.InteractionsView.as_view(), name="demo-generate-interactions"
    ),
]
