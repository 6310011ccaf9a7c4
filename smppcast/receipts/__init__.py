"""What comes back: receipts in every dialect, the message they mean, and subscribers' own texts."""

from __future__ import annotations

from smppcast.receipts.batch import ReceiptBatch
from smppcast.receipts.inbound import InboundMessage, Reassembler
from smppcast.receipts.message_ids import Inference, MessageIdMapping, candidates, fold
from smppcast.receipts.receipt import Receipt, is_receipt, parse
from smppcast.receipts.states import state_of

__all__ = [
    "InboundMessage",
    "Inference",
    "MessageIdMapping",
    "Reassembler",
    "Receipt",
    "ReceiptBatch",
    "candidates",
    "fold",
    "is_receipt",
    "parse",
    "state_of",
]
