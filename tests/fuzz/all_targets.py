"""The fuzz targets by name: each takes one input, and raises where something does not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.fuzz.sessions import esme, smsc
from tests.fuzz.targets import batches, codec, framing, receipts, texts

TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "codec": codec,
    "framing": framing,
    "batches": batches,
    "receipts": receipts,
    "texts": texts,
    "esme": esme,
    "smsc": smsc,
}
