"""Pauses in trouble."""

from __future__ import annotations

from smppcast.pacing.pause import Pause


def test_pauses_double_up_to_their_most_until_something_is_accepted() -> None:
    pause = Pause(first_s=0.1, most_s=0.4)
    now, lengths = 0.0, []
    for _ in range(4):
        until = pause.trouble(now)
        assert pause.trouble(now) == until
        lengths.append(round(until - now, 6))
        now = until
    assert lengths == [0.1, 0.2, 0.4, 0.4]
    pause.over()
    assert round(pause.trouble(now) - now, 6) == 0.1
