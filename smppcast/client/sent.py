"""A message that the SMSC took."""

from __future__ import annotations

from dataclasses import dataclass, field

from smppcast.client.awaiting import Awaited
from smppcast.errors import UsageError
from smppcast.receipts import Receipt

__all__ = ["Sent"]


@dataclass(slots=True)  # frozen would cost each message 0.5 µs, for nothing that it protects
class Sent:
    """An accepted message: every segment of it was answered ESME_ROK.

    Attributes:
        to: the destination, as it was given.
        message_ids: the SMSC's, one a segment, in order.
    """

    to: str = field(repr=False)
    message_ids: tuple[str, ...]
    _awaited: Awaited | None = field(default=None, repr=False, compare=False)

    @property
    def message_id(self) -> str:
        """Of the first segment."""
        return self.message_ids[0]

    @property
    def segments(self) -> int:
        """How many the message took."""
        return len(self.message_ids)

    async def receipt(self, timeout_s: float | None = None) -> Receipt:
        """Waits for the final receipt, from any task and as often as one likes.

        Of several segments all receipts are waited for, and the worst is given: one undelivered
        segment is an unreadable message. Cancelling loses the waiting only.

        Args:
            timeout_s: None waits as long as the session lasts.

        Raises:
            UsageError: no final receipt was asked for, or the SMSC gave no message_id.
            ResponseTimeout: it did not come in time; or too many others (`AWAITED_MAX` segments)
                were submitted since, so that it was given up.
            LinkLost: the session ended before it came.
        """
        if self._awaited is None:
            raise UsageError("no final receipt can come: submit with receipt=True")
        return await self._awaited.final(timeout_s)
