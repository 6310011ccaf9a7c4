"""The protocol: SMPP 3.3, 3.4 and 5.0 as bytes, names and rules. No I/O, no clock.

``decode(data)`` and ``encode(pdu)`` are the codec; a PDU is a frozen dataclass of `pdu` whose
fields are spelled as in the specification, its TLVs by name in ``pdu.tlvs``.
"""

from __future__ import annotations

from smppcast.smpp import pdu, vocabulary
from smppcast.smpp.codec import decode, encode
from smppcast.smpp.interop import from_smpplib
from smppcast.smpp.pdu import *  # noqa: F403  # its __all__, which is tested to be in ours
from smppcast.smpp.tlv import Tlvs
from smppcast.smpp.vocabulary import *  # noqa: F403

__all__ = ["Tlvs", "decode", "encode", "from_smpplib", *pdu.__all__, *vocabulary.__all__]  # noqa: PLE0604
