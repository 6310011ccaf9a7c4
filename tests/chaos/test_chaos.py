"""A short run of what `python -m tests.chaos` does at length."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.acceptance.driver import Home
from tests.chaos.rounds import POLICIES, play


@pytest.mark.parametrize("policy", POLICIES)
def test_killed_among_faults_nobody_is_lost_or_doubled_unseen(tmp_path: Path, policy: str) -> None:
    home = Home(tmp_path)
    try:
        played = play(home, policy, 1, Random(7), rows=400, receipts_within_s=1.0)
    finally:
        home.close()

    assert played.kills == 1, "the command had ended before it was killed"
    assert played.held, played
