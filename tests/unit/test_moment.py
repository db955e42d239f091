"""`as_of` and `valid_at`: any form of ISO 8601, and no `as_of` ahead."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.serializers import ValidationError

from core.clock import UTC
from core.http.point_in_time_fields import AsOfField, ValidAtField

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=UTC)
FORMS = {
    "2026-03-01T12:00:00Z": NOON,
    "2026-03-01T12:00:00": NOON,
    "2026-03-01 12:00:00": NOON,
    "2026-03-01T12:00Z": NOON,
    "20260301T120000Z": NOON,
    "2026-03-01T14:00:00+02:00": NOON,
    "2026-03-01T14:00:00 02:00": NOON,  # the plus that a URL lost
    "2026-03-01T14:00 02:00": NOON,
    "20260301T140000 0200": NOON,
    "2026-03-01T12:00:00.000000 00:00": NOON,
    "2026-03-01T06:30:00-05:30": NOON,
    "2026-03-01": NOON.replace(hour=0),
    "2026-W09-7": NOON.replace(hour=0),
}


@pytest.mark.parametrize("field", [AsOfField(), ValidAtField()], ids=["as_of", "valid_at"])
@pytest.mark.parametrize(("text", "meant"), FORMS.items())
def test_any_form_of_iso_8601(field: ValidAtField, text: str, meant: dt.datetime) -> None:
    with time_machine.travel(NOON, tick=False):
        assert field.run_validation(text) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "12:00", "2026-13-01", "2026-03-01T12:00:00 +02:00 ", 1, None, True])
def test_anything_else_is_refused(text: object) -> None:
    for field in (AsOfField(), ValidAtField()):
        with pytest.raises(ValidationError):
            field.run_validation(text)


@given(st.timedeltas(dt.timedelta(days=-10_000), dt.timedelta(seconds=60)))
def test_the_past_is_itself_and_a_minute_ahead_is_now(apart: dt.timedelta) -> None:
    with time_machine.travel(NOON, tick=False):
        assert AsOfField().run_validation((NOON + apart).isoformat()) == min(NOON, NOON + apart)


def test_further_ahead_is_refused_as_known_and_not_as_true() -> None:
    ahead = NOON + dt.timedelta(seconds=60, microseconds=1)
    with time_machine.travel(NOON, tick=False):
        with pytest.raises(ValidationError, match="must not lie in the future"):
            AsOfField().run_validation(ahead.isoformat())
        assert ValidAtField().run_validation(ahead.isoformat()) == ahead
