"""The package's face: every public name is there, and nothing is imported before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import smppcast


@pytest.mark.parametrize("name", smppcast.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(smppcast, name) is not None
    assert name in dir(smppcast)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = smppcast.nothing


def test_the_face_alone_imports_no_room() -> None:
    code = "import sys, smppcast; print(sorted(m for m in sys.modules if m.startswith('smppcast.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['smppcast.version']"
