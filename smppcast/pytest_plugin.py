"""Fixtures for programs that speak SMPP: a simulated SMSC at their disposal.

Where smppcast and pytest are installed, they are there, and need no line of configuration::

    def test_a_code_is_sent(smsc):
        send_code(smsc.url, "33612345678")            # the program under test
        (message,) = smsc.messages()
        assert message.text.startswith("Your code: ")
        assert smsc.account.destinations() == {"33612345678": 1}

``smsc`` is a `smppcast.smsc.threaded.SmscThread`: it runs in a thread of its own, so that it serves plain
tests, asyncio, anyio and other processes alike. It goes by the scenario ``ideal``, or by that of a mark::

    @pytest.mark.smsc("throttling")
    @pytest.mark.smsc(numbers=[{"suffix": "13", "state": "undeliverable"}])

which takes a shipped name or a file, and parts that differ from it. ``smsc.change(...)`` changes it
during the test, ``smsc.inject("STOP", source="33612345678", to="36105")`` has a subscriber write,
``smsc.cut()`` drops the links, and ``smsc.wait(lambda smsc: smsc.account.submitted == 2)`` waits for a
program in another thread or process.

``smsc_factory(scenario="ideal", **changes)`` starts as many as a test needs; all end with it.

Nothing of smppcast is imported before a test asks for one of them. Without pytest the module is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from smppcast.smsc.threaded import SmscThread

__all__ = ["SmscFactory"]

# Texts of some ten thousand messages: more than a test looks at.
KEPT_OCTETS: Final = 16 << 20


class SmscFactory(Protocol):
    """Starts an SMSC that ends with the test."""

    def __call__(self, scenario: str | Path = "ideal", **changes: Any) -> SmscThread:
        """`scenario` is a shipped name or a file; `changes` are parts that differ from it."""
        ...


with suppress(ImportError):
    import pytest

    def pytest_configure(config: pytest.Config) -> None:
        """Declares the mark."""
        config.addinivalue_line(
            "markers", "smsc(scenario='ideal', **changes): what the fixture smsc goes by (smppcast)"
        )

    @pytest.fixture
    def smsc_factory() -> Iterator[SmscFactory]:
        """Starts simulated SMSCs: ``smsc_factory("throttling", seed=2)``."""
        from smppcast.smsc import load_scenario, serve_in_thread  # noqa: PLC0415 - only where it is used

        with ExitStack() as running:

            def start(scenario: str | Path = "ideal", **changes: Any) -> SmscThread:
                chosen = load_scenario(scenario)
                chosen = chosen.changed(**changes) if changes else chosen
                return running.enter_context(serve_in_thread(chosen, keep=KEPT_OCTETS))

            yield start

    @pytest.fixture
    def smsc(request: pytest.FixtureRequest, smsc_factory: SmscFactory) -> SmscThread:
        """A simulated SMSC in a thread: bind to ``smsc.url``; mark the test to choose its scenario."""
        mark = request.node.get_closest_marker("smsc")
        return smsc_factory(*mark.args, **mark.kwargs) if mark else smsc_factory()
