"""Whether responses wait in a queue that we fill ourselves, or merely take their time."""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["DRAINS", "LatencyWatch", "Queueing"]

# Responses that take so many times what they took before, and noticeably longer, wait in a queue.
INFLATED, NOTICEABLE_S = 4.0, 0.02
# Means over some twenty samples: single responses may take their time.
SMOOTH = 0.05
# How fast the memory of quick responses fades: e-fold in a thousand samples.
FADES = 1.001
# How long the trial takes beside what the queue needs to drain, and how far a latency falls in it that
# was of our making.
TRIAL_S, MEASURED_S, OURS = 2.0, 0.5, 0.7
SAMPLES_LEAST = 20
# The share of what an SMSC bears at which a queue drains in good time.
DRAINS = 0.9


class Queueing(Enum):
    """What a sample says."""

    NO = auto()
    SUSPECTED = auto()  # a trial at half the rate will tell
    OURS = auto()  # the latency falls with the rate
    THEIRS = auto()  # it did not: what it is now is the SMSC's manner


class LatencyWatch:
    """Learns the latency of an SMSC at ease, and notices when it grows.

    Attributes:
        mean_s: of the last samples; 0 before the first.
    """

    def __init__(self) -> None:
        self.mean_s = 0.0
        self._quick_s = 0.0
        self._samples = 0
        self._trial_until: float | None = None
        self._before_s = 0.0
        self._known = self._eased = False
        self._draining_until = float("-inf")

    @property
    def trying(self) -> bool:
        """Whether a trial goes on."""
        return self._trial_until is not None

    def observe(self, seconds: float, now: float) -> Queueing:
        """Takes in the latency of one response."""
        self._samples += 1
        weight = max(SMOOTH, 1 / self._samples)
        self.mean_s += (seconds - self.mean_s) * weight
        if self._trial_until is not None:
            return self._try(now)
        if self._samples < SAMPLES_LEAST:
            return Queueing.NO
        self._quick_s = min((self._quick_s or self.mean_s) * FADES, self.mean_s)
        if self.mean_s <= max(INFLATED * self._quick_s, self._quick_s + NOTICEABLE_S):
            self._eased = self._known
            return Queueing.NO
        if now < self._draining_until:
            return Queueing.NO
        if self._eased:
            # A trial has told before, and the latency was low since: no other is needed.
            self._eased = False
            self._draining_until = now + TRIAL_S + self.mean_s / (1 - DRAINS)
            return Queueing.OURS
        self._before_s = self.mean_s
        # At half the rate a queue drains in twice the time that it takes to get through.
        self._trial_until = now + TRIAL_S + 2 * max(seconds, self.mean_s)
        return Queueing.SUSPECTED

    def _try(self, now: float) -> Queueing:
        assert self._trial_until is not None  # noqa: S101 - `observe` has looked
        if now < self._trial_until - MEASURED_S:
            self._samples = 0  # what was in the queue says nothing of the trial
            return Queueing.NO
        if now < self._trial_until or not self._samples:
            return Queueing.NO
        self._trial_until = None
        self._known = self.mean_s < OURS * self._before_s
        if self._known:
            return Queueing.OURS
        self._quick_s = self.mean_s
        return Queueing.THEIRS
