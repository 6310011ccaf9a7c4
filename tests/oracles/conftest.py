from __future__ import annotations

import os
import shutil

import pytest

from tests.oracles.tshark import Tshark


@pytest.fixture(scope="session")
def tshark(tmp_path_factory: pytest.TempPathFactory) -> Tshark:
    """The program; without it the tests skip, but not in CI, which installs it."""
    program = shutil.which("tshark")
    if program is None:
        reason = "no tshark on this machine: an independent decoder of SMPP (Debian: tshark)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Tshark(program, tmp_path_factory.mktemp("tshark"))
