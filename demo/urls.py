"""Routes of the demo's pages and API. Included by `config/urls.py`."""

from django.urls import include, path, re_path

from demo.dashboard import settings_views, views
from demo.pictures import views as pictures

urlpatterns = [
    path("api/v1/", include("demo.api.urls")),
    path("", views.dashboard, name="dashboard"),
    re_path(r"^settings/demo/?$", settings_views.settings_page, name="settings-demo"),
    re_path(r"^demo/panel/?$", views.panel, name="demo-panel"),
    re_path(r"^demo/banner/?$", views.banner, name="demo-banner"),
    re_path(r"^demo/generate/(?P<what>posts|interactions)/?$", views.generate, name="demo-generate"),
    re_path(r"^demo/advance/(?P<days>[0-9]{1,9})/?$", views.advance, name="demo-advance-by"),
    re_path(
        r"^demo/scenarios/(?P<name>[a-z-]+)/(?P<action>start|cancel)/?$",
        views.act_on_scenario,
        name="demo-scenario",
    ),
    re_path(r"^demo/(?P<action>[a-z]+)/?$", views.change_state, name="demo-act"),
    re_path(
        r"^pictures/posts/(?P<niche>[a-z_]{1,32})/(?P<topic>[a-z_]{1,32})/(?P<seed>[0-9a-f]{4})\.svg$",
        pictures.post_picture,
        name="post-picture",
    ),
    re_path(r"^pictures/niches/(?P<niche>[a-z_]{1,32})\.svg$", pictures.niche_cover, name="niche-picture"),
]
