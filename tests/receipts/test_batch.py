"""The batch reader says what `parse` says, of every receipt that it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.receipts import fold, parse
from smppcast.receipts.batch import ReceiptBatch, _alike, _by_length, _few, fold_all, read
from smppcast.smpp import DeliverSm, Tlvs, decode, encode

USUAL = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2611231905 done date:2611231906 "
    b"stat:DELIVRD err:000 text:Bonjour"
)
COLUMNS = ReceiptBatch.__slots__

words = st.sampled_from(["DELIVRD", "EXPIRED", "UNDELIV", "REJECTD", "ENROUTE", "ACCEPTD", "WHATEVR"])
dates = st.sampled_from(["2611231905", "261123190512", "20261123190512", "0000000000", "9999999999"])
ids = st.text("0123456789abcdefABCDEF-@", min_size=1, max_size=20)
errors = st.sampled_from(["000", "001", "0A1", "5"])
texts = st.one_of(
    st.none(),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    st.just("id:9 stat:X"),
)
tlvs = st.lists(
    st.one_of(
        st.tuples(st.just("receipted_message_id"), ids),
        st.tuples(st.just("message_state"), st.integers(0, 12)),
        st.tuples(st.just("network_error_code"), st.sampled_from([b"\x03\0\0", b"\x03\0\x20", b"000"])),
        st.tuples(st.just("user_message_reference"), st.integers(0, 9)),
    ),
    max_size=4,
)


@st.composite
def receipts(draw: st.DrawFn) -> DeliverSm:
    text = draw(texts)
    said = (
        f"id:{draw(ids)} sub:001 dlvrd:001 submit date:{draw(dates)} done date:{draw(dates)} "
        f"stat:{draw(words)} err:{draw(errors)}" + ("" if text is None else f" text:{text}")
    )
    return DeliverSm(
        sequence_number=draw(st.integers(1, 0x7FFFFFFF)),
        source_addr=draw(st.sampled_from(["33612345678", "+33612345678", ""])),
        destination_addr="GOUV",
        esm_class=draw(st.sampled_from([4, 4, 4, 0, 0x44, 0x20])),
        data_coding=draw(st.sampled_from([0, 0, 3, 8])),
        short_message=said.encode("latin-1"),
        tlvs=Tlvs(draw(tlvs)),
    )


def plain(pdus: list[bytes]) -> ReceiptBatch:
    batch = ReceiptBatch()
    for octets in pdus:
        pdu = decode(octets)
        receipt = parse(pdu)
        assert receipt is not None
        batch.add(receipt, pdu.sequence_number)
    return batch


@given(st.lists(receipts(), min_size=1, max_size=12))
def test_what_the_batch_reads_is_what_parse_reads(pdus: list[DeliverSm]) -> None:
    octets = [encode(pdu) for pdu in pdus]
    batch, rest = read(octets)
    expected = plain([pdu for pdu in octets if pdu not in rest])
    for column in COLUMNS:
        assert getattr(batch, column) == getattr(expected, column), column


@st.composite
def alike(draw: st.DrawFn) -> list[bytes]:
    """Receipts of one layout, and perhaps one with another octet somewhere."""
    made = []
    first = draw(receipts())
    digits = st.text("0123456789", min_size=6, max_size=6)
    with_tlv = draw(st.booleans())
    code = draw(st.sampled_from([None, b"\x03\0\x20"]))
    repeated = draw(st.sampled_from(["", " text:", " text:Bonjour", " text:err:5"]))
    for row in range(50):
        text_id = draw(digits) if row < 3 else f"{row:06}"
        said = (
            f"id:{text_id} sub:001 dlvrd:001 submit date:2611231905 done date:26112319{row:02} "
            f"stat:{draw(words)} err:{row % 7:03}{repeated}"
        )
        tlvs: dict[str, Any] = {"user_message_reference": 255 + row} if draw(st.booleans()) else {}
        if with_tlv:
            tlvs = {"receipted_message_id": f"{row % 5:06x}", "message_state": row % 10}
        if code is not None:
            tlvs["network_error_code"] = code
        made.append(
            encode(
                DeliverSm(
                    sequence_number=row + 1,
                    source_addr=f"336123456{row:02}",
                    destination_addr=first.destination_addr,
                    esm_class=4,
                    short_message=said.encode("ascii"),
                    tlvs=Tlvs(tlvs),
                )
            )
        )
    if draw(st.booleans()):
        at, place = draw(st.integers(0, 49)), draw(st.integers(16, len(made[0]) - 1))
        odd = bytearray(made[at])
        odd[place % len(odd)] = draw(st.integers(0, 255))
        made[at] = bytes(odd)
    return made


@given(alike())
def test_receipts_alike_are_read_as_each_alone_is(pdus: list[bytes]) -> None:
    batch, rest = read(pdus)
    expected, left = ReceiptBatch(), []
    for pdu in pdus:
        one, not_read = read([pdu])
        left += not_read
        for column in COLUMNS:
            getattr(expected, column).extend(getattr(one, column))
    if rest == pdus:  # a length that belies one of them sends all the plain way
        return
    assert rest == left
    for column in COLUMNS:
        assert getattr(batch, column) == getattr(expected, column), column


def laid_out(count: int, minute: int, stat: str, *, tlvs: bool, reference: bool) -> list[bytes]:
    """Receipts that differ in their numbers and ids alone."""
    made = []
    for row in range(count):
        said = f"id:{row:06} sub:001 dlvrd:001 submit date:2611231905 done date:26112319{minute:02} "
        more: dict[str, Any] = {"receipted_message_id": f"{row:06x}", "message_state": 2} if tlvs else {}
        if reference:
            more["user_message_reference"] = 700 * row
        made.append(
            encode(
                DeliverSm(
                    sequence_number=1000 + row,
                    source_addr=f"336123456{row:02}",
                    destination_addr="GOUV",
                    esm_class=4,
                    short_message=f"{said}stat:{stat} err:000".encode("ascii"),
                    tlvs=Tlvs(more),
                )
            )
        )
    return made


@given(
    count=st.integers(1, 47),
    minute=st.integers(0, 3),
    stat=st.sampled_from(["DELIVRD", "UNDELIV", "WHATEVR"]),
    tlvs=st.booleans(),
    reference=st.booleans(),
    odd=st.none() | st.tuples(st.integers(0, 46), st.integers(0, 255), st.integers(0, 255)),
)
def test_few_receipts_of_one_layout_are_read_as_parse_reads_them(
    *, count: int, minute: int, stat: str, tlvs: bool, reference: bool, odd: tuple[int, int, int] | None
) -> None:
    pdus = laid_out(count, minute, stat, tlvs=tlvs, reference=reference)
    if odd is not None:  # an octet behind the header is another
        row, place, octet = odd
        changed = bytearray(pdus[row % count])
        changed[16 + place % (len(changed) - 16)] = octet
        pdus[row % count] = bytes(changed)
    batch, rest = read(pdus)
    if odd is None and stat != "WHATEVR":  # which says no state
        assert _few(pdus, UTC) is not None
    assert len(batch) + len(rest) == count
    expected = plain([pdu for pdu in pdus if pdu not in rest])
    for column in COLUMNS:
        assert getattr(batch, column) == getattr(expected, column), column


@pytest.mark.parametrize("tlvs", [{}, {"receipted_message_id": "75bcd15", "message_state": 2}])
def test_a_hundred_receipts_of_one_layout_are_cut_by_columns(tlvs: dict[str, Any]) -> None:
    pdus = [
        encode(
            DeliverSm(
                sequence_number=number,
                esm_class=4,
                short_message=USUAL,
                source_addr=f"33612345{number:03}",
                tlvs=Tlvs(tlvs),
            )
        )
        for number in range(1, 101)
    ]
    columns = _alike(pdus, UTC)
    assert columns is not None
    expected = plain(pdus)
    for column in COLUMNS:
        assert getattr(columns, column) == getattr(expected, column), column


def test_receipts_of_several_lengths_keep_their_order() -> None:
    pdus = [
        encode(
            DeliverSm(
                sequence_number=number,
                esm_class=4,
                short_message=USUAL,
                source_addr="4917" + f"{number:07}" + "0" * (number % 3 == 0),
            )
        )
        for number in range(1, 151)
    ]
    batch, expected = _by_length(pdus, UTC), plain(pdus)
    assert batch is not None
    for column in COLUMNS:
        assert getattr(batch, column) == getattr(expected, column), column


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_arbitrary_octets_are_left_to_the_plain_path(octets: list[bytes]) -> None:
    batch, rest = read(octets)
    assert len(batch) == 0
    assert rest == octets


def test_the_usual_receipt_is_read_in_the_batch() -> None:
    text = USUAL
    extras: list[dict[str, str | int]] = [{}, {"receipted_message_id": "75bcd15", "message_state": 2}]
    for extra in extras:
        pdu = encode(DeliverSm(esm_class=4, short_message=text, tlvs=Tlvs(extra)))
        batch, rest = read([pdu, pdu])
        assert len(batch) == 2
        assert rest == []


@pytest.mark.parametrize(("text_id", "expected"), [("014stat:56789", "014"), ("a:b", "a:b"), ("1err:5", "1")])
def test_an_id_in_which_a_field_may_hide_is_left_to_the_plain_path(text_id: str, expected: str) -> None:
    pdu = encode(DeliverSm(esm_class=4, short_message=USUAL.replace(b"0123456789", text_id.encode())))
    batch, rest = read([pdu])
    assert (len(batch), rest) == (0, [pdu])
    assert plain([pdu]).message_ids == [expected]


def test_the_vectors_receipts_agree(vectors: Callable[[str], list[dict[str, Any]]]) -> None:
    for vector in vectors("pdus.jsonl"):
        octets = bytes.fromhex(vector["hex"])
        if vector["command"] != "deliver_sm" or vector["class"] != "valid":
            continue
        batch, rest = read([octets])
        if not rest:
            expected = plain([octets])
            for column in COLUMNS:
                assert getattr(batch, column) == getattr(expected, column), vector["id"]


@pytest.mark.parametrize("broken", [slice(0, -1), slice(0, -3)])
def test_a_text_longer_than_sm_length_says_is_left(broken: slice) -> None:
    pdu = encode(DeliverSm(esm_class=4, short_message=USUAL))
    batch, rest = read([pdu[broken]])
    assert len(batch) == 0
    assert len(rest) == 1


@given(st.lists(st.text(max_size=12), max_size=20))
def test_fold_all_is_fold_of_each(message_ids: list[str]) -> None:
    assert fold_all(message_ids) == list(map(fold, message_ids))
