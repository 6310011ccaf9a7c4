"""The load of the whole SMSC against its capacity, and the congestion_state that tells it."""

from __future__ import annotations

from math import exp
from typing import Final

from smppcast.smsc.scenario import Capacity

__all__ = ["Load", "congestion_tlv"]

CONGESTED: Final = 100


class Load:
    """The rate of the submits let in, forgotten exponentially, as a share of the capacity.

    An SMSC that rests takes a burst of `over_s` seconds' worth at once. One that is asked for more than its
    capacity lets in what its capacity is, and stays congested.
    """

    __slots__ = ("_at", "_level", "capacity")

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self._level = self._at = 0.0

    def admit(self, count: int, now: float) -> int:
        """How many of `count` submits are let in at `now`."""
        self._fade(now)
        # A submit that comes exactly on time is let in: floats lose a little at each sum.
        room = int(self._full - self._level + 1e-6)
        admitted = max(0, min(count, room))
        self._level += admitted
        return admitted

    def congestion_state(self, now: float) -> int:
        """0 idle to 100 congested (SMPP 5.0 section 4.8.4): the load in percent. 80 to 90 is the
        optimum, where a client should steer."""
        self._fade(now)
        # The place of one submit that a full SMSC has not got is no room.
        share = self._level / self._full
        return CONGESTED if self._full - self._level < 1 else min(CONGESTED - 1, round(CONGESTED * share))

    @property
    def _full(self) -> float:
        return max(1.0, self.capacity.per_s * self.capacity.over_s)

    def _fade(self, now: float) -> None:
        self._level *= exp((self._at - now) / self.capacity.over_s)
        self._at = now


def congestion_tlv(state: int) -> bytes:
    """The TLV congestion_state."""
    return b"\x04\x28\0\1" + bytes((state,))
