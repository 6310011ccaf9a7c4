"""smpplib's blocking client: the window is filled, then half of it read, without threads.

Sending and reading in turns on one thread beats a reader thread, which only waits for the interpreter's
lock. Its socket has no timeout: with one, Python polls before every recv and send.
"""

from __future__ import annotations

import logging
from typing import Any

from smpplib.client import Client  # noqa: TID251 - the rival that is measured here

from bench.peers.span import HOST, PASSWORD, SOURCE, SOURCE_TON, TEXT, Job, Span, no_delay


class Counting:
    """A bound client, and what it was told."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.accepted = self.receipts = 0
        logging.disable()
        client = Client(HOST, job.port, timeout=None, allow_unknown_opt_params=True)
        client.set_message_sent_handler(self._answered)
        client.set_message_received_handler(self._received)
        client.connect()
        no_delay(job.port)
        client.bind_transceiver(system_id=job.system_id, password=PASSWORD)
        self.client = client

    def _answered(self, pdu: Any) -> None:
        self.accepted += pdu.status == 0

    def _received(self, pdu: Any) -> None:
        self.receipts += pdu.esm_class & 0x3C == 4

    def cast(self, numbers: list[str]) -> None:
        """Submits to all, and reads until each has its response and its receipt."""
        window, registered_delivery = self.job.window, int(self.job.receipts)
        send, text = self.client.send_message, TEXT.encode()
        before = sent = self.accepted
        receipts = self.receipts + len(numbers) * self.job.receipts
        for number in numbers:
            send(
                source_addr_ton=SOURCE_TON,
                source_addr=SOURCE,
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=number,
                registered_delivery=registered_delivery,
                short_message=text,
            )
            sent += 1
            if sent - self.accepted == window:
                self._read(sent - window // 2, 0)
        self._read(before + len(numbers), receipts)

    def _read(self, accepted: int, receipts: int) -> None:
        read = self.client.read_once
        while self.accepted < accepted or self.receipts < receipts:
            read()


def main() -> None:
    job = Job.told()
    counting = Counting(job)
    for numbers, measured in job.casts():
        span, accepted, receipts = Span(), counting.accepted, counting.receipts
        counting.cast(numbers)
        if measured:
            span.tell(job, counting.accepted - accepted, counting.receipts - receipts)
    counting.client.unbind()
    counting.client.disconnect()


if __name__ == "__main__":
    main()
