"""The guard of the hot paths: what it counts, and that a loss does not pass."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from bench import guard
from bench.guard import BASELINE, COUNT, Measured, measure
from smppcast.smpp import batch


def paths() -> dict[str, Callable[[], object]]:
    return asyncio.run(guard._paths())


def test_the_baseline_holds_every_path_there_is() -> None:
    assert json.loads(BASELINE.read_text("utf-8"))["paths"].keys() == paths().keys()


def test_instructions_are_the_same_each_time() -> None:
    for name, work in paths().items():
        work()
        work()
        assert guard._instructions(work) == guard._instructions(work), name


def test_a_loss_on_a_hot_path_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(guard, "REPEATS", 2)
    cut = batch.cut

    def dearer(buffer: bytes, most: int) -> object:
        for _ in range(COUNT):
            len(buffer)
        return cut(buffer, most)

    monkeypatch.setattr(batch, "cut", dearer)
    assert guard.main([]) == 1
    assert "lost more than 25%: submit_sm_resp: cut" in capsys.readouterr().out


def test_work_within_c_is_held_by_time_alone() -> None:
    known = measure(lambda: sorted(range(1000)))
    assert not guard._lost(known, known, counted=True)
    assert guard._lost(replace(known, time=known.time * 2.1), known, counted=True)
    assert guard._lost(Measured(known.instructions * 1.26, known.time), known, counted=True)
    assert not guard._lost(Measured(known.instructions * 1.26, known.time), known, counted=False)
