"""Tags, sizes and types of TLVs against SMPP 5.0, section 4.8.4, row by row."""

from __future__ import annotations

import pytest

from smppcast.errors import FieldError
from smppcast.smpp.tlv import TLV_FORMS, CText, Integer, Octets, Tlvs
from smppcast.smpp.vocabulary import Tag

# Name, tag, size of the value in octets (or from - to), type as the specification names it, section 4.8.4.
# "any" is what it leaves open.
FACTS = """
additional_status_info_text  001D  1-256  c-octet   1
alert_on_message_delivery    130C  0-1    integer   2
billing_identification       060B  1-1024 octet     3
broadcast_area_identifier    0606  1-101  octet     4
broadcast_area_success       0608  1      integer   5
broadcast_content_type_info  0602  1-255  octet     6
broadcast_channel_indicator  0600  1      integer   7
broadcast_content_type       0601  3      octet     8
broadcast_end_time           0609  1-17   c-octet   9
broadcast_error_status       0607  4      integer   10
broadcast_frequency_interval 0605  3      octet     11
broadcast_message_class      0603  1      integer   12
broadcast_rep_num            0604  2      integer   13
broadcast_service_group      060A  1-255  octet     14
callback_num                 0381  4-19   octet     15
callback_num_atag            0303  0-65   octet     16
callback_num_pres_ind        0302  1      integer   17
congestion_state             0428  1      integer   18
delivery_failure_reason      0425  1      integer   19
dest_addr_np_country         0613  1-5    octet     20
dest_addr_np_information     0612  10     octet     21
dest_addr_np_resolution      0611  1      integer   22
dest_addr_subunit            0005  1      integer   23
dest_bearer_type             0007  1      integer   24
dest_network_id              060E  7-65   c-octet   25
dest_network_type            0006  1      integer   26
dest_node_id                 0610  6      octet     27
dest_subaddress              0203  2-23   octet     28
dest_telematics_id           0008  2      integer   29
dest_port                    020B  2      integer   30
display_time                 1201  1      integer   31
dpf_result                   0420  1      integer   32
its_reply_type               1380  1      integer   33
its_session_info             1383  2      octet     34
language_indicator           020D  1      integer   35
message_payload              0424  any    octet     36
message_state                0427  1      integer   37
more_messages_to_send        0426  1      integer   38
ms_availability_status       0422  1      integer   39
ms_msg_wait_facilities       0030  1      integer   40
ms_validity                  1204  1,4    integer   41
network_error_code           0423  3      octet     42
number_of_messages           0304  1      integer   43
payload_type                 0019  1      integer   44
privacy_indicator            0201  1      integer   45
qos_time_to_live             0017  4      integer   46
receipted_message_id         001E  1-65   c-octet   47
sar_msg_ref_num              020C  2      integer   48
sar_segment_seqnum           020F  1      integer   49
sar_total_segments           020E  1      integer   50
sc_interface_version         0210  1      integer   51
set_dpf                      0421  1      integer   52
sms_signal                   1203  2      integer   53
source_addr_subunit          000D  1      integer   54
source_bearer_type           000F  1      integer   55
source_network_id            060D  7-65   c-octet   56
source_network_type          000E  1      integer   57
source_node_id               060F  6      octet     58
source_port                  020A  2      integer   59
source_subaddress            0202  2-23   octet     60
source_telematics_id         0010  1      integer   61
user_message_reference       0204  2      integer   62
user_response_code           0205  1      integer   63
ussd_service_op              0501  1      integer   64
"""
ROWS = [line.split() for line in FACTS.split("\n") if line]
TYPES = {"integer": Integer, "c-octet": CText, "octet": Octets}

# Sizes that we take beside those of the table, and why.
TAKEN_TOO = {
    "source_telematics_id": {2},  # as long as dest_telematics_id
}


def sizes(stated: str) -> set[int]:
    if stated == "any":
        return set(range(0x10000))
    first, _, last = stated.partition("-")
    return set(range(int(first), int(last) + 1)) if last else {int(size) for size in stated.split(",")}


def taken(name: str) -> set[int]:
    found: set[int] = set()
    for form in TLV_FORMS[Tag[name]]:
        match form:
            case Integer(size=size):
                found.add(size)
            case CText(size=most, least=least) | Octets(least=least, most=most):
                found |= set(range(least, most + 1))
    return found


def test_no_tlv_is_missing_and_none_too_many() -> None:
    assert [int(row[4]) for row in ROWS] == list(range(1, 65))
    assert {int(tag, 16) for _, tag, *_ in ROWS} == set(map(int, Tag))


@pytest.mark.parametrize(("name", "tag", "stated", "kind", "section"), ROWS, ids=str)
def test_tag_size_and_type(name: str, tag: str, stated: str, kind: str, section: str) -> None:
    assert Tag[name] == int(tag, 16), section
    assert taken(name) == sizes(stated) | TAKEN_TOO.get(name, set())
    assert isinstance(TLV_FORMS[Tag[name]][0], TYPES[kind])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source_network_id", "12080"),  # 1 + MCC + MNC are six digits at least
        ("dest_network_id", "x" * 65),
        ("broadcast_area_identifier", bytes(102)),
        ("its_session_info", b"\0"),
        ("its_session_info", 0x10000),
        ("callback_num", b"\1\1\1"),
    ],
)
def test_a_value_beyond_its_size_is_refused(name: str, value: str | bytes | int) -> None:
    with pytest.raises(FieldError) as caught:
        Tlvs({name: value})
    assert caught.value.field == name


def test_sizes_at_their_bounds_are_written_and_read() -> None:
    tlvs = Tlvs(source_network_id="120801", broadcast_area_identifier=b"\2" + bytes(100))
    assert tlvs.octets("source_network_id") == b"120801\0"
    assert tlvs["source_network_id"] == "120801"


def test_session_info_is_two_octets_that_may_be_given_as_a_number() -> None:
    assert Tlvs(its_session_info=0x0103) == Tlvs(its_session_info=b"\1\3")
    assert Tlvs(its_session_info=0x0103)["its_session_info"] == b"\1\3"


def test_the_second_names_of_5_0_find_the_same_tlvs() -> None:
    tlvs = Tlvs(dest_port=16_000, failed_broadcast_area_identifier=b"\0here")
    assert tlvs == Tlvs(destination_port=16_000, broadcast_area_identifier=b"\0here")
    assert tlvs["dest_port"] == tlvs["destination_port"] == 16_000
    assert list(tlvs) == ["destination_port", "broadcast_area_identifier"]
    assert "dest_port" in tlvs
