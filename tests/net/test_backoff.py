"""Delays between dials."""

from __future__ import annotations

from random import Random

from smppcast.net.backoff import Backoff


def test_delays_double_within_their_jitter_up_to_the_most() -> None:
    backoff = Backoff(1.0, 8.0, Random(1))
    for expected in (1, 2, 4, 8, 8, 8):
        assert expected / 2 <= backoff.next() <= expected


def test_reset_begins_anew() -> None:
    backoff = Backoff(1.0, 8.0, Random(1))
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 1.0


def test_many_failures_do_not_overflow() -> None:
    backoff = Backoff(1.0, 8.0, Random(1))
    assert all(backoff.next() <= 8.0 for _ in range(2_000))
