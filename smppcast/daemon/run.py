"""The daemon as a process: the API on its port, signals, the service manager."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import anyio
import structlog
import uvicorn

from smppcast.config.settings import DaemonSettings
from smppcast.daemon.api import application
from smppcast.daemon.service import Daemon
from smppcast.daemon.systemd import notify, reloading, watchdog
from smppcast.errors import ConfigError, SmppcastError, UsageError

__all__ = ["run_daemon"]

log = structlog.get_logger("smppcast.daemon")

BACKLOG = 128
# Requests under way have so long to end.
GRACE_S = 5


class _Server(uvicorn.Server):
    """One whose signals are the daemon's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run_daemon(config: Path, started: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; SIGHUP reloads. A second SIGTERM or SIGINT ends at once.

    Args:
        started: told the API's address once it answers.

    Raises:
        ConfigError: the file is wrong.
        UsageError: the address cannot be listened on.
        LedgerError: ledger or store cannot be had.
    """
    async with anyio.create_task_group() as tasks:
        asked = anyio.Event()
        async with Daemon.open(config) as daemon:
            own = daemon.settings.daemon
            with _listening(own) as listening:
                app = application(daemon)
                server = _Server(
                    uvicorn.Config(
                        app,
                        log_config=None,
                        access_log=False,
                        server_header=False,
                        lifespan="off",
                        timeout_graceful_shutdown=GRACE_S,
                        ssl_certfile=None if own.tls is None else str(own.tls.cert),
                        ssl_keyfile=None if own.tls is None or own.tls.key is None else str(own.tls.key),
                    )
                )

                def leave() -> None:
                    server.should_exit = True
                    app.state.live.close()  # its streams would be waited for

                tasks.start_soon(_signals, daemon, leave, asked, tasks.cancel_scope)
                tasks.start_soon(watchdog)
                started(_address(own, listening))
                notify("READY=1")
                await server.serve([listening])
            notify("STOPPING=1")
            log.info("stopping", drain_s=own.drain)
        tasks.cancel_scope.cancel()


async def _signals(
    daemon: Daemon, leave: Callable[[], None], asked: anyio.Event, scope: anyio.CancelScope
) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async for each in signals:
            if each is signal.SIGHUP:
                await _reload(daemon)
            elif asked.is_set():
                scope.cancel()
            else:
                asked.set()
                leave()


async def _reload(daemon: Daemon) -> None:
    reloading()
    try:
        for problem in await daemon.reload():
            log.warning("not_reloaded", problem=problem)
    except SmppcastError as error:
        log.warning("not_reloaded", problem=str(error))
    notify("READY=1")


def _listening(own: DaemonSettings) -> socket.socket:
    """The API's socket.

    Raises:
        ConfigError: plain HTTP beyond this machine, or no HOST:PORT.
        UsageError: it cannot be listened on.
    """
    host, _, port = own.listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ConfigError("expected HOST:PORT", key="daemon.listen", value=own.listen)
    if own.tls is None and not own.insecure and not _is_loopback(host):
        raise ConfigError(
            "expected tls, or insecure: true where a proxy has it: tokens would go in the clear",
            key="daemon.listen",
            value=own.listen,
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(f"daemon.listen = {own.listen}: {error.strerror or error}") from error
    listening.setblocking(False)
    return listening


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(own: DaemonSettings, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    scheme = "http" if own.tls is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
