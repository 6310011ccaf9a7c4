"""The rate that an SMSC bears, found by growing until it says no, and kept to by small steps.

It says no by throttles (ESME_RTHROTTLED), or warns before by congestion_state (SMPP 5.0 section
4.8.4.18), or takes longer and longer to answer.
"""

from __future__ import annotations

from collections import deque

from smppcast.pacing.latency import DRAINS, LatencyWatch, Queueing

__all__ = ["AdaptiveRate"]

# Before the first sign a rate doubles each quarter of a second: 30,000/s is found from 100/s in two.
STEP_S = 0.25
START_PER_S = 100.0
# After each sign it grows by a quarter as much, down to a percent a second: each time that it finds the
# limit again it costs some throttles. But when it has been quiet for some time the limit has risen, and
# growth doubles and doubles: a limit that has doubled is found in five seconds.
CALMER, GROWTH_LEAST, GROWTH_MOST = 0.25, 0.01, 1.0
QUIET_S, DOUBLES_EACH_S = 1.5, 0.7
# A sign sets the rate to just under what was accepted in the last half second; at most halves it.
UNDER, FALL_LEAST, FALL_MOST = 0.985, 0.98, 0.5
MEASURE_S, SLOT_S, SLOTS = 0.5, 0.05, 20
# A throttled SMSC gets a moment's rest: what is in flight is refused too, and its bucket is empty.
PAUSE_S = 0.02
# A rate that was not used says nothing of what the SMSC bears.
USED_LEAST = 0.85
# congestion_state: 80 to 90 is the specification's optimum. The gain is low, since the state lags.
OPTIMUM, LOW, HIGH, GAIN = 85, 80, 90, 0.15
# How long the last congestion_state steers: then growth goes by the other signs again.
STATE_S = 2.0


