"""A network namespace joined to this one by a veth pair, where packets can be dropped without a trace."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.acceptance.faults.proxy import listener
from tests.interfaces import changing

CLONE_NEWNET = 0x40000000  # sched.h
# Of 198.18.0.0/15, which RFC 2544 keeps for tests of networks: each process has four addresses of its own,
# since two suites may run on one machine.
PREFIX = 30
OURS, THEIRS = (str(IPv4Address("198.18.0.0") + 4 * (os.getpid() % 2**15) + at) for at in (1, 2))


def run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def require_namespaces() -> None:
    """Skips where there is no root, and on a user's machine without the programs; fails there in CI."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    missing = [program for program in ("ip", "iptables") if shutil.which(program) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"{' and '.join(missing)} not on this machine: packets cannot be dropped")
    assert not missing, f"{missing}: needed where CI is true"


@dataclass(frozen=True)
class Namespace:
    """The far side; `drop` makes it silent without a word to anybody."""

    name: str

    def listener(self) -> socket.socket:
        """A listening socket in there; it and what it accepts stay there, whatever thread uses them."""
        return _listener_in(self.name)

    def drop(self, port: int, *, client_port: int | None = None) -> None:
        """Drops all packets to and from its port, or those of one connection, both ways."""
        self._rules("-I", port, client_port)

    def pass_again(self, port: int, *, client_port: int | None = None) -> None:
        self._rules("-D", port, client_port)

    def _rules(self, command: str, port: int, client_port: int | None) -> None:
        far, near = ("--sport", str(client_port)), ("--dport", str(client_port))
        for chain, to, of in (("INPUT", "--dport", far), ("OUTPUT", "--sport", near)):
            one = of if client_port is not None else ()
            rule = ("-p", "tcp", to, str(port), *one, "-j", "DROP")
            run("ip", "netns", "exec", self.name, "iptables", "-w", command, chain, *rule)


def _listener_in(name: str) -> socket.socket:
    made: list[socket.socket] = []
    failed: list[BaseException] = []

    def enter() -> None:
        # Of the thread alone, which ends here: sockets keep the namespace that they were made in (setns(2)).
        try:
            with Path("/run/netns", name).open() as namespace:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(namespace.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"setns to {name}")
            made.append(listener(THEIRS))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


@contextmanager
def namespace() -> Iterator[Namespace]:
    """One of the test's own, gone at its end with its links and rules."""
    require_namespaces()
    name, ours, theirs = (f"smpp{part}{os.getpid()}" for part in ("ns", "a", "b"))
    inside = ("ip", "netns", "exec", name)
    run("ip", "netns", "add", name)
    try:
        with changing():
            run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
            run("ip", "address", "add", f"{OURS}/{PREFIX}", "dev", ours)
            run("ip", "link", "set", ours, "up")
            run(*inside, "ip", "address", "add", f"{THEIRS}/{PREFIX}", "dev", theirs)
            run(*inside, "ip", "link", "set", theirs, "up")
        yield Namespace(name)
    finally:
        # The pair goes with either end; the namespace itself lives on while a socket is in it.
        with changing():
            subprocess.run(["ip", "link", "delete", ours], check=False, capture_output=True, timeout=30)
        run("ip", "netns", "delete", name)
