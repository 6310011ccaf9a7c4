"""Messages taken in before: queried, cancelled, replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from smppcast.model import MessageState
from smppcast.smpp.pdu import CancelSm, CancelSmResp, Pdu, QuerySm, QuerySmResp, ReplaceSm, ReplaceSmResp
from smppcast.smpp.versions import MESSAGE_ID_MAX_3_3, speaks_3_3
from smppcast.smpp.vocabulary import CommandStatus
from smppcast.smsc.account import Message, Owner
from smppcast.smsc.center import Center
from smppcast.smsc.client import Client

__all__ = ["Asker", "Messages"]

_S = CommandStatus


class Asker(Protocol):
    """A bound link, as what is said of messages depends on it."""

    @property
    def client(self) -> Client: ...

    @property
    def interface_version(self) -> int: ...


class Messages:
    """Answers about the messages of one link's account: with a response, or a status that refuses.

    An empty source_addr names any sender, where the specification asks for that of the submit
    (SMPP 5.0 sections 4.5.1.1, 4.5.2.1, 4.5.3.1): most clients leave it out.
    """

    __slots__ = ("_center", "_link")

    def __init__(self, center: Center, link: Asker) -> None:
        self._center, self._link = center, link

    def query(self, pdu: QuerySm, now: float) -> Pdu | int:
        """What has become of a message."""
        found = self._find(pdu.message_id, pdu.source_addr)
        if isinstance(found, int):
            return found
        index, message = found
        state, final_date = MessageState.ENROUTE, ""
        if index in self._center.cancelled:
            state = MessageState.DELETED
        elif message.settles_at <= now:
            state = MessageState(message.state)
            at = datetime.fromtimestamp(message.settles_at + message.wall, UTC)
            final_date = at.strftime("%y%m%d%H%M%S") + "000+"
        return QuerySmResp(
            sequence_number=pdu.sequence_number,
            message_id=pdu.message_id,
            final_date=final_date,
            message_state=state,
        )

    def cancel(self, pdu: CancelSm, now: float) -> Pdu | int:
        """Cancels one message; or, without a message_id, all of source_addr to destination_addr that
        are pending (SMPP 5.0 section 4.5.1.1)."""
        if pdu.message_id:
            found = self._pending(pdu.message_id, pdu.source_addr, now, _S.ESME_RCANCELFAIL)
            if isinstance(found, int):
                return found
            index, message = found
            if pdu.destination_addr not in ("", message.destination):
                return _S.ESME_RINVDSTADR
            indexes = [index]
        else:
            source, service_type = pdu.source_addr.encode("latin-1"), pdu.service_type.encode("latin-1")
            owner = Owner(self._link.client.system_id, source, service_type)
            pending = self._center.account.pending(owner, pdu.destination_addr, now)
            indexes = [index for index in pending if index not in self._center.cancelled]
            if not indexes:
                return _S.ESME_RCANCELFAIL
        self._center.cancelled.update(indexes)
        return CancelSmResp(sequence_number=pdu.sequence_number)

    def replace(self, pdu: ReplaceSm, now: float) -> Pdu | int:
        """Replaces the text of a pending message; this SMSC keeps no texts, so that nothing shows it."""
        found = self._pending(pdu.message_id, pdu.source_addr, now, _S.ESME_RREPLACEFAIL)
        return found if isinstance(found, int) else ReplaceSmResp(sequence_number=pdu.sequence_number)

    def _pending(
        self, message_id: str, source_addr: str, now: float, late: CommandStatus
    ) -> tuple[int, Message] | int:
        """A message, or the status that refuses; `late` where it has its final state."""
        found = self._find(message_id, source_addr)
        if isinstance(found, int):
            return found
        index, message = found
        return late if message.settles_at <= now or index in self._center.cancelled else found

    def _find(self, message_id: str, source_addr: str) -> tuple[int, Message] | int:
        """A message of this account with its index, or the status that refuses."""
        account, habits = self._center.account, self._center.habits
        ids = habits.ids
        if speaks_3_3(self._link.interface_version):
            ids = habits.ids_3_3
            if len(message_id) > MESSAGE_ID_MAX_3_3:
                return _S.ESME_RINVMSGID
        index = ids.index(message_id.encode("latin-1"), account.accepted)
        found = None if index is None else account.find(index)
        if index is None or found is None or found.owner.system_id != self._link.client.system_id:
            return _S.ESME_RINVMSGID
        if source_addr.encode("latin-1") not in (b"", found.owner.source_addr):
            return _S.ESME_RINVSRCADR
        return index, found
