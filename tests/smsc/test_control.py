"""The control port, by an HTTP client of the standard library."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import pytest

from smppcast.smsc import Smsc, serve, serve_control
from smppcast.smsc.control import BODY_MAX
from tests.smsc.raw_esme import UNBIND, bound_esme, read_receipt

pytestmark = pytest.mark.anyio


def request(
    url: str, method: str, path: str, content: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=60)
    try:
        body = content if isinstance(content, bytes | None) else json.dumps(content).encode()
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


async def ask(url: str, method: str, path: str, content: Any = None, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await anyio.to_thread.run_sync(request, url, method, path, content, named)


async def test_the_account_and_the_scenario_are_read_and_changed() -> None:
    async with serve("ideal") as smsc, serve_control(smsc) as url, bound_esme(smsc.port) as esme:
        await esme.submit("33600001", "33600001", registered=0)
        await esme.read_many(2)
        status, account = await ask(url, "GET", "/account?destinations=1")
        assert (status, account["destinations"]) == (200, {"33600001": 2})
        assert "destinations" not in (await ask(url, "GET", "/account"))[1]
        assert (await ask(url, "GET", "/totals"))[1]["accepted"] == 2
        assert [bind["submitted"] for bind in (await ask(url, "GET", "/binds"))[1]["binds"]] == [2]
        assert (await ask(url, "GET", "/scenario"))[1]["name"] == "ideal"
        change = {"rate": {"per_s": 0.001, "burst": 1, "status": "ESME_RMSGQFUL"}}
        status, scenario = await ask(url, "PATCH", "/scenario", change)
        assert (status, scenario["rate"]["status"]) == (200, 0x14)
        await esme.submit("33600001", "33600001", registered=0)
        assert sorted(frame.status for frame in await esme.read_many(2)) == [0, 0x14]
        # What GET gave, PATCH takes.
        assert (await ask(url, "PATCH", "/scenario", scenario))[0] == 200


async def test_links_are_acted_on() -> None:
    async with serve("ideal") as smsc, serve_control(smsc) as url, bound_esme(smsc.port) as esme:
        message = {"text": "STOP", "source": "33612345678", "to": "36105"}
        assert await ask(url, "POST", "/inject", message) == (200, {"segments": 1})
        assert read_receipt(await esme.read()).text == "STOP"
        alert = {"source": "33612345678", "to": "36105"}
        assert await ask(url, "POST", "/alert", alert) == (200, {"sent": True})
        assert (await esme.read()).command_id == 0x102
        assert await ask(url, "POST", "/unbind") == (200, {"unbound": 1})
        assert (await esme.read()).command_id == UNBIND
        assert await ask(url, "POST", "/cut", {"system_id": "nobody"}) == (200, {"cut": 0})
        assert await ask(url, "POST", "/cut") == (200, {"cut": 1})
        assert await esme.ended()
        status, failed = await ask(url, "POST", "/outbind", {"host": "127.0.0.2", "port": smsc.port})
        assert (status, list(failed)) == (502, ["error"])


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "problem"),
    [
        ("GET", "/nonsense", None, 404, "/account"),
        ("POST", "/account", {}, 405, "expected GET"),
        ("DELETE", "/scenario", None, 405, "GET, PATCH"),
        ("GET", "/account?destinations=perhaps", None, 400, "destinations"),
        ("GET", "/totals?x=1", None, 400, "x: unknown key: expected none"),
        ("PATCH", "/scenario", {"rate": {"per_s": -1}}, 400, "rate.per_s"),
        ("PATCH", "/scenario", b"{", 400, "no JSON"),
        ("PATCH", "/scenario", [], 400, "a JSON object"),
        ("POST", "/inject", {"text": "x"}, 400, "source"),
    ],
)
async def test_what_is_wrong_is_told(method: str, path: str, content: Any, status: int, problem: str) -> None:
    async with serve("ideal") as smsc, serve_control(smsc) as url:
        before = smsc.scenario
        answered, told = await ask(url, method, path, content)
        assert (answered, problem in told["error"]) == (status, True)
        assert smsc.scenario == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "rebound.example"}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Host": ""}, 403),
    ],
)
async def test_web_pages_are_refused(headers: dict[str, str], status: int) -> None:
    async with serve("ideal") as smsc, serve_control(smsc) as url:
        assert (await ask(url, "GET", "/totals", None, **headers))[0] == status


async def test_a_body_without_its_length_is_refused() -> None:
    async with serve("ideal") as smsc, serve_control(smsc) as url:
        chunked = {"Transfer_Encoding": "chunked"}
        assert (await ask(url, "POST", "/cut", b"0\r\n\r\n", **chunked))[0] == 411


async def test_a_body_that_is_too_large_is_not_even_read() -> None:
    async with serve("ideal") as smsc, serve_control(smsc) as url:
        announced = {"Content_Length": str(BODY_MAX + 1)}
        assert (await ask(url, "POST", "/inject", b"{}", **announced))[0] == 413


async def test_one_connection_asks_many_times() -> None:
    def many(url: str, smsc: Smsc) -> list[int]:
        connection = HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=60)
        found = []
        for seed in range(3):
            connection.request("PATCH", "/scenario", json.dumps({"seed": seed}).encode())
            found.append(json.loads(connection.getresponse().read())["seed"])
        connection.close()
        return found

    async with serve("ideal") as smsc, serve_control(smsc) as url:
        assert await anyio.to_thread.run_sync(many, url, smsc) == [0, 1, 2]


async def test_it_listens_on_loopback_and_ends_with_its_block() -> None:
    async with serve("ideal") as smsc:
        async with serve_control(smsc) as url:
            assert url.startswith("http://127.0.0.1:")
            port = urlsplit(url).port or 0
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        if socket.has_ipv6:
            async with serve_control(smsc, host="::1") as six:
                assert six.startswith("http://[::1]:")
                assert (await ask(six, "GET", "/totals"))[0] == 200
        with pytest.raises(OSError, match="in use"):
            async with serve_control(smsc, port=smsc.port):
                pass
