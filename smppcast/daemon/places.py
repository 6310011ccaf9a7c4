"""Where the daemon keeps what is its own."""

from __future__ import annotations

from pathlib import Path

from smppcast.config import Settings

__all__ = ["data_folder"]


def data_folder(settings: Settings) -> Path:
    """The folder of tokens, drafts, audit log, uploads and suppression lists."""
    ledger = settings.ledger
    return settings.daemon.data or ledger.with_name(f"{ledger.name}.daemon")
