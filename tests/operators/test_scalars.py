"""Durations, as files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.operators.scalars import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("10m", 600),
        ("2h", 7200),
        ("30d", 2592000),
        ("1h 30m", 5400),
        ("0", 0),
        ("1.5s", 1.5),
    ],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@given(st.text("0123456789.smhd -", max_size=8))
def test_any_other_duration_is_refused(text: str) -> None:
    try:
        assert duration(text) >= 0
    except ValueError as error:
        assert "expected a duration" in str(error)  # noqa: PT017 - most texts are none


@pytest.mark.parametrize("text", ["30", "", "s", "-3s", "1.s", "3 weeks", "3S", "٣s"])
def test_these_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        duration(text)
