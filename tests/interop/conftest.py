"""A certificate for the peers that speak TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.interop.peers import installed


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed one for localhost, with its key in the same file."""
    openssl = installed("bin", "openssl")
    key, cert, both = tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "both.pem"
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([openssl, "req", "-x509", *made, *named, *files], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both
