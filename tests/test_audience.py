"""Audience time, and the people of the audience. No database, no clock."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from demo import simulator
from demo.simulator import people
from demo.simulator.audience_time import AudienceTime
from demo.simulator.platforms import EVENING, MEASURED, OFFICE, POSTING
from demo.simulator.tables import language

START = datetime(2026, 3, 16, tzinfo=UTC)  # a Monday
HOUR = 3_600


def time(activity=MEASURED, zone="UTC", start=START, days=30):
    return AudienceTime(activity, zone, start.timestamp(), (start + timedelta(days=days)).timestamp())


@pytest.mark.parametrize("activity", [MEASURED, EVENING, OFFICE, POSTING])
def test_a_week_has_168_audience_hours(activity):
    begin, end = START.timestamp(), (START + timedelta(days=7)).timestamp()
    assert time(activity).hours_at(end) - time(activity).hours_at(begin) == pytest.approx(168)


def test_audience_hours_are_proportional_to_the_activity():
    """Tuesday 13:00 to 14:00 against 04:00 to 05:00, by the measured activity curve."""
    tuesday = (START + timedelta(days=1)).timestamp()
    noon, night = (
        time().hours_at(tuesday + (h + 1) * HOUR) - time().hours_at(tuesday + h * HOUR) for h in (13, 4)
    )
    assert noon / night == pytest.approx(1.738 / 0.115)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
)
@pytest.mark.parametrize("activity", [MEASURED, OFFICE])
def test_timestamp_at_is_the_inverse_of_hours_at(zone, activity):
    audience_time = time(activity, zone)
    for step in range(0, 30 * 86_400, 7_919):
        wall = START.timestamp() + step
        assert audience_time.timestamp_at(audience_time.hours_at(wall)) == pytest.approx(wall, abs=0.01)


@pytest.mark.parametrize(("day", "lost"), [("2026-03-28", 2), ("2026-10-24", -2)])
def test_audience_time_follows_daylight_saving_changes(day, lost):
    """Berlin's spring night lacks the hour from two to three, its autumn night has it twice; time never decreases."""
    start = datetime.fromisoformat(f"{day}T12:00+00:00")
    audience_time = time(MEASURED, "Europe/Berlin", start, 2)
    steps = [audience_time.hours_at(start.timestamp() + minute * 60) for minute in range(24 * 60)]
    assert steps == sorted(steps)
    hour = 0.293 * 0.83 * 168 / (sum(MEASURED.hours) * sum(MEASURED.weekdays))  # Sunday, 02:00 to 03:00
    saturday = sum(MEASURED.hours[13 if lost > 0 else 14 :]) * 0.89
    whole = (saturday + sum(MEASURED.hours[: 14 if lost > 0 else 13]) * 0.83) * 168
    expected = whole / (sum(MEASURED.hours) * sum(MEASURED.weekdays)) + (-hour if lost > 0 else hour)
    assert steps[-1] - steps[0] + (steps[-1] - steps[-2]) == pytest.approx(expected, rel=1e-3)


def test_a_person_computed_again_is_the_same():
    locales = language("en").locales
    first = people.person(7, locales, "x", 1234)
    people.person.cache_clear()
    assert people.person(7, locales, "x", 1234) == first


@pytest.mark.parametrize("code", simulator.LANGUAGES)
def test_people_have_distinct_ids_and_valid_names_and_handles(code):
    audience = [people.person(7, language(code).locales, "instagram", number) for number in range(2_000)]
    assert len({person.id for person in audience}) == 2_000
    assert len({person.handle for person in audience}) > 1_950
    assert not [person for person in audience if not re.fullmatch(r"[a-z0-9._]{3,40}", person.handle)]
    assert not [person for person in audience if person.name in people.CELEBRITIES or not person.name.strip()]


def test_spanish_people_have_spanish_names():
    named = [
        " ".join(
            people.person(7, language(code).locales, "instagram", number).name for number in range(2_000)
        )
        for code in ("en", "es")
    ]
    counts = [sum(name in text for name in ("García", "Pérez", "Fernández", "González")) for text in named]
    assert counts == [0, 4]


def test_no_person_has_the_name_of_a_celebrity(monkeypatch):
    locales = language("en").locales
    full = (people.person(7, locales, "x", number) for number in range(100))
    number, name = next((n, person.name) for n, person in enumerate(full) if person.name.count(" ") == 1)
    people.person.cache_clear()
    monkeypatch.setattr(people, "CELEBRITIES", frozenset({name}))
    assert people.person(7, locales, "x", number).name != name
    people.person.cache_clear()


def test_writing_styles_have_their_configured_shares():
    styles = [people.writing_style(7, str(number)) for number in range(4_000)]
    not_sentence_case = sum(style.case != "sentence" for style in styles) / 4_000
    open_ended = sum(style.closing == "none" for style in styles) / 4_000
    assert (not_sentence_case, open_ended) == (pytest.approx(0.22, abs=0.02), pytest.approx(0.6, abs=0.03))
    assert sum(style.emoji for style in styles) / 4_000 == pytest.approx(1, abs=0.03)
