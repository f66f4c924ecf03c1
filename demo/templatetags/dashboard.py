"""Template tags of the dashboard: covers of niches, and the time until something happens."""

from datetime import datetime

from django import template
from django.utils import timezone

from demo.pictures.posts import niche_cover_url
from interactions import ages

register = template.Library()


@register.filter
def niche_cover(niche: str) -> str:
    """Return the address of the niche's picture; "" when it has none."""
    return niche_cover_url(niche)


@register.filter
def ahead(at: datetime) -> str:
    """Return the time until `at`, such as "in 5 min"."""
    return ages.ahead(timezone.localtime(at), timezone.localtime())
