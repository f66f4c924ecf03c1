"""Template filters for the addresses of avatars, and the tag of a platform's glyph."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Profile
from accounts.platforms import PLATFORMS
from interactions.models import BlockedAuthor, Interaction
from interactions.pictures.people import person_avatar_url, profile_avatar_url

register = template.Library()


@register.filter
def avatar_url(of: Interaction | Profile | BlockedAuthor) -> str:
    """The address of the avatar of an interaction's author, of a profile, or of a blocked author; what a profile has sent has
    its own.

    An interaction and a blocked author need their profile, read in the query of the rows.
    """
    profile = of if isinstance(of, Profile) else of.profile
    if isinstance(of, BlockedAuthor):
        return person_avatar_url(profile.platform, of.author_id, "", of.name, is_demo=of.is_demo)
    if isinstance(of, Profile) or of.direction == Interaction.Direction.OUT:
        return profile_avatar_url(profile.display_name, profile.handle)
    return person_avatar_url(
        profile.platform, of.author_id, of.author_handle, of.author_name, is_demo=of.is_demo
    )


@register.simple_tag
def platform_glyph(platform: str) -> SafeString:
    """The platform's glyph of 14 pixels in the color of the text around it, named for screen readers."""
    return format_html(
        '<svg class="platform-glyph" width="14" height="14" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
        PLATFORMS[platform].label,
        static("perennial/platforms.svg"),
        platform,
    )
