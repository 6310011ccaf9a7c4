"""The simulated SMSC from another thread."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from smppcast.errors import ConfigError, ConnectFailed, UsageError
from smppcast.smsc import serve_in_thread
from tests.smsc.raw_esme import BIND_TRANSCEIVER, SUBMIT_SM, pdu, submit_body


class Plain:
    """A client of plain sockets, as a program without an event loop is."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream = self.socket.makefile("rb")
        self.socket.sendall(pdu(BIND_TRANSCEIVER, b"esme\0\0\0\x34\0\0\0"))
        assert self.read()[1] == 0

    def submit(self, to: str) -> tuple[int, int]:
        self.socket.sendall(pdu(SUBMIT_SM, submit_body(to, registered=0)))
        return self.read()

    def read(self) -> tuple[int, int]:
        """command_id and command_status of the next PDU; 0, 0 at the end."""
        header = self.stream.read(16)
        if len(header) < 16:
            return 0, 0
        length, command_id, status, _ = struct.unpack(">IIII", header)
        self.stream.read(length - 16)
        return command_id, status

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def test_a_program_without_an_event_loop() -> None:
    with serve_in_thread("ideal", keep=10_000) as smsc:
        assert smsc.url == f"smpp://esme@127.0.0.1:{smsc.port}"
        client = Plain(smsc.port)
        assert client.submit("33600001")[1] == 0
        before = smsc.account
        assert before.destinations() == {"33600001": 1}
        smsc.change(rate={"per_s": 0.001, "burst": 1})
        assert smsc.scenario.rate is not None
        assert [client.submit("33600002")[1] for _ in range(2)] == [0, 0x58]
        assert before.submitted == 1  # a copy
        assert [message.text for message in smsc.messages("esme")] == ["Bonjour"] * 3
        assert len(smsc.requests()) == 4
        assert smsc.inject("STOP", source="33600001", to="36105", system_id="esme") == 1
        assert client.read()[0] == 5
        assert (smsc.inbound_owed, smsc.receipts_owed) == (1, 0)
        assert smsc.alert("33600001", to="36105")
        assert client.read()[0] == 0x102
        assert smsc.unbind() == 1
        assert client.read()[0] == 6
        assert smsc.cut("esme") == 1
        assert client.read() == (0, 0)
        client.close()
        with pytest.raises(ConnectFailed):
            smsc.outbind("127.0.0.2", smsc.port)
        with pytest.raises(ConfigError):
            smsc.change(receipts={"window": 0})
        with pytest.raises(UsageError):
            smsc.inject("x", source="3" * 21, to="1")
        assert "Smsc ideal" in repr(smsc)
    assert not any(thread.name == "smsc" for thread in threading.enumerate())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", smsc.port), timeout=5)


def test_what_others_do_is_waited_for() -> None:
    with serve_in_thread() as smsc:

        def other() -> None:
            client = Plain(smsc.port)
            client.submit("33600001")
            client.close()

        thread = threading.Thread(target=other)
        thread.start()
        smsc.wait(lambda smsc: smsc.account.submitted == 1)
        thread.join()
        with pytest.raises(TimeoutError, match="Smsc ideal"):
            smsc.wait(lambda smsc: smsc.account.submitted == 2, timeout_s=0)


def test_what_cannot_start_is_told() -> None:
    with pytest.raises(ConfigError), serve_in_thread("no-such-scenario"):
        pass
    with serve_in_thread() as smsc, pytest.raises(OSError, match="in use"), serve_in_thread(port=smsc.port):
        pass
