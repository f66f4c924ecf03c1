"""Addresses of avatars. Called by `templatetags/interface.py` and by views that write rows as JSON."""

from accounts.models import Profile
from interactions.models import BlockedAuthor, Interaction
from interactions.pictures.addresses import picture_address, picture_hash
from interactions.pictures.initials import TINTS, first_letter


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


def person_avatar_url(platform: str, author_id: str, handle: str, name: str, *, is_demo: bool) -> str:
    """The avatar of a person: a drawn face in a demo; of a live profile, the first letter of name or handle.

    It depends on platform and id, so that it stays when the person changes the name; of a live person's id the address has
    only the number of the color.
    """
    key = picture_hash(platform, author_id)
    if is_demo:
        return picture_address("face-picture", f"{key:016x}")
    return picture_address("initial-picture", *_letter(key, name, handle))


def profile_avatar_url(display_name: str, handle: str) -> str:
    """The mark of a profile: the first letter of its name on the name's color, equal on all platforms."""
    key = picture_hash(display_name or handle)
    return picture_address("profile-picture", *_letter(key, display_name, handle))


def _letter(key: int, *names: str) -> tuple[int, str]:
    """The arguments of a letter's address: its color and its UTF-8 bytes in hexadecimal digits."""
    return key % TINTS, first_letter(*names).encode().hex()