class AdaptiveRate:
    """The submit_sm a second that a lane allows itself.

    Args:
        ceiling: never above it: what the account allows; None where it names none.
        floor: never below it, whatever the SMSC says.
        grows: whether it begins low and grows (`rate: auto`); else it begins at the ceiling, and
            grows only back to it after a sign.

    Attributes:
        per_s: the rate to keep now; None for no limit, before the first sign.
        throttles: PDUs throttled so far.
    """

    def __init__(self, ceiling: float | None, *, floor: float = 1.0, grows: bool = False) -> None:
        self.per_s = ceiling
        if grows:
            self.per_s = max(floor, START_PER_S if ceiling is None else min(START_PER_S, ceiling))
        self.throttles = 0
        self._ceiling, self._floor = ceiling, floor
        self._growth = GROWTH_MOST
        self._seeks = grows
        self._signed = not grows  # whether a sign has come: growth is careful then
        self._sign_at = self._stepped = self._until = self._rest_until = float("-inf")
        self._slots: deque[list[float]] = deque(maxlen=SLOTS)  # acceptances by time: [slot, count]
        self._sent = 0
        self._latency = LatencyWatch()
        # Before a trial: the rate to go back to, None where none is under way, and what was borne.
        self._suspected: float | None = None
        self._borne_then = 0.0
        self._state, self._state_at = -1, float("-inf")

    # --- what happens ----------------------------------------------------------------------

    def sent(self, count: int) -> None:
        """PDUs were written."""
        self._sent += count

    def accepted(self, count: int, now: float) -> None:
        """PDUs were accepted: by these the SMSC's limit is measured."""
        slot = now // SLOT_S
        if self._slots and self._slots[-1][0] == slot:
            self._slots[-1][1] += count
        else:
            self._slots.append([slot, count])

    def latency(self, seconds: float, now: float) -> None:
        """A response came after so long."""
        verdict = self._latency.observe(seconds, now)
        if not self._seeks or self.per_s is None or self._steered(now):
            return
        match verdict:
            case Queueing.SUSPECTED:
                self._suspected, self._borne_then = self.per_s, self._borne_at_least(now)
                self._set(min(self.per_s, self._borne_then) * 0.5)
            case Queueing.OURS:
                before = self._suspected
                borne = self._borne_at_least(now) if before is None else self._borne_then
                self._set(min(self.per_s if before is None else before, borne * DRAINS))
                self._suspected = None
                self._calm(now)
            case Queueing.THEIRS:
                if self._suspected is not None:
                    self._set(self._suspected)
                self._suspected = None
            case Queueing.NO:
                pass

    def congestion(self, state: int, now: float) -> None:
        """A response told congestion_state, 0 to 100."""
        self._state, self._state_at = state, now

    @property
    def congestion_state(self) -> int:
        """The last one told; -1 before the first."""
        return self._state

    def throttled(self, count: int, now: float) -> float:
        """PDUs were throttled; returns until when nothing shall be written."""
        self.throttles += count
        if now >= self._until:  # else they were in flight when the first of them came
            self._sign(now)
            self._rest_until = now + PAUSE_S
        return self._rest_until

    # --- what follows ----------------------------------------------------------------------

    def step(self, now: float) -> bool:
        """Lets the rate change with time; whether it did."""
        if self.per_s is None or now - self._stepped < STEP_S:
            return False
        elapsed = min(now - self._stepped, 1.0)
        used = self._sent >= USED_LEAST * self.per_s * elapsed
        self._sent, self._stepped = 0, now
        if now < self._until or self._latency.trying:
            return False
        before = self.per_s
        if self._steered(now):
            self._steer(used=used)
        elif used:
            self._set(before * (1 + self._grows_by(now) * elapsed if self._signed else 1 + self._growth))
        return self.per_s != before

    def _grows_by(self, now: float) -> float:
        """The share by which the rate grows in a second."""
        quiet = max(0.0, now - self._sign_at - QUIET_S)
        return min(GROWTH_MOST, self._growth * float(2.0 ** min(quiet / DOUBLES_EACH_S, 20.0)))

    def _steered(self, now: float) -> bool:
        return self._state >= 0 and now - self._state_at < STATE_S

    def _steer(self, *, used: bool) -> None:
        assert self.per_s is not None  # noqa: S101 - `step` has looked
        if LOW <= self._state <= HIGH or (self._state < LOW and not used):
            return
        self._set(self.per_s * min(2.0, (OPTIMUM / max(self._state, 1)) ** GAIN))

    def _borne_at_least(self, now: float) -> float:
        """Acceptances a second, where it is latency that tells. An SMSC that stood still accepted none, and
        when it goes on bears what it did before: the slots that had any say how much."""
        count = round(MEASURE_S / SLOT_S)
        busy = [each for _, each in self._slots][-count:]
        before = sum(busy) / (count * SLOT_S)
        return max(self._borne(now, MEASURE_S), min(before, (self.per_s or 0.0) * FALL_MOST))

    def _sign(self, now: float) -> None:
        """The SMSC bears no more than this: what it accepted lately."""
        self._suspected = None  # a throttle is certain: nothing goes back to the rate before a trial
        borne = max(self._borne(now, MEASURE_S), 0.0 if self._signed else self._borne(now, MEASURE_S / 2))
        if self.per_s is None:
            self.per_s = max(self._floor, borne * UNDER)
        else:
            lowered = max(self.per_s * FALL_MOST, min(borne * UNDER, self.per_s * FALL_LEAST))
            self._set(lowered)
        self._until = now + max(PAUSE_S, 1.5 * min(self._latency.mean_s, 1.0))
        self._calm(now)

    def _calm(self, now: float) -> None:
        """After a sign: growth is careful for some time."""
        self._signed = True
        self._growth = max(GROWTH_LEAST, self._growth * CALMER)
        self._sign_at = self._stepped = now
        self._sent = 0

    def _borne(self, now: float, span_s: float) -> float:
        """Acceptances a second, over whole slots before this one."""
        slot, count = now // SLOT_S, round(span_s / SLOT_S)
        if not self._slots:
            return 0.0
        reach = max(1.0, min(count, slot - self._slots[0][0]))
        taken = sum(each for at, each in self._slots if slot - reach <= at < slot or reach == 1.0)
        return taken / (reach * SLOT_S)

    def _set(self, per_s: float) -> None:
        per_s = max(self._floor, per_s)
        self.per_s = per_s if self._ceiling is None else min(per_s, self._ceiling)
