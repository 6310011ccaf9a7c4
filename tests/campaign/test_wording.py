"""A text as submit_sm bodies, in an operator's dialect; and what makes two campaigns differ."""

from __future__ import annotations

from struct import pack
from typing import Any

import pytest

from smppcast.campaign.options import CampaignOptions
from smppcast.campaign.wording import Wording
from smppcast.errors import TextError, UsageError
from smppcast.operators.settings import OperatorSettings, SourceAddress
from smppcast.smpp import SubmitSm, decode

LONG = "Restez chez vous. " * 12


def written(
    text: str, settings: dict[str, Any], options: CampaignOptions, *, to: bytes = b"336"
) -> list[SubmitSm]:
    """The PDUs that the wording makes of a text, read again by the general codec."""
    account = OperatorSettings.model_validate({"url": "smpp://us@127.0.0.1", **settings})
    wording = Wording(account, options, 0x1234, 1e9)
    bodies = [prefix + to + suffix for prefix, suffix in wording.parts(text)]
    assert len(bodies) == wording.count(text)
    pdus = [decode(pack(">IIII", 16 + len(body), 4, 0, 1) + body) for body in bodies]
    assert all(isinstance(pdu, SubmitSm) and pdu.destination_addr == to.decode() for pdu in pdus)
    return [pdu for pdu in pdus if isinstance(pdu, SubmitSm)]


def test_settings_and_options_reach_their_fields() -> None:
    settings = {
        "source": {"addr": "GOUV", "ton": "alphanumeric"},
        "service_type": "CMT",
        "protocol_id": 64,
        "validity_period": 3600,
    }
    (pdu,) = written("Bonjour", settings, CampaignOptions(priority_flag=3))
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.service_type, pdu.protocol_id) == ("GOUV", 5, "CMT", 64)
    assert (pdu.priority_flag, pdu.registered_delivery, pdu.short_message) == (3, 1, b"Bonjour")
    assert pdu.validity_period == "000000010000000R"


def test_a_campaign_has_a_sender_and_a_validity_of_its_own() -> None:
    options = CampaignOptions(source=SourceAddress(addr="38200"), validity_s=60, receipts=False, flash=True)
    (pdu,) = written("Bonjour", {"validity_period": 3600, "validity_format": "absolute"}, options)
    assert (pdu.source_addr, pdu.registered_delivery, pdu.data_coding) == ("38200", 0, 0x10)
    assert pdu.validity_period == "010909014740000+"
    assert written("Ω漢", {}, CampaignOptions(flash=True))[0].data_coding == 0x18


@pytest.mark.parametrize("long_messages", ["udh8", "udh16", "sar", "payload"])
def test_segments_belong_together_as_the_operator_wants(long_messages: str) -> None:
    pdus = written(LONG, {"long_messages": long_messages}, CampaignOptions())
    first = pdus[0]
    match long_messages:
        case "payload":
            assert len(pdus) == 1
            assert first.tlvs["message_payload"] == LONG.encode()
        case "sar":
            assert [pdu.tlvs["sar_segment_seqnum"] for pdu in pdus] == [1, 2]
            assert first.tlvs["sar_msg_ref_num"] == 0x1234
        case "udh16":
            assert first.esm_class == 0x40
            assert first.short_message[:7] == bytes((6, 8, 4, 0x12, 0x34, 2, 1))
        case _:
            assert first.esm_class == 0x40
            assert first.short_message[:6] == bytes((5, 0, 3, 0x34, 2, 1))


def test_a_text_that_the_dialect_cannot_carry_is_refused() -> None:
    with pytest.raises(TextError):
        written("☃", {}, CampaignOptions(encoding="gsm"))


def test_what_a_subscriber_reads_makes_the_fingerprint() -> None:
    plain = CampaignOptions()
    differing = [
        CampaignOptions(source=SourceAddress(addr="38200")),
        CampaignOptions(flash=True),
        CampaignOptions(encoding="gsm"),
        CampaignOptions(transliterate=True),
    ]
    prints = {options.fingerprint("Bonjour") for options in (plain, *differing)}
    assert len(prints | {plain.fingerprint("Bonjour!")}) == 6
    alike = CampaignOptions(priority=0, weight=9, validity_s=5)
    assert alike.fingerprint("Bonjour") == plain.fingerprint("Bonjour")


@pytest.mark.parametrize(
    "options", [{"priority_flag": 4}, {"priority_flag": -1}, {"weight": 0}, {"weight": -1}]
)
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CampaignOptions(**options)
