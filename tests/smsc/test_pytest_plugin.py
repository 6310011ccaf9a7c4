"""The fixtures, as the tests of another program have them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

OTHERS = """
import socket

import pytest


def bound(url):
    connection = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=60)
    connection.sendall(bytes.fromhex("0000001d000000090000000000000001") + b"tester\\0\\0\\0\\x34\\0\\0\\0")
    return connection


def test_a_program_binds(smsc):
    with bound(smsc.url):
        smsc.wait(lambda smsc: smsc.account.binds == 1)


@pytest.mark.smsc("throttling", seed=7)
def test_marked(smsc):
    assert (smsc.scenario.name, smsc.scenario.seed) == ("throttling", 7)


@pytest.mark.smsc(binds={"kinds": ["receiver"]})
class TestMarked:
    def test_class(self, smsc):
        assert smsc.scenario.binds.kinds == {"receiver"}


def test_several(smsc, smsc_factory):
    other = smsc_factory("hex-ids")
    changed = smsc_factory(receipts={"window": 1})
    assert len({smsc.port, other.port, changed.port}) == 3
    assert (other.scenario.name, changed.scenario.receipts.window) == ("hex-ids", 1)


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_async(smsc):
    smsc.change(seed=3)
    assert smsc.scenario.seed == 3
"""

UNUSED = """
import sys


def test_nothing_was_imported():
    loaded = {name for name in sys.modules if name.startswith("smppcast")}
    assert loaded == {"smppcast", "smppcast.version", "smppcast.pytest_plugin"}
"""


def outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str) -> pytest.RunResult:
    """Runs tests in a process of their own, in which no plugin is but this one and anyio's."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nanyio_mode = auto\nfilterwarnings = error\n")
    pytester.makepyfile(text)
    plugins = ("-p", "smppcast.pytest_plugin", "-p", "anyio.pytest_plugin")
    return pytester.runpytest_subprocess(*plugins, "--strict-markers", "-q")


def test_tests_of_others_have_the_fixtures(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome(pytester, monkeypatch, OTHERS).assert_outcomes(passed=5)


def test_tests_that_do_not_use_it_import_nothing_of_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome(pytester, monkeypatch, UNUSED).assert_outcomes(passed=1)


def test_the_installed_package_brings_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"smppcast": "smppcast.pytest_plugin"}


def test_without_pytest_the_module_is_empty() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "import smppcast.pytest_plugin as plugin\n"
        "print(hasattr(plugin, 'smsc'), hasattr(plugin, 'SmscFactory'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "True"]
