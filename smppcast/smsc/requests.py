"""What the SMSC answers to every PDU but submit_sm, by the general codec: binds, queries and the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from smppcast.smpp.codec import encode
from smppcast.smpp.pdu import (
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    BroadcastSm,
    CancelBroadcastSm,
    CancelSm,
    DataSm,
    DataSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    QueryBroadcastSm,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    Unbind,
    UnbindResp,
)
from smppcast.smpp.states import ESME_MAY_SEND, State
from smppcast.smpp.tlv import NO_TLVS, Tlvs
from smppcast.smpp.versions import has_command, speaks_3_3
from smppcast.smpp.vocabulary import RESPONSE, CommandId, CommandStatus, InterfaceVersion
from smppcast.smsc.bulk import Run, frame
from smppcast.smsc.center import Center
from smppcast.smsc.checks import fault
from smppcast.smsc.client import Bind, Client
from smppcast.smsc.messages import Messages
from smppcast.smsc.single import multi_run, single

__all__ = ["Desk", "Requester"]

_BINDS: Final[
    dict[int, tuple[type[BindTransmitterResp | BindReceiverResp | BindTransceiverResp], State, str]]
] = {
    CommandId.BIND_TRANSMITTER: (BindTransmitterResp, State.BOUND_TX, "transmitter"),
    CommandId.BIND_RECEIVER: (BindReceiverResp, State.BOUND_RX, "receiver"),
    CommandId.BIND_TRANSCEIVER: (BindTransceiverResp, State.BOUND_TRX, "transceiver"),
}
_KNOWN: Final[frozenset[int]] = frozenset().union(*ESME_MAY_SEND.values())
_SUBMITS: Final = frozenset((CommandId.SUBMIT_SM, CommandId.DATA_SM, CommandId.SUBMIT_MULTI))
_LATER_THAN_3_4: Final = frozenset(
    (CommandId.BROADCAST_SM, CommandId.QUERY_BROADCAST_SM, CommandId.CANCEL_BROADCAST_SM)
)


def _has(interface_version: int, command_id: int) -> bool:
    """Whether a session of that version knows the command."""
    newer = command_id in _LATER_THAN_3_4 and interface_version < InterfaceVersion.V5_0
    return has_command(interface_version, command_id) and not newer


class Requester(Protocol):
    """A client's link, bound or not, as its desk sees it."""

    @property
    def client(self) -> Client: ...

    @property
    def state(self) -> State: ...

    @property
    def interface_version(self) -> int:
        """What both sides speak; before the bind, what the SMSC does."""
        ...

    def send(self, pdus: bytes) -> None:
        """Writes them at the end of this turn."""
        ...

    def submits(self, run: Run, take_in: Callable[[Bind, Run, float], None]) -> None:
        """Brings a run of submits before the centre's `take_in`."""
        ...

    def turn_away(self, destinations: Sequence[bytes], status: int) -> None:
        """Takes note of submits that are refused before they come before the centre."""
        ...

    def bind(self, client: Client, state: State, interface_version: int) -> None:
        """The bind was let in."""
        ...

    def leave(self, state: State) -> None:
        """The bind ends here."""
        ...

    def answered(self, sequence_number: int, status: int) -> None:
        """A request of the SMSC's own was answered by data_sm_resp or generic_nack."""
        ...


