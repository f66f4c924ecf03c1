"""Example requests and responses for the OpenAPI schema. Read by serializers and views; a test checks each of them."""

from demo.account_settings import SETTINGS
from interactions.api.examples import answer, request

_DEMO = {
    "state": "active",
    "resuming": False,
    "advancing": False,
    "seed": 7,
    "enabled_at": "2026-03-04T07:30:00Z",
    "platforms": ["instagram", "youtube", "facebook"],
    "niche": "coffee",
    "brand": "Harbour Roast",
    "products": [],
    "language": "en",
    "settings": {name: setting.default for name, setting in SETTINGS.items()},
    "progress": {
        "content": {"done": 35, "total": 35},
        "comments": {"done": 920, "total": 920},
        "messages": {"done": 100, "total": 100},
        "dead": 0,
    },
    "stored": {"content": 35, "comments": 920, "messages": 100},
    "next_runs": {
        "content": "2026-03-05T10:00:00Z",
        "interactions": "2026-03-04T18:00:00Z",
        "cleanup": "2026-03-09T03:00:00Z",
    },
    "upcoming": [
        {
            "due_at": "2026-03-04T18:21:07Z",
            "type": "comment.created",
            "platform": "instagram",
            "text": "Is it roasted for filter?",
            "origin": "window",
        }
    ],
    "scenarios": [],
    "last_error": None,
    "notices": [],
}
_STARTED = _DEMO | {
    "state": "enabling",
    "progress": {
        "content": {"done": 35, "total": 35},
        "comments": {"done": 412, "total": 920},
        "messages": {"done": 0, "total": 100},
        "dead": 0,
    },
    "upcoming": [],
}

DEMO = [answer("an active demo", _DEMO, "200"), answer("just started", _STARTED, "202")]
ENABLE = [
    *DEMO,
    request("the defaults", {}),
    request(
        "with options",
        {"platforms": ["instagram", "tiktok"], "niche": "coffee", "brand": "Harbour Roast", "seed": 7},
    ),
]
SCENARIO = [
    DEMO[0],
    answer(
        "started",
        _DEMO
        | {
            "upcoming": [
                {
                    "due_at": "2026-03-04T09:12:05Z",
                    "type": "content.published",
                    "platform": "instagram",
                    "text": "Meet our new decaf.",
                    "origin": "product-launch",
                }
            ],
            "scenarios": [{"name": "product-launch", "left": 61, "until": "2026-03-04T11:09:44Z"}],
        },
        "202",
    ),
]
ADVANCE = [*DEMO, request("a week", {"days": 7})]
PATCH = [
    *DEMO,
    request("more comments", {"settings": {"comments_per_window": 40, "time_zone": "Europe/Berlin"}}),
]
GENERATED_CONTENT = [answer("two posts", {"content": 2, "comments": 0, "messages": 0})]
GENERATED_INTERACTIONS = [
    answer("ten comments and five messages", {"content": 0, "comments": 10, "messages": 5})
]
