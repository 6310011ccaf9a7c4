"""Percentiles of samples, and which receipts are sampled."""

from __future__ import annotations

from smppcast.operators.latencies import KEPT, OPEN_MAX, OPEN_S, Latencies, Percentiles, ReceiptSamples


def test_percentiles_are_samples_of_their_rank() -> None:
    latencies = Latencies()
    assert latencies.percentiles() is None
    for value in range(100, -1, -1):
        latencies.add(float(value))
    assert latencies.percentiles() == Percentiles(50, 90, 99, 100)
    for _ in range(KEPT):
        latencies.add(1.0)
    assert latencies.percentiles() == Percentiles(1, 1, 1, 1)


def test_one_message_a_batch_is_watched_till_its_receipt() -> None:
    samples = ReceiptSamples()
    samples.accepted(["a", "b"], 1.0)
    samples.accepted(["c"], 2.0)
    samples.received(["b", "c"], 5.0)
    samples.received(["a", "c"], 6.0)
    assert samples.percentiles() == Percentiles(3, 5, 5, 5)


def test_what_is_watched_is_bounded_and_given_up_in_the_end() -> None:
    samples = ReceiptSamples()
    for number in range(OPEN_MAX + 10):
        samples.accepted([str(number)], 1.0)
    samples.received([str(OPEN_MAX + 1)], 2.0)
    assert samples.percentiles() is None
    samples.accepted(["later"], 2.0 + OPEN_S)
    samples.received(["0", "later"], 3.0 + OPEN_S)
    assert samples.percentiles() == Percentiles(1, 1, 1, 1)