class Desk:
    """Answers one link's requests."""

    __slots__ = ("_center", "_link", "_messages", "_now")

    def __init__(self, center: Center, link: Requester) -> None:
        self._center, self._link = center, link
        self._messages = Messages(center, link)
        self._now = 0.0

    def answer(self, pdu: Pdu, now: float) -> None:
        """Sends the response that a request is owed; takes note of a response."""
        self._now = now
        if pdu.is_response:
            self._response(pdu)
            return
        if not isinstance(pdu, SubmitSm):
            self._center.account.other_requests[pdu.command] += 1
        status = self._status(pdu) or fault(pdu)[0]
        if not _has(self._version(pdu), pdu.command_id):
            # To SMPP 3.3 a bind_transceiver is as unknown as its response would be: ESME_RBINDFAIL in a
            # bind_transceiver_resp would say that the account, not the command, is at fault.
            self._unknown(pdu.sequence_number)
        elif status:
            number = pdu.destination_addr.encode("latin-1") if isinstance(pdu, DataSm | SubmitSm) else b""
            self.refuse(pdu.command_id, pdu.sequence_number, status, number)
        else:
            self._serve(pdu, now)

    def _serve(self, pdu: Pdu, now: float) -> None:
        match pdu:
            case BindTransmitter() | BindReceiver() | BindTransceiver():
                self._bind(pdu)
            case EnquireLink():
                self._send(EnquireLinkResp(sequence_number=pdu.sequence_number))
            case Unbind():
                self._send(UnbindResp(sequence_number=pdu.sequence_number))
                self._link.leave(State.UNBOUND)
            case QuerySm():
                self._tell(pdu, self._messages.query(pdu, now))
            case CancelSm():
                self._tell(pdu, self._messages.cancel(pdu, now))
            case ReplaceSm():
                self._tell(pdu, self._messages.replace(pdu, now))
            case DataSm() | SubmitSm():
                self._single(pdu)
            case SubmitMulti():
                self._multi(pdu)
            case BroadcastSm() | QueryBroadcastSm() | CancelBroadcastSm():
                self._broadcast(pdu, now)

    def _response(self, pdu: Pdu) -> None:
        if isinstance(pdu, UnbindResp):
            self._link.leave(State.UNBOUND)
        elif isinstance(pdu, DataSmResp):
            self._link.answered(pdu.sequence_number, pdu.command_status)
        elif isinstance(pdu, GenericNack):
            self._link.answered(pdu.sequence_number, pdu.command_status or CommandStatus.ESME_RUNKNOWNERR)

    def _status(self, pdu: Pdu) -> int:
        """Whether the state of the session allows `pdu` (SMPP 5.0 section 2.4)."""
        state = self._link.state
        if pdu.command_id in ESME_MAY_SEND[state]:
            return CommandStatus.ESME_ROK
        if pdu.command_id not in _KNOWN:
            return CommandStatus.ESME_RINVCMDID
        if pdu.command_id in _BINDS and state is not State.OUTBOUND:
            return CommandStatus.ESME_RALYBND
        return CommandStatus.ESME_RINVBNDSTS

    def refuse(self, command_id: int, sequence_number: int, status: int, destination: bytes = b"") -> None:
        """An error has no body (SMPP 5.0 section 3.2.1.3); an unknown command is answered by
        generic_nack (section 4.1.4).

        Args:
            destination: that of a submit, as far as it could be read.
        """
        if not _has(self._link.interface_version, command_id):
            self._unknown(sequence_number)
            return
        if command_id in _SUBMITS:
            self._link.turn_away([destination], status)
        answer = command_id | RESPONSE if command_id in _KNOWN else CommandId.GENERIC_NACK
        self._link.send(frame(answer, status, [sequence_number.to_bytes(4, "big")], [b""]))

    def _unknown(self, sequence_number: int) -> None:
        self._send(GenericNack(command_status=CommandStatus.ESME_RINVCMDID, sequence_number=sequence_number))

    def _send(self, pdu: Pdu, interface_version: int | None = None) -> None:
        """Sends a response; it may tell the load as well."""
        version = self._link.interface_version if interface_version is None else interface_version
        state = self._center.congestion_state(version, self._now)
        if state is not None and not isinstance(pdu, GenericNack):
            pdu = replace(pdu, tlvs=Tlvs(pdu.tlvs, congestion_state=state))
        self._link.send(encode(pdu, interface_version=version))

    def _tell(self, pdu: Pdu, answer: Pdu | int) -> None:
        """Sends a response, or refuses."""
        if isinstance(answer, int):
            self.refuse(pdu.command_id, pdu.sequence_number, answer)
        else:
            self._send(answer)

    def _single(self, pdu: DataSm | SubmitSm) -> None:
        asked = single(pdu)
        plain = partial(self._center.submit, answer=asked.answer)
        self._link.submits(asked.run, partial(self._center.single, asked) if asked.special else plain)

    def _broadcast(self, pdu: BroadcastSm | QueryBroadcastSm | CancelBroadcastSm, now: float) -> None:
        broadcasts, system_id = self._center.broadcasts, self._link.client.system_id
        at = self._center.wall + now
        match pdu:
            case BroadcastSm():
                self._tell(pdu, broadcasts.submit(pdu, system_id, at))
            case QueryBroadcastSm():
                self._tell(pdu, broadcasts.query(pdu, system_id, at))
            case _:
                self._tell(pdu, broadcasts.cancel(pdu, system_id, at))

    def _multi(self, pdu: SubmitMulti) -> None:
        run = multi_run(pdu, self._center.habits.scenario.distribution_lists)
        if run is None:
            self.refuse(pdu.command_id, pdu.sequence_number, CommandStatus.ESME_RINVDLNAME)
        else:
            self._link.submits(run, self._center.submit_multi)

    # --- binds ----------------------------------------------------------------------------

    def _version(self, pdu: Pdu) -> int:
        """What is spoken: the older of both sides' versions, and the client tells its own when it binds
        (SMPP 5.0 section 2.11.2)."""
        ours = self._link.interface_version
        if isinstance(pdu, BindTransmitter | BindReceiver | BindTransceiver):
            return min(ours, pdu.interface_version)
        return ours

    def _bind(self, pdu: BindTransmitter | BindReceiver | BindTransceiver) -> None:
        response, state, kind = _BINDS[pdu.command_id]
        status = self._bind_status(pdu.system_id, pdu.password, kind)
        if status:
            self._center.account.binds_refused[status] += 1
            self.refuse(pdu.command_id, pdu.sequence_number, status)
            return
        self._center.account.binds += 1
        scenario = self._center.habits.scenario
        version = self._version(pdu)
        tlvs = NO_TLVS if speaks_3_3(version) else Tlvs(sc_interface_version=scenario.interface_version)
        told = response(sequence_number=pdu.sequence_number, system_id=scenario.system_id, tlvs=tlvs)
        self._send(told, version)
        self._link.bind(self._center.client(pdu.system_id), state, version)

    def _bind_status(self, system_id: str, password: str, kind: str) -> int:
        scenario = self._center.habits.scenario
        binds = scenario.binds
        refused = sum(self._center.account.binds_refused.values())
        if refused < binds.refuse_first or self._center.habits.refuses_bind():
            return binds.refuse_status
        if scenario.accounts:
            passwords = {account.system_id: account.password for account in scenario.accounts}
            if system_id not in passwords:
                return CommandStatus.ESME_RINVSYSID
            if passwords[system_id] not in ("", password):
                return CommandStatus.ESME_RINVPASWD
        if kind not in binds.kinds:
            return CommandStatus.ESME_RBINDFAIL
        return self._crowded(system_id)

    def _crowded(self, system_id: str) -> int:
        """Whether there are too many binds already, of the account or of all."""
        scenario, clients = self._center.habits.scenario, self._center.clients
        logins = {login.system_id: login.max_binds for login in scenario.accounts}
        most = logins.get(system_id) or scenario.binds.max_per_account
        held = {name: client.held(self._now) for name, client in clients.items()}
        if most is not None and held.get(system_id, 0) >= most:
            return CommandStatus.ESME_RALYBND
        total = scenario.binds.max_total
        full = total is not None and sum(held.values()) >= total
        return CommandStatus.ESME_RBINDFAIL if full else CommandStatus.ESME_ROK
