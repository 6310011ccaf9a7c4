"""One target under atheris, in a process of its own: libFuzzer ends the process that it runs in.

``python -m tests.fuzz.inside TARGET [options of libFuzzer] [folders]``
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import atheris

# Coverage is counted in what is imported in here.
with atheris.instrument_imports(include=["smppcast"]):
    from tests.fuzz.all_targets import TARGETS


def main(argv: list[str]) -> None:
    """Never returns."""
    target: Callable[[bytes], None] = TARGETS[argv[1]]
    for hook in ("RegEx", "str"):
        atheris.enabled_hooks.add(hook)
    atheris.Setup([argv[0], *argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
