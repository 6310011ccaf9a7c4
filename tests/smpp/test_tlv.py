from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import FieldError
from smppcast.smpp.tlv import NO_TLVS, TLV_FORMS, TlvKey, Tlvs, TlvValue, read_tlvs, write_tlvs
from smppcast.smpp.vocabulary import Tag
from tests.smpp.pdu_strategies import KNOWN_TLVS, TLVS

RAW = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=6)


def test_the_table_types_every_tag() -> None:
    assert set(TLV_FORMS) == set(Tag)


@given(KNOWN_TLVS)
def test_every_tlv_keeps_its_value(pair: tuple[str, Any]) -> None:
    name, value = pair
    tlvs = Tlvs({name: value})
    assert tlvs[name] == value
    assert type(tlvs[name]) is type(value)
    assert tlvs[Tag[name]] == value
    assert read_tlvs(write_tlvs(tlvs), 0) == tlvs


@given(TLVS)
def test_any_tlvs_come_back(tlvs: Tlvs) -> None:
    again = read_tlvs(b"head" + write_tlvs(tlvs), 4)
    assert again == tlvs
    assert hash(again) == hash(tlvs)
    assert again.trailing == b""
    assert dict(again) == dict(tlvs)
    assert len(again) == len(list(again)) == len(dict(tlvs))


@given(RAW, st.binary(max_size=12))
def test_whatever_came_goes_out_again(raw: list[tuple[int, bytes]], rest: bytes) -> None:
    octets = write_tlvs(Tlvs.from_raw(raw))
    tlvs = read_tlvs(octets + rest, 0)
    assert write_tlvs(tlvs) + tlvs.trailing == octets + rest
    for key in tlvs:
        assert tlvs.octets(key) == tlvs.raw[[tag for tag, _ in tlvs.raw].index(_tag(key))][1]
        assert isinstance(tlvs[key], int | str | bytes)


def _tag(key: str | int) -> int:
    return Tag[key] if isinstance(key, str) else key


@pytest.mark.parametrize(
    ("name", "octets", "value"),
    [
        ("message_state", b"\x02", 2),
        ("message_state", b"\x00\x02", b"\x00\x02"),
        ("message_state", b"", b""),
        ("user_message_reference", b"\x01\x02", 0x0102),
        ("receipted_message_id", b"abc\0", "abc"),
        ("receipted_message_id", b"abc", "abc"),
        ("receipted_message_id", b"abc\0\0", "abc"),
        ("receipted_message_id", b"a\0c\0", b"a\0c\0"),
        ("receipted_message_id", b"\xe9\0", b"\xe9\0"),
        ("receipted_message_id", b"x" * 80, "x" * 80),
        ("network_error_code", b"030", b"030"),
        ("source_node_id", b"27010", b"27010"),
        ("ms_validity", b"\x03", 3),
        ("ms_validity", b"\x00\x01\x00\x05", b"\x00\x01\x00\x05"),
        ("alert_on_message_delivery", b"", b""),
        ("alert_on_message_delivery", b"\x01", 1),
        ("source_telematics_id", b"\x01\x00", 256),
    ],
)
def test_a_value_that_does_not_fit_stays_as_it_came(name: str, octets: bytes, value: object) -> None:
    tlvs = Tlvs.from_raw([(Tag[name], octets)])
    assert tlvs[name] == value
    assert write_tlvs(tlvs)[4:] == octets


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("message_state", 256),
        ("message_state", -1),
        ("message_state", "2"),
        ("message_state", b"\x02"),
        ("receipted_message_id", "x" * 65),
        ("receipted_message_id", "é"),
        ("receipted_message_id", "a\0b"),
        ("receipted_message_id", b"abc\0"),
        ("network_error_code", b"0000"),
        ("message_payload", "text"),
        ("message_payload", b"x" * 65536),
        ("no_such_name", 1),
        (0x1403, "text"),
        (0x10000, b""),
        (-1, b""),
    ],
)
def test_ours_must_fit(key: str | int, value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        Tlvs({key: value})
    assert caught.value.value == value


def test_raw_ones_must_fit_the_wire_at_least() -> None:
    with pytest.raises(FieldError):
        write_tlvs(Tlvs.from_raw([(0x10000, b"")]))
    with pytest.raises(FieldError):
        write_tlvs(Tlvs.from_raw([(1, b"x" * 65536)]))


def test_repeated_tags_are_all_kept_in_order() -> None:
    name = "broadcast_area_identifier"
    areas: list[tuple[TlvKey, TlvValue]] = [(name, b"\x00Paris"), (0x1403, b"x"), (name, b"\x00Lyon")]
    tlvs = Tlvs(areas)
    assert tlvs.getall("broadcast_area_identifier") == (b"\x00Paris", b"\x00Lyon")
    assert tlvs["broadcast_area_identifier"] == b"\x00Paris"
    assert list(tlvs) == ["broadcast_area_identifier", 0x1403]
    assert len(tlvs) == 2
    assert [tag for tag, _ in tlvs.raw] == [0x0606, 0x1403, 0x0606]
    assert tlvs.getall("message_state") == ()


def test_looking_up() -> None:
    tlvs = Tlvs({0x1403: b"vendor"}, message_state=2)
    assert "message_state" in tlvs
    assert Tag.message_state in tlvs
    assert "no_such_name" not in tlvs
    assert tlvs.get("receipted_message_id") is None
    assert tlvs.octets("receipted_message_id") is None
    assert tlvs.octets("message_state") == b"\x02"
    with pytest.raises(KeyError):
        tlvs["receipted_message_id"]
    assert repr(tlvs) == "Tlvs([(5123, b'vendor'), ('message_state', 2)])"
    assert repr(NO_TLVS) == "Tlvs()"
    assert tlvs != dict(tlvs)


@pytest.mark.parametrize("cut", range(1, 9))
def test_what_cannot_be_cut_is_trailing(cut: int) -> None:
    whole, broken = write_tlvs(Tlvs(message_state=2)), write_tlvs(Tlvs({0x1403: b"12345"}))[:cut]
    tlvs = read_tlvs(whole + broken, 0)
    assert tlvs == Tlvs(message_state=2)
    assert tlvs.trailing == broken


def test_adding_keeps_the_others_as_they_came() -> None:
    came = Tlvs.from_raw([(0x0606, b"a"), (0x0427, b"odd"), (0x0606, b"b")])
    assert Tlvs(came, congestion_state=85).raw == (*came.raw, (0x0428, b"\x55"))
    assert Tlvs(Tlvs()) == Tlvs()
