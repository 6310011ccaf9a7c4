"""What a scenario says happens while it runs."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from smppcast.net.clock import Clock
from smppcast.smsc.scenario import Step
from smppcast.smsc.wheel import Wheel

__all__ = ["Schedule", "Stage"]


class Stage(Protocol):
    """What a schedule works on."""

    def step(self, step: Step) -> None:
        """Does one step."""
        ...


class Schedule:
    """The steps of one scenario, from when it was begun; `end` leaves out those that have not come."""

    __slots__ = ("_clock", "_ended", "_stage", "_wheel")

    def __init__(self, wheel: Wheel, clock: Clock, stage: Stage) -> None:
        self._wheel, self._clock, self._stage = wheel, clock, stage
        self._ended: list[bool] = [False]

    def begin(self, steps: tuple[Step, ...]) -> None:
        """Ends what was begun before, and counts from now."""
        self.end()
        self._ended, now = [False], self._clock()
        for step in sorted(steps, key=lambda step: step.at):
            self._wait(now + step.at, step)

    def end(self) -> None:
        """Nothing of it happens any more."""
        self._ended[0] = True

    def _wait(self, due: float, step: Step) -> None:
        self._wheel.push(due, partial(self._do, due, step, self._ended))

    def _do(self, due: float, step: Step, ended: list[bool]) -> None:
        if ended[0]:
            return
        if step.every is not None:
            self._wait(due + step.every, step)
        self._stage.step(step)
