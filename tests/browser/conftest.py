"""What every test in a browser needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interfaces import unchanged


@pytest.fixture(autouse=True)
def steady_network() -> Iterator[None]:
    with unchanged():
        yield
