"""Requests to the inbox's pages as a browser sends them, and what the answers show; called by the tests of these pages."""

from django.contrib.auth import SESSION_KEY
from django.http import HttpResponse
from django.test import Client

from interactions.models import Thread
from tests.html_tree import Element, read_html

PANE, LIST = "thread", "list"  # the elements that htmx fills


def htmx(client: Client, target: str = "") -> dict[str, str]:
    """The headers that the page of the logged-in user sends."""
    headers = {"HX-Request": "true", "X-User": client.session[SESSION_KEY]}
    return headers | ({"HX-Target": target} if target else {})


def read(answer: HttpResponse, code: int = 200) -> Element:
    assert answer.status_code == code, answer.getvalue().decode()[:2_000]
    return read_html(answer.getvalue().decode())


def whole(client: Client, path: str = "/inbox/", code: int = 200) -> Element:
    """The whole page, as a browser loads it."""
    page = read(client.get(path), code)
    assert len(page.all("html")) == 1
    return page


def part(client: Client, path: str, target: str = "", code: int = 200) -> Element:
    """A part of the page, as htmx loads it."""
    found = read(client.get(path, headers=htmx(client, target)), code)
    assert not found.all("html")
    return found


def press(client: Client, path: str, target: str = PANE, code: int = 200, **fields: object) -> Element:
    """What htmx gets for a form with these fields."""
    return read(client.post(path, fields, headers=htmx(client, target)), code)


def submit(client: Client, path: str, **fields: object) -> tuple[str, Element]:
    """Where a form without htmx leads, and what is shown there."""
    answer = client.post(path, fields, follow=True)
    [(address, code)] = answer.redirect_chain
    assert code == 302
    return address, read(answer, answer.status_code)


def action(thread: Thread, name: str, page: str = "inbox", query: str = "") -> str:
    """The address to which a form of the thread posts."""
    return f"/{page}/{thread.pk}/{name}/" + (f"?{query}" if query else "")


def address(thread: Thread, page: str = "inbox", query: str = "") -> str:
    return f"/{page}/{thread.pk}/" + (f"?{query}" if query else "")


# What is shown


def listed(found: Element) -> list[str]:
    """The `root_ref` of each thread of the list, in order."""
    ids = [int(row["data-id"]) for row in found.all(".row")]
    names = dict(Thread.objects.filter(pk__in=ids).values_list("pk", "root_ref"))
    return [names[id] for id in ids]


def row_of(found: Element, thread: Thread) -> Element:
    return found.one(f"#row-{thread.pk}")


def tabs(found: Element) -> dict[str, int]:
    """The number of threads by tab."""
    return {tab.text.split(" ")[0]: int(tab.one(".count")["data-count"]) for tab in found.all(".tab")}


def chosen_tab(found: Element) -> str | None:
    """The name of the tab that is open."""
    chosen = [tab.text.split(" ")[0] for tab in found.all(".tab") if "aria-current" in tab]
    return chosen[0] if chosen else None


def open_thread(found: Element) -> int | None:
    """The id of the thread in the pane."""
    panes = found.all("article")
    return int(panes[0]["data-id"]) if panes else None


def conversation(found: Element) -> list[str]:
    """The entries of the pane: texts of rows, "note: …", and the words of days and decisions."""
    return [_entry(one) for one in found.one("#conversation").one("ol").children if isinstance(one, Element)]


def _entry(item: Element) -> str:
    if "entry" in item.classes:
        return item.one(".bubble").all(".text")[0].text
    return f"note: {item.one('.text').text}" if "team-note" in item.classes else item.text


def entry(found: Element, row_id: int) -> Element:
    return found.one(f"#row-{row_id}-entry")


def version_of(found: Element) -> str:
    return found.one("#version")["value"]


def browser(found: Element) -> dict[str, object]:
    """What the open page sends with every request. A poll also has `version_of` the page."""
    rows, opened = found.all(".row"), open_thread(found)
    below = [row["data-id"] for row in rows]
    places = [place for place, id in enumerate(below) if id == str(opened)]
    following = (below[places[0] + 1 :] or below[: places[0]][-1:]) if places else []
    return {
        "shown": ",".join(f"{row['data-id']}:{row['data-version']}" for row in rows),
        "listed": found.one("#listed")["value"],
        "open": opened or "",
        "next": following[0] if following else "",
        "seen": found.one("#conversation")["data-seen"] if opened else "",
    }


def covered(found: Element) -> dict[str, str]:
    """The field of the open thread's form by which it tells what it shows."""
    return {"covers": found.one("#composer").one("name=covers")["value"]}


def gone(found: Element) -> list[int]:
    """The ids of the rows that leave the list."""
    return [int(one["id"].removeprefix("row-")) for one in found.all("hx-swap-oob=delete")]


def toast(found: Element) -> str | None:
    """The sentence that says what happened."""
    shown = found.all(".toast")
    return shown[0].all("span")[0].text if shown else None


def undo_form(found: Element) -> tuple[str, dict[str, str]]:
    """The address and the fields of the form that takes it back."""
    form = found.one(".toast").one("form")
    fields = {one["name"]: one["value"] for one in form.all("input") if one["name"] != "csrfmiddlewaretoken"}
    return form["action"], fields


def notices(found: Element) -> list[str]:
    """The sentences that a whole page shows above the list."""
    return [one.text for one in found.all("role=status") if "notice" in one.classes]
