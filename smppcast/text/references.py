"""The reference that tells the segments of one message from those of another.

A handset joins segments that agree in sender, reference and total. Two messages to one
recipient with the same reference, both incomplete, would be joined into nonsense; so the
reference must differ between messages that a recipient gets about the same time. Between
recipients it need not: a text cast to millions is encoded once, under one reference.
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["References"]

REMEMBERED = 4096
"""Recipients whose last reference is kept (some 0.6 MB): far more than get several texts
within the minutes for which a handset waits for missing segments."""


class References:
    """Counts references: 16-bit ones, whose low octets differ as long for `udh8`.

    Args:
        seed: where counting starts; let it differ between runs, so that a restart does not
            give a recipient the reference of a moment ago.
        remembered: recipients for whom the last reference is kept. For these no reference
            comes again within 256 messages (65,536 with 16 bits); for others two messages
            meet by chance, once in 256.
    """

    __slots__ = ("_last", "_next", "_remembered")

    def __init__(self, seed: int = 0, *, remembered: int = REMEMBERED) -> None:
        self._next = seed & 0xFFFF
        self._remembered = remembered
        self._last: OrderedDict[str, int] = OrderedDict()

    def take(self, destination_addr: str = "") -> int:
        """The reference, 0 to 65,535, for the next message to `destination_addr`.

        Without a destination it is for a message to everybody: the counter alone.
        """
        last = self._last.pop(destination_addr, None)
        if last is None:
            reference = self._next
            self._next = (self._next + 1) & 0xFFFF
        else:
            reference = (last + 1) & 0xFFFF
        if destination_addr:
            self._last[destination_addr] = reference
            if len(self._last) > self._remembered:
                self._last.popitem(last=False)
        return reference
