from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smppcast.campaign.plan import Plan
from smppcast.campaign.timetable import Timetable, rate_of, timetable
from smppcast.operators.settings import OperatorSettings

NOW = datetime.fromisoformat("2026-03-17T10:00:00+00:00").timestamp()


def operator(**more: Any) -> OperatorSettings:
    return OperatorSettings.model_validate({"url": "smpp://us@127.0.0.1", **more})


def table(plan: dict[str, Any], recipients: int = 1_000, segments: int = 1, **more: Any) -> Timetable:
    return timetable(
        Plan.model_validate(plan),
        {"orange": operator(**more)},
        {"orange": recipients},
        {"orange": segments},
        NOW,
    )


def test_the_rate_is_the_least_of_account_windows_and_plan() -> None:
    assert rate_of(operator(rate=300, window=100)) == 300
    assert rate_of(operator(window=10, binds=2), latency_s=0.1) == 200
    (part,) = table({"rate": 50}, rate=300, window=100).parts
    assert part.peak_per_s == 50
    assert part.ends == NOW + 20


def test_segments_take_the_rate_not_messages() -> None:
    (part,) = table({}, segments=2, rate=100, window=1000).parts
    assert part.ends == NOW + 20
    assert part.peak_per_s == 100


def test_waves_have_gaps_and_nights() -> None:
    plan = {
        "rate": 1,
        "waves": {"sizes": [3_600, 3_600], "gap": "1h"},
        "hours": {"from": "08:00", "to": "12:30"},
    }
    (part,) = table(plan, recipients=9_000).parts
    first, second, third = part.waves
    assert (first.began, first.ended) == (NOW, NOW + 3_600)
    assert round(second.began - first.ended) == 3_600
    # Half an hour of the second fits before the hours are over, the rest waits for the morning.
    assert [span.recipients for span in part.spans if span.wave == 2] == [1_800, 1_800]
    assert second.ended == NOW + 22 * 3_600 + 1_800
    assert third.recipients == 1_800
    assert part.left == 0


def test_whoever_the_end_leaves_out_is_counted() -> None:
    (part,) = table({"rate": 10, "not_after": "2026-03-17T10:01:00Z"}).parts
    assert (part.left, sum(span.recipients for span in part.spans)) == (400, 600)
    assert table({"rate": 10, "not_after": "2026-03-17T09:00:00Z"}).left == 1_000


@given(
    st.integers(1, 5_000),
    st.lists(st.integers(1, 900), min_size=1, max_size=6),
    st.integers(0, 5_000),
    st.sampled_from([1, 7, 300]),
)
def test_everybody_is_in_one_wave_and_waves_follow_one_another(
    recipients: int, sizes: list[int], gap: int, rate: int
) -> None:
    plan = {
        "rate": rate,
        "waves": {"sizes": sizes, "gap": f"{gap}s"},
        "hours": {"from": "09:00", "to": "11:00"},
    }
    (part,) = table(plan, recipients=recipients).parts
    assert sum(span.recipients for span in part.spans) == recipients
    for before, after in zip(part.spans, part.spans[1:], strict=False):
        assert before.ended <= after.began
    for wave, size in zip(part.waves[:-1], sizes, strict=False):
        assert wave.recipients == size
