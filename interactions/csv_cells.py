"""Lines of a CSV file (RFC 4180) whose cells no spreadsheet program evaluates. Pure; called by `interactions/exports.py`.

A text that begins like a formula gets an apostrophe in front: programs such as Excel and LibreOffice then show it as it
is. Without it `=HYPERLINK(…)`, which anybody may write into a comment, would run on the computer of who opens the file.
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime

# Spreadsheet programs skip blanks, and Japanese and Chinese versions accept the wide forms of the signs.
_SKIPPED = r"[\s\x00-\x1f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*"
_FORMULA = re.compile(rf"[\t\r\n]|{_SKIPPED}[=+\-@＝＋－＠﹦﹢﹣﹫−]")

Value = str | int | bool | datetime | None


def csv_lines(lines: Iterable[Iterable[Value]]) -> bytes:
    """Return the lines as UTF-8, each ended by CR LF."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in line] for line in lines)
    return text.getvalue().encode()


def _cell(value: Value) -> str:
    """Return the text of a cell: "" for None, true and false, and times in UTC as the API writes them."""
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
