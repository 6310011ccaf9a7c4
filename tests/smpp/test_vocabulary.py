from __future__ import annotations

import pytest
from smpplib import command_codes, consts

from smppcast.smpp.vocabulary import (
    STATUSES,
    CommandId,
    CommandStatus,
    DataCoding,
    StatusClass,
    Tag,
    classify,
    command_name,
    status_meaning,
    status_name,
)


def test_every_number_of_smpplib_has_its_name() -> None:
    statuses = {name: value for name, value in vars(consts).items() if name.startswith("SMPP_ESME_")}
    assert statuses
    for name, value in statuses.items():
        assert CommandStatus[name.removeprefix("SMPP_")] == value
    for name, value in consts.OPTIONAL_PARAMS.items():
        assert Tag[name] == value
    for name, value in command_codes.commands.items():
        assert command_name(value) == name


def test_every_status_is_classed_and_explained() -> None:
    assert set(STATUSES) == set(CommandStatus)
    for status in CommandStatus:
        assert classify(status) is STATUSES[status][0]
        assert status_meaning(status)
        assert status_name(status) == status.name


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x00, StatusClass.OK),
        (0x58, StatusClass.THROTTLE),
        (0x14, StatusClass.QUEUE_FULL),
        (0x08, StatusClass.LANE),
        (0x04, StatusClass.LANE),
        (0x0E, StatusClass.LANE),
        (0x64, StatusClass.RETRIABLE),
        (0x0B, StatusClass.FINAL),
        (0x44B, StatusClass.FINAL),
        (0x22, StatusClass.FINAL),
        (0xFFFFFFFF, StatusClass.FINAL),
    ],
)
def test_a_lane_knows_what_to_do(status: int, expected: StatusClass) -> None:
    assert classify(status) is expected


def test_numbers_without_a_name_are_named_by_number() -> None:
    assert status_name(0x44B) == "0x0000044B vendor"
    assert status_name(0x22) == "0x00000022 reserved"
    assert status_meaning(0x44B) != status_meaning(0x22)
    assert command_name(0x00010200) == "0x00010200"


def test_the_new_names_of_5_0_are_aliases() -> None:
    assert CommandStatus["ESME_RINVTLVLEN"] is CommandStatus.ESME_RINVPARLEN
    assert status_name(0xC2) == "ESME_RINVPARLEN"


def test_a_response_is_its_request_with_the_high_bit() -> None:
    for command in CommandId:
        if command.name.endswith("_RESP"):
            assert CommandId[command.name.removesuffix("_RESP")] | 0x80000000 == command


def test_of_two_numbers_for_octets_the_common_one_is_gsm_03_38s() -> None:
    # Section 4 there: bits 3 and 2 are 01 for data of 8 bits.
    assert DataCoding(0b0100).name == "OCTETS_COMMON"
    assert DataCoding(0b0010).name == "OCTETS"
