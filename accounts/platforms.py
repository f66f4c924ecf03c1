"""The platforms: names, abilities, and the shapes of their ids and handles. Pure.

A platform is declared here and nowhere else. Choices, constraints, forms, the API and its schema read this table;
`demo/simulator/platforms.py` adds the figures of the simulator, and the start fails without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.declarations import check_not_empty
from accounts.handles import HandleRule


class InvalidHandle(ValueError):
    """The text is not a possible handle of the platform."""


@dataclass(frozen=True)
class TextLimit:
    """The longest text that a platform accepts, in characters or in bytes of UTF-8."""

    number: int
    in_bytes: bool = False

    def left(self, text: str) -> int:
        """Return how much more the text may have; negative for one that is too long."""
        return self.number - len(text.encode() if self.in_bytes else text)


@dataclass(frozen=True)
class PlatformSpec:
    """One platform. `profile_id_help` describes the id of a profile there, for help texts and docs.

    `comments` and `messages`: the longest text that the brand may send; None where no source states one.
    `nests_replies`: a reply to a reply is shown below it, otherwise below the first comment. `mentions_by_name`: people
    are addressed by name, otherwise by @handle. `deletes_replies`: it deletes all replies with the first comment, and sends no
    event for each of them.
    """

    label: str
    profile_id_help: str
    handles: HandleRule
    comments: TextLimit | None = None
    messages: TextLimit | None = None
    has_messages: bool = True
    nests_replies: bool = True
    mentions_by_name: bool = False
    deletes_replies: bool = False
    in_default_demo: bool = False

    def __post_init__(self) -> None:
        check_not_empty("The label of a platform", self.label)
        check_not_empty(f"The profile_id_help of {self.label}", self.profile_id_help)


PLATFORMS: Mapping[str, PlatformSpec] = {
    "instagram": PlatformSpec(
        "Instagram",
        "the id of the professional account, which begins with 17841",
        HandleRule(30, "._", "help.instagram.com: user names"),
        comments=TextLimit(2_200),  # developers.facebook.com: replies of an IG comment
        messages=TextLimit(1_000, in_bytes=True),  # developers.facebook.com: Instagram messages
        nests_replies=False,
        in_default_demo=True,
    ),
    "youtube": PlatformSpec(
        "YouTube",
        "the channel id, which begins with UC",
        HandleRule(
            *(30, "._-", "support.google.com/youtube: handle naming guidelines"),
            any_script=True,
            min_length=3,
            registered_edge_signs="._-",
        ),
        comments=TextLimit(10_000),  # support.google.com/youtube: comments
        has_messages=False,
        nests_replies=False,
        in_default_demo=True,
    ),
    "facebook": PlatformSpec(
        "Facebook",
        "the id of the Page",
        HandleRule(50, ".", "facebook.com/help: guidelines for custom user names", min_length=5),
        comments=TextLimit(8_000),  # facebook.com/help: comments
        messages=TextLimit(2_000),  # developers.facebook.com: Send API
        nests_replies=False,
        mentions_by_name=True,
        deletes_replies=True,  # developers.facebook.com: webhooks of a Page's feed
        in_default_demo=True,
    ),
    "tiktok": PlatformSpec(
        "TikTok",
        "the open_id of the account",
        HandleRule(24, "._", "support.tiktok.com: setting up your profile", min_length=2),
        nests_replies=False,
    ),
    "x": PlatformSpec(
        "X",
        "the numeric user id",
        HandleRule(15, "_", "help.x.com: more than 4 characters, up to 15", min_length=5),
    ),
    "linkedin": PlatformSpec(
        "LinkedIn",
        "the number in the organization's URN",
        HandleRule(
            *(100, "-_", "linkedin.com/help: custom public profile URL"),
            any_script=True,
            min_length=3,
            older_signs="_",
        ),
        nests_replies=False,
        mentions_by_name=True,
    ),
}
MESSAGE_PLATFORMS = frozenset(name for name, spec in PLATFORMS.items() if spec.has_messages)
PLATFORMS_THAT_DELETE_REPLIES = tuple(name for name, spec in PLATFORMS.items() if spec.deletes_replies)
DEFAULT_PLATFORMS = tuple(name for name, spec in PLATFORMS.items() if spec.in_default_demo)
check_not_empty("DEFAULT_PLATFORMS (`in_default_demo` in accounts/platforms.py)", DEFAULT_PLATFORMS)


def read_handle(text: str, platform: str) -> str:
    """The handle without a leading @. Raises InvalidHandle when it cannot exist on `platform`, a key of PLATFORMS."""
    handle = text.lstrip("@ ")
    if not PLATFORMS[platform].handles.may_exist(handle):
        raise InvalidHandle
    return handle
