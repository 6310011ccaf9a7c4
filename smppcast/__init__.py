"""smppcast: cast one text to a streamed feed of subscribers over SMPP, and account for every message."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
