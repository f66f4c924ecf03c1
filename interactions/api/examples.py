"""Example requests and answers for the OpenAPI schema. Read by serializers and views; a test checks each of them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from accounts.platforms import PLATFORMS


def request(name: str, value: Any) -> OpenApiExample:
    """An example of a request's body; `name` is its title on the API's pages."""
    return OpenApiExample(name, value, request_only=True)


def answer(name: str, value: Any, *codes: str) -> OpenApiExample:
    """An example of the body of a response with one of the status `codes`, such as "201"; of any, without codes."""
    return OpenApiExample(name, value, response_only=True, status_codes=list(codes) or None)


def csv_file(name: str, text: str) -> OpenApiExample:
    """An example of an exported file."""
    return OpenApiExample(name, text, media_type="text/csv", response_only=True)


_PROFILE = {
    "id": 3,
    "uuid": "6f1c2a1e-5d0b-4c1f-9a57-0a5f4b1c9e11",
    "platform": "instagram",
    "platform_id": "demo-ig-3",
    "handle": "harbour.roast",
    "display_name": "Harbour Roast",
    "is_demo": True,
}
_CONTENT = {
    "id": 41,
    "profile": 3,
    "platform": "instagram",
    "platform_id": "ig-41",
    "kind": "post",
    "text": "The new washed Ethiopia is in.",
    "url": "https://example.com/p/41",
    "posted_at": "2026-03-04T10:00:00Z",
    "received_at": "2026-03-04T10:00:12Z",
    "views": 812,
    "likes": 64,
    "shares": 5,
    "is_demo": True,
    "deleted_at": None,
}
_COMMENT = {
    "id": 977,
    "profile": 3,
    "platform": "instagram",
    "content": 41,
    "parent": None,
    "platform_id": "ig-c-977",
    "type": "comment",
    "direction": "in",
    "author": {"id": "p-12", "handle": "ada.brews", "name": "Ada Winter"},
    "conversation_id": "",
    "text": "Is it roasted for filter?",
    "status": "open",
    "sentiment": None,
    "send_status": None,
    "send_error": "",
    "posted_at": "2026-03-04T11:20:00Z",
    "received_at": "2026-03-04T11:20:09Z",
    "is_demo": True,
    "deleted_at": None,
    "thread": 512,
    "hidden_at": None,
    "attachments": [],
    "moderation": None,
}
_HIDDEN = _COMMENT | {
    "status": "hidden",
    "is_demo": False,
    "hidden_at": "2026-03-04T11:30:00Z",
    "moderation": {"action": "hide", "status": "waiting", "until": "2026-03-04T11:30:10Z"},
}
_UNHIDDEN = _HIDDEN | {
    "status": "open",
    "hidden_at": None,
    "moderation": {"action": "unhide", "status": "waiting", "until": "2026-03-04T12:00:10Z"},
}
_TO_BE_DELETED = _COMMENT | {
    "is_demo": False,
    "moderation": {"action": "delete", "status": "waiting", "until": "2026-03-04T11:30:10Z"},
}
_REPLY = _COMMENT | {
    "id": 978,
    "parent": 977,
    "platform_id": "reply:5b1e0a52-5d0e-4a53-8c7c-9a1b5a1c0f0e",
    "direction": "out",
    "author": {"id": "demo-ig-3", "handle": "harbour.roast", "name": "Harbour Roast"},
    "text": "Yes, and for espresso too.",
    "status": "done",
    "send_status": "queued",
    "posted_at": "2026-03-04T11:25:00Z",
    "received_at": "2026-03-04T11:25:00Z",
}
_THREAD = {
    "id": 512,
    "profile": 3,
    "platform": "instagram",
    "kind": "comment",
    "root_ref": "ig-c-977",
    "content": 41,
    "status": "open",
    "snoozed_until": None,
    "unread": True,
    "labels": ["question"],
    "active_at": "2026-03-04T11:20:00Z",
    "last_at": "2026-03-04T11:20:00Z",
    "last_in_at": "2026-03-04T11:20:00Z",
    "last_out_at": None,
    "sentiment": None,
    "is_demo": True,
    "author": _COMMENT["author"],
    "last": {name: _COMMENT[name] for name in ("id", "direction", "text", "posted_at", "send_status")},
}
_NOTE = {"id": 7, "author_name": "", "text": "Ask the roaster first.", "created_at": "2026-03-04T11:22:00Z"}
_DECISION = {"id": 9, "author_name": "", "at": "2026-03-04T11:21:00Z", "status": "open", "until": None}
_SAVED_REPLY = {
    "id": 12,
    "name": "Thanks",
    "text": "Hi {first_name|there}, thank you from {brand}!",
    "created_at": "2026-03-04T09:00:00Z",
    "updated_at": "2026-03-04T09:00:00Z",
}
_BULK_JOB = {
    "id": 4,
    "state": "running",
    "changed": 1_500,
    "left": 4_700,
    "error": "",
    "filter": {"platform": "instagram", "status": "open", "unread": False},
    "set": {"status": "done"},
    "until": "2026-03-04T11:25:00Z",
    "created_at": "2026-03-04T11:25:02Z",
    "updated_at": "2026-03-04T11:25:04Z",
}
_BLOCKED_AUTHOR = {
    "id": 5,
    "profile": 3,
    "author_id": "p-66",
    "name": "crypto.gains",
    "created_at": "2026-03-04T09:00:00Z",
    "is_hiding": False,
}
_RULE = {"profile": None, "condition": "word", "value": "free crypto", "action": "hide", "label": None}
_EVENT = {
    "type": "comment.created",
    "id": "ig-c-977",
    "occurred_at": "2026-03-04T11:20:00Z",
    "author": {"id": "p-12", "handle": "ada.brews", "name": "Ada Winter"},
    "content_id": "ig-41",
    "text": "Is it roasted for filter?",
}

PROFILE = [answer("a demo profile", _PROFILE)]
CONTENT = [answer("a post", _CONTENT)]
COMMENT = [answer("a comment", _COMMENT), request("mark as done", {"status": "done"})]
REPLY = [request("a reply", {"text": "Yes, and for espresso too."}), answer("queued", _REPLY)]
THREAD = [answer("a thread", _THREAD)]
THREAD_DETAIL = [
    answer(
        "a thread of one comment",
        _THREAD
        | {
            "interactions": [_COMMENT],
            "next": None,
            "previous": None,
            "end": "https://example.com/api/v1/threads/512/?cursor=WzkyMjMzNzIwMzY4NTQ3NzU4MDcsIDEsIDBd",
            "notes": [_NOTE],
            "decisions": [_DECISION],
        },
    )
]
THREAD_CHANGE = [
    request("mark as done", {"status": "done", "covers": 977}),
    request(
        "snooze, label and mark as read",
        {
            "status": "snoozed",
            "snoozed_until": "2026-03-05T09:00:00Z",
            "unread": False,
            "labels": ["question", "urgent"],
            "covers": 977,
        },
    ),
]
BULK = [
    request(
        "mark all that was read in the list as done",
        {
            "filter": {"platform": "instagram", "status": "open", "unread": False},
            "until": "2026-03-04T11:25:00Z",
            "set": {"status": "done"},
        },
    ),
    request(
        "label two threads",
        {"ids": [512, 498], "until": "2026-03-04T11:25:00Z", "set": {"add_labels": ["question"]}},
    ),
    answer("all changed", {"changed": 2, "left": 0}, "200"),
    answer("a job", _BULK_JOB, "202"),
]
BULK_JOB = [answer("a job", _BULK_JOB)]
THREAD_REPLY = [
    request("a reply", {"text": "Yes, and for espresso too.", "seen_id": 977, "anyway": False}),
    answer("queued", _REPLY, "201"),
]
RETRY = [answer("queued again", _REPLY, "200")]
NOTE = [request("a note", {"text": _NOTE["text"]}), answer("a note", _NOTE, "201")]
INTERACTION_EXPORT = [
    csv_file(
        "one comment",
        "id,profile,platform,content,parent,platform_id,type,direction,author_id,author_handle,author_name,"
        "conversation_id,text,status,sentiment,send_status,send_error,posted_at,received_at,is_demo,deleted_at,thread,hidden_at,"
        "attachments,moderation_action,moderation_status,moderation_until\r\n"
        "977,3,instagram,41,,ig-c-977,comment,in,p-12,ada.brews,Ada Winter,,Is it roasted for filter?,open,,,,"
        "2026-03-04T11:20:00Z,2026-03-04T11:20:09Z,true,,512,,[],,,\r\n",
    )
]
THREAD_EXPORT = [
    csv_file(
        "one thread",
        "id,profile,platform,kind,root_ref,content,status,snoozed_until,unread,labels,active_at,last_at,last_in_at,"
        "last_out_at,sentiment,is_demo,author_id,author_handle,author_name,last_id,last_direction,last_text,"
        "last_posted_at,last_send_status\r\n"
        '512,3,instagram,comment,ig-c-977,41,open,,true,"[""question""]",2026-03-04T11:20:00Z,2026-03-04T11:20:00Z,'
        "2026-03-04T11:20:00Z,,,true,p-12,ada.brews,Ada Winter,977,in,Is it roasted for filter?,"
        "2026-03-04T11:20:00Z,\r\n",
    )
]
SAVED_REPLY = [
    answer("a saved reply", _SAVED_REPLY),
    request("a saved reply", {name: _SAVED_REPLY[name] for name in ("name", "text")}),
]
HIDE = [answer("hidden, and the network is asked in ten seconds", _HIDDEN, "200")]
UNHIDE = [answer("shown again, and the network is asked in ten seconds", _UNHIDDEN, "200")]
WITHDRAW = [answer("as before the request", _COMMENT | {"is_demo": False}, "200")]
DELETION = [answer("the network is asked in ten seconds", _TO_BE_DELETED, "202")]
BLOCKED_AUTHOR = [
    answer("a blocked author", _BLOCKED_AUTHOR),
    request("block an author", {"profile": 3, "author_id": "p-66", "name": "crypto.gains"}),
]
INBOX_RULE = [
    answer(
        "a rule",
        {"id": 8, "position": 1}
        | _RULE
        | {"enabled": True, "created_at": "2026-03-04T09:00:00Z", "updated_at": "2026-03-04T09:00:00Z"},
    ),
    request(
        "label questions in Spanish",
        {"condition": "language", "value": "es", "action": "label", "label": "es"},
    ),
    request("hide a phrase", {"position": 1} | _RULE),
]
DRY_RUN = [
    request("a phrase", _RULE),
    answer("two matches", {"read": 500, "matched": 2, "ids": [977, 941]}),
]
ROTATION = [
    request("rotate", {"keep_previous": True}),
    answer("the new secret", {"webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}),
]
SUMMARY = [
    answer(
        "a small demo",
        {
            "mode": "demo",
            "from": "2026-03-04T00:00:00Z",
            "to": "2026-03-06T00:00:00Z",
            "content": 2,
            "interactions": 3,
            "by_day": [{"day": "2026-03-04", "interactions": 2}, {"day": "2026-03-05", "interactions": 1}],
            "by_platform": dict.fromkeys(PLATFORMS, 0) | {"instagram": 3},
            "by_type": {"comment": 2, "message": 1},
            "by_status": {"open": 2, "snoozed": 0, "done": 1, "archived": 0, "hidden": 0},
            "by_direction": {"in": 3, "out": 0},
        },
    )
]
WEBHOOK = [
    request(
        "one comment",
        {"type": "events", "timestamp": "2026-03-04T11:20:09Z", "data": {"events": [_EVENT]}},
    ),
    answer(
        "stored",
        {
            "results": [{"platform_id": "ig-c-977", "id": 977, "status": "created", "error": None}],
            "created": 1,
            "duplicates": 0,
            "updated": 0,
            "rejected": 0,
        },
    ),
]
